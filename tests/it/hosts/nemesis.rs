//! Three hosts, jobs of two tenants, and somebody who kills hosts, stops them for longer than their lease, restarts Postgres
//! and cuts its connections. Then all of it stops, and nothing is lost or was done twice. `CASEMATE_NEMESIS_SECONDS` says how
//! long, `CASEMATE_NEMESIS_SEED` which faults.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::cluster::Cluster;
use super::ends;
use super::member::Member;
use super::work::{Kind, Work};
use crate::host::{Tested, until};
use crate::random::Random;

/// How long, where nobody says otherwise.
const SECONDS: u64 = 45;
const LEASE: u64 = 2;
/// How long runs of a lost host may wait for others.
const RECOVERY: Duration = Duration::from_secs(30);

struct Nemesis<'a> {
    cluster: &'a mut Cluster,
    random: Random,
    done: BTreeMap<&'static str, u64>,
    /// How long after a kill nobody held a run for the dead host.
    recoveries: Vec<Duration>,
}

impl Nemesis<'_> {
    fn strike(&mut self) -> Tested {
        let at = usize::try_from(self.random.below(self.cluster.members.len() as u64))?;
        let what = match self.random.below(14) {
            0..=2 => self.kill(at, true)?,
            3 | 4 => self.kill(at, false)?,
            5 | 6 => self.stop(at)?,
            7 => {
                self.cluster.server.crash()?;
                "restarts of Postgres"
            }
            8..=12 => {
                let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where usename in ('casemate_host', 'casemate_sql')";
                self.cluster.server.ask("postgres", cut)?;
                "cuts of connections"
            }
            _ => "rests",
        };
        *self.done.entry(what).or_default() += 1;
        thread::sleep(Duration::from_millis(300 + self.random.below(2500)));
        for member in &mut self.cluster.members {
            member.is_up()?;
        }
        Ok(())
    }

    /// Kills a host; it comes back at once, or when others have what it held.
    fn kill(&mut self, at: usize, waits: bool) -> Tested<&'static str> {
        let Some(member) = self.cluster.members.get_mut(at) else { return Ok("none") };
        member.kill()?;
        let (id, killed) = (member.id()?, Instant::now());
        if waits {
            let held = format!("select count(*) from casemate.leases where host = '{id}'");
            if self.cluster.number(&held)? > 0 {
                until(RECOVERY, || Ok((self.cluster.number(&held)? == 0).then_some(())))?;
                self.recoveries.push(killed.elapsed());
            }
        }
        if let Some(member) = self.cluster.members.get_mut(at) {
            member.start()?;
        }
        Ok(if waits { "kills, back when lost" } else { "kills, back at once" })
    }

    /// Stops a host for longer than its lease.
    fn stop(&mut self, at: usize) -> Tested<&'static str> {
        let Some(member) = self.cluster.members.get(at) else { return Ok("none") };
        member.signal(Signal::STOP)?;
        thread::sleep(Duration::from_millis(LEASE * 1000 + 500 + self.random.below(2000)));
        member.signal(Signal::CONT)?;
        Ok("stops")
    }
}

#[test]
fn whatever_becomes_of_hosts_each_job_is_done_once() -> Tested {
    let mut random = seed().map_or_else(Random::new, Random::from);
    let (ours, theirs) = (random.below(u64::MAX) | 1, random.below(u64::MAX) | 1);
    let mut cluster = Cluster::new(3, LEASE)?;
    let office = Member::new(&cluster.configuration)?;
    for member in &mut cluster.members {
        member.start()?;
    }
    let mut work = Work::new(&office, ours);
    let (stop, lasts) = (AtomicBool::new(false), Duration::from_secs(seconds()));
    let mut nemesis =
        Nemesis { cluster: &mut cluster, random: Random::from(theirs), done: BTreeMap::new(), recoveries: Vec::new() };
    let worked = thread::scope(|scope| {
        // What a thread returns crosses it as words.
        let working = || work.until(&stop).map_err(|error| error.to_string());
        let working = thread::Builder::new().spawn_scoped(scope, working).map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let mut struck = Ok(());
        while struck.is_ok() && begun.elapsed() < lasts && !working.is_finished() {
            struck = nemesis.strike().map_err(|error| error.to_string());
        }
        stop.store(true, Ordering::Release);
        let worked = working.join().unwrap_or_else(|_| Err("whoever hands jobs over panicked".to_owned()));
        struck.and(worked)
    });
    let Nemesis { done, mut recoveries, .. } = nemesis;
    recoveries.sort_unstable();
    println!("{done:?}; runs of a killed host were others' after {recoveries:?}");
    let Work { accepted, unheard, codes, commands, .. } = &work;
    println!("{} jobs, {unheard} submissions without an answer {codes:?}, {commands} commands", accepted.len());
    let checked = worked.map_err(Into::into).and_then(|()| settled(&mut cluster, &mut work));
    checked.map_err(|error| {
        let logs: Vec<_> = cluster.members.iter().map(Member::told).collect();
        format!("{error}\n{}", logs.join("\n--\n")).into()
    })
}

fn settled(cluster: &mut Cluster, work: &mut Work<'_>) -> Tested {
    let begun = Instant::now();
    work.go_on()?;
    ends::all_have_ended(cluster)?;
    println!("the rest took {:?}", begun.elapsed());
    // Hosts are renewed one after the other, and nobody notices.
    let before = work.accepted.len();
    let losses = cluster.number("select coalesce(sum(losses), 0) from casemate.runs")?;
    for kind in [Kind::Computes, Kind::Sleeps, Kind::Plain] {
        work.submit(kind, 60)?;
    }
    assert_eq!(work.accepted.len() - before, 180, "without faults each is accepted");
    for at in 0..cluster.members.len() {
        if let Some(member) = cluster.members.get_mut(at) {
            member.stop()?;
            let left = format!("select count(*) from casemate.leases where host = '{}'", member.id()?);
            assert_eq!(cluster.number(&left)?, 0, "a host that has stopped holds nothing");
        }
        if let Some(member) = cluster.members.get_mut(at) {
            member.start()?;
        }
    }
    ends::all_have_ended(cluster)?;
    assert_eq!(cluster.number("select coalesce(sum(losses), 0) from casemate.runs")?, losses, "nothing was lost");
    ends::each_is_done_once(cluster, &work.accepted)?;
    ends::nobody_wrote_after_the_fence(cluster)?;
    ends::nothing_is_left(cluster)
}

#[expect(clippy::disallowed_methods, reason = "a longer time is asked for from outside")]
fn seconds() -> u64 {
    std::env::var("CASEMATE_NEMESIS_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(SECONDS)
}

#[expect(clippy::disallowed_methods, reason = "faults are repeated from outside")]
fn seed() -> Option<u64> {
    std::env::var("CASEMATE_NEMESIS_SEED").ok()?.parse().ok()
}
