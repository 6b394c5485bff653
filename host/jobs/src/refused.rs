//! Why a command is refused. Display is one clause that says what to do; the codes are stable and are what programs
//! compare.

use thiserror::Error;

/// Why a job does not take a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Refused {
    /// The command's epoch is not the one under which the job is held.
    #[error("stop at once and claim the job anew, it is not held under this epoch")]
    Fenced,
    /// The job has ended.
    #[error("leave the job as it is, it has ended")]
    Ended,
    /// It can't be claimed in this state.
    #[error("claim another job, this one is not ready")]
    NotReady,
    /// It can't be claimed, woken or expired yet.
    #[error("come again later, the job is not due")]
    NotDue,
    /// It isn't parked, or waits for something else.
    #[error("wake another job, this one does not wait for that")]
    NotWaiting,
    /// It isn't paused.
    #[error("let the job go on as it does, it is not paused")]
    NotPaused,
    /// A person has to say first what became of a call.
    #[error("resolve the job's call first, nobody knows whether it had its effect")]
    Indeterminate,
    /// No call waits for a person, or another one does.
    #[error("look at the job again, this call does not wait for an answer")]
    NotIndeterminate,
    /// It is being cancelled.
    #[error("record the job as cancelled, nothing else may happen to it")]
    Cancelling,
    /// Its deadline has passed.
    #[error("record the job as dead, its deadline has passed")]
    Expired,
    /// It was given up.
    #[error("record the job as dead, it was given up")]
    GivenUp,
    /// The end is not the one that has to be recorded.
    #[error("record how the job ended, not this")]
    WrongEnd,
    /// It did not end without a result.
    #[error("submit a new job, only one that ended without a result is tried again")]
    NotFailed,
    /// A counter is used up.
    #[error("submit the job anew, a counter of this one is used up")]
    Exhausted,
}

impl Refused {
    /// The stable code of this refusal.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fenced => "job-fenced",
            Self::Ended => "job-ended",
            Self::NotReady => "job-not-ready",
            Self::NotDue => "job-not-due",
            Self::NotWaiting => "job-not-waiting",
            Self::NotPaused => "job-not-paused",
            Self::Indeterminate => "job-indeterminate",
            Self::NotIndeterminate => "job-not-indeterminate",
            Self::Cancelling => "job-cancelling",
            Self::Expired => "job-expired",
            Self::GivenUp => "job-given-up",
            Self::WrongEnd => "job-wrong-end",
            Self::NotFailed => "job-not-failed",
            Self::Exhausted => "job-exhausted",
        }
    }
}
