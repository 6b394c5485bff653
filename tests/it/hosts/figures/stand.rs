//! Hosts and jobs to be measured: a Postgres that makes everything durable, jobs that do so many calls, and what the database
//! says of when they came and went. It doesn't know what the figures mean.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::cluster::Cluster;
use super::super::member::Member;
use super::super::work::policy;
use super::spread::Spread;
use crate::host::{Tested, component, until};

/// How long all jobs of a part may take.
const LIMIT: Duration = Duration::from_secs(900);

pub(super) struct Stand {
    pub(super) cluster: Cluster,
    office: Member,
    /// Jobs handed over so far; each writes under a key of its own.
    jobs: u64,
}

impl Stand {
    /// So many hosts, none of which is up.
    pub(super) fn new(hosts: usize, lease: u64) -> Tested<Self> {
        let cluster = Cluster::new(hosts, lease)?;
        let office = Member::new(&cluster.configuration)?;
        Ok(Self { cluster, office, jobs: 0 })
    }

    /// Hands jobs over, each of which makes so many calls with an effect; how long that took.
    pub(super) fn submit(&mut self, tenant: &str, count: u64, calls: u64) -> Tested<Duration> {
        let actions = |job: u64| {
            let add = |call| json!({"do": "kv-add", "key": format!("probe/{job}/{call}"), "delta": 1});
            Value::from((0..calls).map(add).collect::<Vec<_>>())
        };
        let inputs: String = (self.jobs..self.jobs + count).map(|job| format!("{}\n", actions(job))).collect();
        self.jobs += count;
        self.submit_inputs(tenant, &inputs)
    }

    /// The same with actions that are given, an array to a line.
    pub(super) fn submit_inputs(&self, tenant: &str, inputs: &str) -> Tested<Duration> {
        let host = &self.office.host;
        let (guest, inputs) = (component("probe")?, host.file("inputs.jsonl", inputs)?);
        let policy = host.file("policy.toml", policy().text())?;
        let begun = Instant::now();
        let words = ["jobs", "submit", &guest, "--tenant", tenant, "--policy", &policy, "--inputs", &inputs];
        self.office.ask(&words)?.expect(0)?;
        Ok(begun.elapsed())
    }

    /// Waits until nothing is left to do.
    pub(super) fn drained(&self) -> Tested {
        let open = "select count(*) from casemate.runs where state not in ('done', 'failed', 'cancelled', 'dead')";
        let waited = Instant::now();
        while self.cluster.number(open)? > 0 {
            if waited.elapsed() > LIMIT {
                return Err("jobs are left over".into());
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        match self.cluster.number("select count(*) from casemate.runs where state <> 'done'")? {
            0 => Ok(()),
            failed => Err(format!("{failed} jobs failed: their figures would be of something else").into()),
        }
    }

    /// Lets all hosts serve with so many slots, anew if they did with another number.
    pub(super) fn serve(&mut self, slots: u32) -> Tested {
        for member in &mut self.cluster.members {
            if member.slots != slots {
                member.stop()?;
                member.slots = slots;
            }
            member.start()?;
        }
        Ok(())
    }

    /// Kills whichever host holds a run, as soon as one does.
    pub(super) fn kill_holder(&mut self) -> Tested<Instant> {
        let held = "select host from casemate.leases limit 1";
        let holder = until(Duration::from_secs(60), || {
            let holder = self.cluster.server.ask("casemate", held)?;
            Ok((!holder.is_empty()).then_some(holder))
        })?;
        for member in &mut self.cluster.members {
            if member.id()? == holder {
                member.kill()?;
                return Ok(Instant::now());
            }
        }
        Err(format!("{holder} is no host of these").into())
    }

    /// A transaction that has a snapshot of the database and does nothing with it.
    pub(super) fn pin(&self, time: Duration) -> Tested<Child> {
        let script = format!(
            "begin isolation level repeatable read; select count(*) from casemate.queue; select pg_sleep({}); commit;",
            time.as_secs()
        );
        Ok(self.cluster.server.client("psql", "casemate").args(["-Xq", "-c", &script]).stdout(Stdio::null()).spawn()?)
    }

    /// Runs a second between the first and the last end among the newest jobs of a tenant.
    pub(super) fn rate(&self, tenant: &str, newest: u64) -> Tested<f64> {
        let asked = format!(
            "with newest as ({}) select (count(*) - 1) / extract(epoch from max(finished_at) - min(finished_at)) from newest",
            newest_of(tenant, newest)
        );
        Ok(self.cluster.server.ask("casemate", &asked)?.parse()?)
    }

    /// Times from one end to the next.
    pub(super) fn gaps(&self, tenant: &str, newest: u64) -> Tested<Spread> {
        let asked = format!(
            "with newest as ({}) select extract(epoch from gap) * 1000
               from (select finished_at - lag(finished_at) over (order by finished_at) as gap from newest) as gaps
              where gap is not null",
            newest_of(tenant, newest)
        );
        Ok(Spread::of_lines(&self.cluster.server.ask("casemate", &asked)?))
    }

    /// Times from a job's commit to its end.
    pub(super) fn turnarounds(&self, tenant: &str, newest: u64) -> Tested<Spread> {
        let asked = format!(
            "with newest as ({}) select extract(epoch from finished_at - created_at) * 1000 from newest",
            newest_of(tenant, newest)
        );
        Ok(Spread::of_lines(&self.cluster.server.ask("casemate", &asked)?))
    }

    /// The time of one insert and its commit, alone on this server: by Postgres's own benchmark, in a database that is not the
    /// hosts', who look after each table of theirs.
    pub(super) fn commits(&self) -> Tested<Spread> {
        let server = &self.cluster.server;
        server.ask("postgres", "create table if not exists public.commits (id bigserial, content text)")?;
        let script =
            self.office.host.file("commit.sql", "insert into public.commits (content) values (repeat('x', 200));\n")?;
        let log = self.office.host.beside("commits");
        let mut pgbench = server.client("pgbench", "postgres");
        pgbench.args(["-n", "-c", "1", "-T", "5", "-l", "--log-prefix"]).arg(&log).arg("-f").arg(&script);
        let done = pgbench.output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        // One file for each process, whose third column is microseconds.
        let mut times = Vec::new();
        for entry in std::fs::read_dir(log.parent().ok_or("a directory")?)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("commits.") {
                let text = std::fs::read_to_string(entry.path())?;
                let us = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok());
                times.extend(us.map(|us| us / 1e3));
            }
        }
        Ok(Spread::of(times))
    }
}

fn newest_of(tenant: &str, newest: u64) -> String {
    format!(
        "select created_at, finished_at from casemate.runs
          where tenant_id = (select id from casemate.tenants where name = '{tenant}')
            and finished_at is not null order by finished_at desc limit {newest}"
    )
}
