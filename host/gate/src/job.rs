//! A job as it is recorded: what is written down when it is accepted, and when one of its runs ends. It doesn't know where
//! that is kept, nor what may happen to a job: `casemate-jobs` does.

use std::time::{Duration, SystemTime};

use casemate_jobs::State;

use crate::budget::Amounts;
use crate::id::{AgentName, Digest, RunId};
use crate::journal::Row;

/// What is recorded of a run when it is accepted.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id, made by the caller.
    pub id: RunId,
    /// Which agent.
    pub agent: AgentName,
    /// Which component.
    pub component: Digest,
    /// Under which policy.
    pub policy: Digest,
    /// The run's data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// Under which circumstances a job is worked on.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// The job that this run belongs to, named by its first run; none for the first.
    pub job: Option<RunId>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Most attempts, 1 to 20.
    pub attempts: u32,
    /// How long the second attempt waits; each later one twice as long.
    pub backoff: Duration,
    /// −100 to 100; the higher, the earlier, among jobs of one tenant.
    pub priority: i16,
    /// Not before.
    pub not_before: Option<SystemTime>,
    /// Not after.
    pub deadline: Option<SystemTime>,
    /// The caller's name for the job, and the digest of what was asked for.
    pub key: Option<(String, Digest)>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            job: None,
            attempt: 1,
            attempts: 1,
            backoff: Duration::from_secs(1),
            priority: 0,
            not_before: None,
            deadline: None,
            key: None,
        }
    }
}

/// A job, or one more attempt at one, to be accepted.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its run.
    pub run: NewRun,
    /// Under which circumstances.
    pub terms: Terms,
    /// The beginning of its journal, at epoch 0.
    pub start: Row,
}

/// What a run comes to.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Its last state.
    pub state: State,
    /// Why: number of a refusal of the catalogue; 0 for a result.
    pub reason: u16,
    /// The job's next attempt, if there is one.
    pub next: Option<Box<NewJob>>,
    /// What its last stretch used, where that is settled with the end.
    pub spent: Option<Amounts>,
}

impl Ending {
    /// Of a run that is tried once: whether it has a result.
    #[must_use]
    pub const fn of(reason: u16) -> Self {
        Self { state: if reason == 0 { State::Done } else { State::Failed }, reason, next: None, spent: None }
    }
}
