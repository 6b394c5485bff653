//! The columns of a job's row that decide what may happen to it, and what a scheduler reads from them. It doesn't know
//! what the job does.

use crate::{Call, End, Resolution, State, Wake};

/// How often hosts may die under a job between two parks before it is given up. A job that kills its host would kill
/// every host.
pub const MOST_LOSSES: u32 = 16;

/// One attempt at a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Where it stands.
    pub state: State,
    /// The claim under which it is or was last held. Every claim raises it, which fences whoever held it before.
    pub epoch: u64,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many attempts there may be.
    pub attempts: u32,
    /// How it has to end, once that was decided; the first decision stays. From then on only outcomes and the end
    /// are recorded. Cancelling is such a decision.
    pub ending: Option<End>,
    /// It is not claimed before.
    pub not_before_ms: u64,
    /// After this no call is begun and no result is taken.
    pub deadline_ms: Option<u64>,
    /// What it waits for; kept while it is paused.
    pub wake: Option<Wake>,
    /// When its last claim ended, whoever ended it.
    pub left_ms: u64,
    /// How often its host died since it last parked.
    pub lost: u32,
    /// The call that made it indeterminate last.
    pub unsettled: Option<Unsettled>,
}

/// A call of which a person has to say what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsettled {
    /// Which intent: another intent of the same call needs another answer.
    pub call: Call,
    /// The answer.
    pub resolution: Option<Resolution>,
}

impl Job {
    /// A job's first attempt.
    #[must_use]
    pub const fn new(attempts: u32, not_before_ms: u64, deadline_ms: Option<u64>) -> Self {
        Self {
            state: State::Ready,
            epoch: 0,
            attempt: 1,
            attempts,
            ending: None,
            not_before_ms,
            deadline_ms,
            wake: None,
            left_ms: 0,
            lost: 0,
            unsettled: None,
        }
    }

    /// When a scheduler has to look at it. The queue's row is this and nothing else, and is written in the transaction
    /// that writes the job's row; a queue that was lost is made from the jobs.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        // Once an end is decided, the deadline has nothing more to say.
        let deadline_ms = self.deadline_ms.filter(|_| self.ending.is_none());
        match self.state {
            State::Ready => earlier(Some(self.not_before_ms), deadline_ms),
            State::Waiting => earlier(self.wake.and_then(|wake| wake.at_ms), deadline_ms),
            State::Running | State::Paused => deadline_ms,
            State::Indeterminate | State::Done | State::Failed | State::Cancelled | State::Dead => None,
        }
    }

    /// Whether its deadline has passed.
    #[must_use]
    pub fn is_late(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline| now_ms > deadline)
    }

    /// Whether nothing of earlier claims can be under way to the world any more. A fence stops appends, and no effect
    /// that a durable intent has permitted: that one arrives up to `settle_ms` after the claim ended
    /// ([`Terms::settle_ms`](crate::lease::Terms::settle_ms)).
    #[must_use]
    pub const fn is_quiet(&self, settle_ms: u64, now_ms: u64) -> bool {
        now_ms >= self.left_ms.saturating_add(settle_ms)
    }

    /// What a person said about exactly this intent.
    #[must_use]
    pub fn resolution(&self, call: Call) -> Option<Resolution> {
        self.unsettled.filter(|unsettled| unsettled.call == call).and_then(|unsettled| unsettled.resolution)
    }
}

fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
