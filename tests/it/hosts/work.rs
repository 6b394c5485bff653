//! The jobs of a test's cluster: handed over in bulk by the command line, of every kind, and commands put to some of them. Each
//! job counts its effect under a key of its own. What the command line has not said is accepted, may be or not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::member::Member;
use crate::host::{Tested, component};
use crate::policy::Policy;
use crate::random::Random;
use crate::said::text;

/// Jobs of one submission.
const BATCH: u64 = 40;

/// What a job does, and on which terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Sleeps,
    Computes,
    Fails,
    IsLate,
    IsLater,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Plain, Self::Sleeps, Self::Computes, Self::Fails, Self::IsLate, Self::IsLater];

    fn actions(self, key: &str) -> Value {
        let add = json!({"do": "insist", "action": {"do": "kv-add", "key": key, "delta": 1}});
        match self {
            Self::Plain | Self::IsLater => json!([add]),
            Self::Sleeps => {
                json!([{"do": "random"}, {"do": "sleep", "ms": 700}, add, {"do": "sleep", "ms": 700}, {"do": "clock"}])
            }
            Self::Computes => json!([{"do": "burn", "turns": 40_000_000}, add, {"do": "burn", "turns": 40_000_000}]),
            Self::Fails => json!([add, {"do": "fail", "message": "as it was told"}]),
            Self::IsLate => json!([add, {"do": "sleep", "ms": 6_000}]),
        }
    }

    const fn terms(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["--priority", "20"],
            Self::Sleeps | Self::Computes => &[],
            Self::Fails => &["--attempts", "3", "--backoff", "200ms"],
            Self::IsLate => &["--deadline", "3s"],
            Self::IsLater => &["--after", "2s", "--priority", "-5"],
        }
    }
}

/// A job that was accepted.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub(super) id: String,
    pub(super) tenant: &'static str,
    pub(super) kind: Kind,
    pub(super) key: String,
    /// Whether somebody wanted it to end otherwise.
    pub(super) is_changed: bool,
}

/// Whoever hands jobs over.
pub(super) struct Work<'a> {
    office: &'a Member,
    random: Random,
    number: u64,
    pub(super) accepted: Vec<Accepted>,
    paused: Vec<usize>,
    /// Submissions of which nobody knows whether they were accepted.
    pub(super) unheard: u64,
    pub(super) commands: u64,
    /// Why, with how often.
    pub(super) codes: BTreeMap<String, u64>,
}

/// Nothing runs out.
pub(super) fn policy() -> Policy {
    let plenty = |policy: Policy, resource| policy.tenant(resource, 1 << 50);
    let resources = ["fuel", "memory", "wall-clock", "calls", "log-bytes", "result-bytes"];
    resources.into_iter().fold(Policy::open(), plenty).run("fuel", 20_000_000_000)
}

impl<'a> Work<'a> {
    pub(super) fn new(office: &'a Member, seed: u64) -> Self {
        let (random, accepted, paused) = (Random::from(seed), Vec::new(), Vec::new());
        Self { office, random, number: 0, accepted, paused, unheard: 0, commands: 0, codes: BTreeMap::new() }
    }

    /// Goes on until it is told to stop.
    pub(super) fn until(&mut self, stop: &AtomicBool) -> Tested {
        while !stop.load(Ordering::Acquire) {
            match self.random.below(3) {
                0 | 1 => {
                    let kind = usize::try_from(self.random.below(Kind::ALL.len() as u64))?;
                    let kind = Kind::ALL.into_iter().nth(kind).unwrap_or(Kind::Plain);
                    self.submit(kind, BATCH)?;
                }
                _ => self.command()?,
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Hands so many jobs over for one of the tenants.
    pub(super) fn submit(&mut self, kind: Kind, count: u64) -> Tested {
        let tenant = if self.random.below(3) == 0 { "globex" } else { "acme" };
        let keys: Vec<String> = (0..count).map(|at| format!("probe/{}", self.number + at)).collect();
        self.number += count;
        let inputs: String = keys.iter().map(|key| format!("{}\n", kind.actions(key))).collect();
        let host = &self.office.host;
        let (guest, inputs) = (component("probe")?, host.file("inputs.jsonl", inputs)?);
        let policy = host.file("policy.toml", policy().text())?;
        let mut words = vec!["jobs", "submit", &guest, "--tenant", tenant, "--policy", &policy, "--inputs", &inputs];
        words.extend(kind.terms());
        let said = self.office.ask(&words)?;
        if said.status != Some(0) || said.lines.len() != keys.len() {
            self.unheard += 1;
            *self.codes.entry(text(&said.error()?, "/code").to_owned()).or_default() += 1;
            // Postgres may be away; anything else is a finding.
            return if said.status == Some(4) || said.status == Some(5) { Ok(()) } else { said.expect(0).map(drop) };
        }
        let accepted = said.lines.iter().zip(keys).map(|(line, key)| Accepted {
            id: text(line, "/job").to_owned(),
            tenant,
            kind,
            key,
            is_changed: false,
        });
        self.accepted.extend(accepted);
        Ok(())
    }

    /// Puts a command to one of the last jobs.
    fn command(&mut self) -> Tested {
        let recent = self.accepted.len().min(60) as u64;
        if recent == 0 {
            return Ok(());
        }
        let at = self.accepted.len() - 1 - usize::try_from(self.random.below(recent))?;
        let what = match self.random.below(4) {
            0 => "cancel",
            1 => "pause",
            2 => "retry",
            _ => return self.go_on(),
        };
        let Some(job) = self.accepted.get_mut(at) else { return Ok(()) };
        // Whether or not the answer is heard.
        // One that is tried again has no deadline any more.
        job.is_changed |= what == "cancel" || (what == "retry" && job.kind == Kind::IsLate);
        if what == "pause" {
            self.paused.push(at);
        }
        let job = job.clone();
        self.put(what, &job)
    }

    /// Lets what was paused go on.
    pub(super) fn go_on(&mut self) -> Tested {
        for at in std::mem::take(&mut self.paused) {
            if let Some(job) = self.accepted.get(at).cloned() {
                self.put("continue", &job)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, what: &str, job: &Accepted) -> Tested {
        self.commands += 1;
        let said = self.office.ask(&["jobs", what, &job.id, "--tenant", job.tenant])?;
        match said.status {
            // Done, not to be done in its state, or Postgres is away.
            Some(0 | 3 | 4 | 5) => {
                if what == "continue" && said.status != Some(0) && said.status != Some(3) {
                    let again = self.accepted.iter().position(|accepted| accepted.id == job.id);
                    self.paused.extend(again);
                }
                Ok(())
            }
            _ => said.expect(0).map(drop),
        }
    }
}
