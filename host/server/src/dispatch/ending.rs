//! What a run comes to: its state, and whether the job is tried once more. What may follow says `casemate-jobs`; here it is
//! found out whether another attempt could fare better, and the next attempt's beginning is made. It doesn't know where it
//! is recorded.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use casemate_abi::Code;
use casemate_gate::job::{Ending, NewJob, Terms};
use casemate_gate::rls::Scope;
use casemate_gate::{Epoch, Refusal, RunId};
use casemate_jobs::{Command, Duty, End, Job as Standing, Reason, Transition, retry};
use casemate_keys::random;
use uuid::Uuid;

use super::{DispatchError, Dispatcher, Job, Offer, Scribe, records};
use crate::clock;
use crate::crossing::frame::Start;
use crate::sandbox::{self, Optimisation};

/// Longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How a run stands while this host holds it: nobody else changes that under the same epoch.
pub(super) struct Held {
    job: Standing,
    terms: Terms,
    claimed_ms: u64,
    since: Instant,
}

impl records::Claimed {
    pub(super) fn standing(&self) -> Held {
        Held { job: self.job, terms: self.terms.clone(), claimed_ms: self.claimed_ms, since: self.since }
    }
}

impl Held {
    /// The database's time by this host's own clock, which never goes back.
    pub(super) fn now_ms(&self) -> u64 {
        self.claimed_ms.saturating_add(super::millis(self.since.elapsed()))
    }

    /// Time for the guest: what its budget leaves, or less where its deadline comes first.
    pub(super) fn within(&self, left: Duration) -> (Duration, bool) {
        let until = self.job.deadline_ms.map(|deadline| Duration::from_millis(deadline.saturating_sub(self.now_ms())));
        match until {
            Some(until) if until < left => (until, true),
            _ => (left, false),
        }
    }

    /// What a guest has come to by its deadline: one that was cut short has no result, and one that comes later is none.
    pub(super) fn by_deadline(
        &self,
        result: Result<serde_json::Value, Refusal>,
        is_cut: bool,
    ) -> Result<serde_json::Value, Refusal> {
        let late = || Err(told(End::Dead(Reason::Deadline)));
        match result {
            Err(refusal) if is_cut && refusal.code() == Code::BudgetWallClock => late(),
            Ok(_) if self.job.is_late(self.now_ms()) => late(),
            result => result,
        }
    }

    /// The end that was decided for it, if one was.
    pub(super) fn decided(&self) -> Option<(End, Refusal)> {
        match self.job.duty(self.now_ms()) {
            Duty::Work => None,
            Duty::End(end) => Some((end, told(end))),
        }
    }
}

/// What is said of an end that was decided.
pub(super) fn told(end: End) -> Refusal {
    match end {
        End::Done | End::Cancelled => Refusal::new(Code::RunCancelled, "the job was cancelled"),
        End::Dead(Reason::Deadline) => Refusal::new(Code::RunDeadline, "the job's deadline passed"),
        End::Dead(Reason::GivenUp) => Refusal::new(Code::RunGivenUp, "the job was given up by a person"),
        End::Dead(Reason::Attempts) => Refusal::new(Code::RunGivenUp, "every attempt at the job failed"),
        End::Dead(Reason::Lost) => {
            Refusal::new(Code::RunGivenUp, "the job was given up: its hosts were lost under it again and again")
        }
    }
}

/// Whether another attempt, which begins from the start with the same input, may fare better.
pub(super) const fn is_worth_another(code: Code) -> bool {
    match code {
        // What came from the world, or from chance, may be otherwise next time.
        Code::RunFailed | Code::RunTrapped | Code::RunPanicked | Code::BudgetWallClock | Code::BudgetMemory => true,
        _ => false,
    }
}

impl Dispatcher {
    /// What a run with this result comes to.
    pub(super) fn ending(
        &self,
        job: &Job,
        held: &Held,
        scope: &Scope,
        start: &Start,
        result: &Result<String, Refusal>,
    ) -> Result<Ending, Refusal> {
        // A result was there in time: what may come after its deadline is its record.
        let now_ms = match (result, held.job.deadline_ms) {
            (Ok(_), Some(deadline)) => held.now_ms().min(deadline),
            _ => held.now_ms(),
        };
        let epoch = held.job.epoch;
        let reason = result.as_ref().err().map_or(0, |refusal| refusal.code() as u16);
        let (command, code) = match (result, held.job.duty(now_ms)) {
            (Err(_), Duty::End(end)) => (Command::Finish { epoch, end }, reason),
            (Ok(_), _) => (Command::Finish { epoch, end: End::Done }, 0),
            (Err(refusal), Duty::Work) => {
                let (retryable, random) = (is_worth_another(refusal.code()), random::<8>().map_err(no_random)?);
                let policy =
                    retry::Policy::new(held.job.attempts, super::millis(held.terms.backoff), super::millis(LONGEST));
                let delay_ms = policy.map_or(0, |policy| policy.delay_ms(held.job.attempt, u64::from_le_bytes(random)));
                (Command::Fail { epoch, retryable: retryable && held.job.attempts > 1, delay_ms }, reason)
            }
        };
        let Transition { job: after, next, .. } = held.job.apply(command, now_ms).map_err(|refused| {
            Refusal::new(Code::AuditUnavailable, "the job's end could not be recorded")
                .with_cause(refused.code(), refused)
        })?;
        let next = next.map(|next| self.next_attempt(job, held, scope, start, &next)).transpose()?;
        Ok(Ending { state: after.state, reason: code, next: next.map(Box::new), spent: None })
    }

    fn next_attempt(
        &self,
        job: &Job,
        held: &Held,
        scope: &Scope,
        start: &Start,
        next: &Standing,
    ) -> Result<NewJob, Refusal> {
        self.scribe.again(&job.offer(), held.terms.clone(), scope, start, next).map_err(|error| {
            Refusal::new(Code::AuditUnavailable, "the job's next attempt could not be recorded")
                .with_cause(error.code(), &error)
        })
    }
}

impl Scribe {
    /// One more attempt at a job, from the start: with the same input, and a seed of its own.
    pub(super) fn again(
        &self,
        offer: &Offer,
        terms: Terms,
        scope: &Scope,
        start: &Start,
        next: &Standing,
    ) -> Result<NewJob, DispatchError> {
        let run = RunId::from(Uuid::now_v7());
        let key = self.keys().run_key(offer.tenant.as_uuid())?;
        let start = Start {
            time_ms: clock::now_ms(),
            seed: random()?,
            profile: sandbox::profile(Optimisation::default()).to_owned(),
            ..start.clone()
        };
        let row = self.start_row(offer, run, scope, &key, &start, Epoch::new(0))?;
        let at = |ms: u64| UNIX_EPOCH.checked_add(Duration::from_millis(ms)).unwrap_or(SystemTime::UNIX_EPOCH);
        let terms = Terms {
            attempt: next.attempt,
            attempts: next.attempts,
            not_before: Some(at(next.not_before_ms)),
            deadline: next.deadline_ms.map(at),
            key: None,
            ..terms
        };
        Ok(NewJob { run: self.new_run(offer, run, &key)?, terms, start: row })
    }
}

fn no_random(error: casemate_keys::KeyError) -> Refusal {
    Refusal::new(Code::AuditUnavailable, "the end could not be recorded").with_cause(error.code(), error)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use casemate_abi::Code;
    use casemate_gate::Refusal;
    use casemate_gate::job::Terms;
    use casemate_jobs::Job;
    use serde_json::json;

    use super::Held;

    /// One that was claimed so long ago, with a deadline a second after.
    fn held(ago: Duration) -> Held {
        let since = Instant::now().checked_sub(ago).unwrap_or_else(Instant::now);
        Held { job: Job::new(1, 0, Some(2000)), terms: Terms::default(), claimed_ms: 1000, since }
    }

    #[test]
    fn a_result_counts_by_the_deadline_and_not_after() {
        let (soon, late) = (held(Duration::from_millis(500)), held(Duration::from_millis(1500)));
        let code = |result: Result<serde_json::Value, Refusal>| result.map_err(|refusal| refusal.code());
        assert_eq!(code(soon.by_deadline(Ok(json!(1)), true)), Ok(json!(1)));
        assert_eq!(code(late.by_deadline(Ok(json!(1)), false)), Err(Code::RunDeadline));
        let out_of = |code| Err(Refusal::new(code, "no more"));
        assert_eq!(code(soon.by_deadline(out_of(Code::BudgetWallClock), true)), Err(Code::RunDeadline));
        assert_eq!(code(late.by_deadline(out_of(Code::BudgetWallClock), false)), Err(Code::BudgetWallClock));
        assert_eq!(code(late.by_deadline(out_of(Code::BudgetFuel), true)), Err(Code::BudgetFuel));
    }
}
