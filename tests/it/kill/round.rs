//! One round: the table is opened again, a run is started and killed, its rest is done, and what is there is compared
//! with what must be there.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use serde_json::json;

use super::told::{Told, follow};
use crate::host::{Host, Tested, example};
use crate::policy::Policy;
use crate::random::Random;
use crate::said::text;

/// Rows of each tenant.
pub(super) const ROWS: u64 = 300;
/// Rows in one batch: ten batches make some forty calls.
const BATCH: u64 = 30;
/// Crossings of one run, about; how long a run takes with everything around it, and how much of that is starting.
const CROSSINGS: u64 = 32;
const STARTED: Duration = Duration::from_millis(350);
const WHOLE: Duration = Duration::from_millis(1_100);
/// No run takes this long.
const LONGEST: Duration = Duration::from_secs(60);

/// One round.
pub(super) struct Round<'a> {
    host: &'a Host,
    /// Each with the number of runs that it has had when the round is over.
    tenants: Vec<(&'a str, u64)>,
}

impl<'a> Round<'a> {
    /// Opens the assessments again.
    pub(super) fn begin(host: &'a Host, tenants: Vec<(&'a str, u64)>) -> Tested<Self> {
        host.ask(&["db", "apply", &example("reopen.sql")])?.expect(0)?;
        Ok(Self { host, tenants })
    }

    /// Starts the run and kills it: after so many crossings, or after some time.
    pub(super) fn kill(&self, random: &mut Random) -> Tested<Told> {
        let crossings = random.below(CROSSINGS) as usize;
        let by_time = random.below(2) == 0;
        let time = STARTED + Duration::from_micros(random.below((WHOLE - STARTED).as_micros() as u64));
        let names: Vec<&str> = self.tenants.iter().map(|(tenant, _)| *tenant).collect();
        let mut command = self.host.run_command("assessor", &Policy::assessor(), &json!({"batch": BATCH}), &names)?;
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let deadline = Instant::now() + if by_time { time } else { LONGEST };
        let lines = follow(&mut child)?;
        let mut told = Told::default();
        while by_time || told.crossings.len() <= crossings {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => told.note(&line),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    child.wait()?;
                    return Ok(told);
                }
            }
        }
        child.kill()?;
        child.wait()?;
        told.killed = true;
        // What it had written before it was killed is told, too.
        lines.iter().for_each(|line| told.note(&line));
        Ok(told)
    }

    /// Resumes what is unfinished; tenants whose run never was on record get one. Says how many were resumed.
    pub(super) fn finish(&self, told: &Told) -> Tested<u64> {
        let mut resumed = 0;
        for (tenant, expected) in &self.tenants {
            let runs = self.runs(tenant)?;
            for run in told.started.iter().filter(|(_, of)| of == tenant).map(|(run, _)| run) {
                assert!(runs.contains_key(run), "run {run} was told of and is not on record");
            }
            let open: Vec<_> = runs.iter().filter(|(_, state)| !matches!(state.as_str(), "done" | "failed")).collect();
            for (run, state) in &open {
                let said = self.host.ask(&["resume", run, "--tenant", tenant])?;
                let ended = said.expect(0).and_then(|said| said.ended_by());
                assert_eq!(ended.map_err(|error| format!("{state} {run}: {error}"))?, 0, "{}", said.stdout);
                resumed += 1;
            }
            if (runs.len() as u64) < *expected {
                let said = self.host.run("assessor", &Policy::assessor(), &json!({"batch": BATCH}), &[tenant])?;
                said.expect(0)?;
            }
        }
        Ok(resumed)
    }

    /// Everything is done once, told of truly, and verified.
    pub(super) fn is_complete(&self, told: &Told) -> Tested {
        for (tenant, summaries) in &self.tenants {
            let rows = self.host.rows_of(
                tenant,
                "select count(*) filter (where status = 'done' and score is not null), min(written), max(written), \
                 (select count(*) from public.summaries) from public.assessments",
            )?;
            assert_eq!(
                rows,
                json!([[ROWS, 1, 1, summaries]]),
                "done, written at least and at most, summaries of {tenant}"
            );
        }
        self.host.verify()?.expect(0)?;
        self.is_in_the_ledger(told)
    }

    /// What was told of is in the ledger, where it was told to be.
    fn is_in_the_ledger(&self, told: &Told) -> Tested {
        let mut logs = BTreeMap::new();
        for entry in casemate_ledger::read::scan(&self.host.zone(1))? {
            let leaf = entry?.leaf;
            logs.insert((leaf.run.to_string(), leaf.index), leaf.seq);
        }
        for (run, call, index) in &told.crossings {
            let found = logs.get(&(run.clone(), *index));
            assert_eq!(found, Some(call), "call {call} of run {run} was told to be entry {index}");
        }
        Ok(())
    }

    /// The assessor's runs of a tenant, with their states.
    fn runs(&self, tenant: &str) -> Tested<BTreeMap<String, String>> {
        let said = self.host.ask(&["runs", "--tenant", tenant, "--limit", "10000"])?;
        let ours = said.expect(0)?.lines.iter().filter(|line| text(line, "/agent") == "assessor");
        let runs: BTreeMap<_, _> =
            ours.map(|line| (text(line, "/run").to_owned(), text(line, "/state").to_owned())).collect();
        Ok(runs)
    }
}
