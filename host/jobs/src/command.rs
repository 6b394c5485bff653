//! What can be asked of a job. A command that only the holder may give carries the epoch that it holds; the others come
//! from schedulers and people. It doesn't know which of them a state takes.

use uuid::Uuid;

use crate::End;

/// One request to change a job, decided in one transaction with the job's row locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// A host takes hold of it.
    Claim,
    /// The holder appends to the journal. Changes nothing of the job; the append's own statement checks this.
    Append {
        /// Under which claim.
        epoch: u64,
        /// What.
        entry: Entry,
    },
    /// The holder lets go of it until something happens.
    Park {
        /// Under which claim.
        epoch: u64,
        /// Until what.
        wake: Wake,
        /// Whether the event has happened, read in this transaction with the event's row locked. Who makes it happen
        /// locks that row too, or a wake between the two would find nobody that waits.
        happened: bool,
    },
    /// What it waits for has happened.
    Wake(Cause),
    /// The holder gives it back: to stop in an orderly way, or because it doesn't know what became of an append or
    /// a call.
    Release {
        /// Under which claim.
        epoch: u64,
        /// How long nobody claims it.
        delay_ms: u64,
    },
    /// The lease of its holder is over.
    Lose {
        /// Which claim was seen.
        epoch: u64,
    },
    /// The holder records its end.
    Finish {
        /// Under which claim.
        epoch: u64,
        /// How it ended.
        end: End,
    },
    /// The attempt failed.
    Fail {
        /// Under which claim.
        epoch: u64,
        /// Whether another attempt may fare better.
        retryable: bool,
        /// How long the next attempt waits: see [`retry`](crate::retry).
        delay_ms: u64,
    },
    /// The holder can't tell whether a call had its effect.
    Indeterminate {
        /// Under which claim.
        epoch: u64,
        /// The intent without outcome.
        call: Call,
    },
    /// A person says what became of it.
    Resolve {
        /// The intent that the person was shown.
        call: Call,
        /// What became of it.
        resolution: Resolution,
    },
    /// Somebody wants it to end.
    Cancel,
    /// Somebody wants it held back.
    Pause,
    /// Somebody lets it go on.
    Unpause,
    /// A scheduler finds that its deadline has passed.
    Expire,
    /// Somebody wants one more attempt at a job that ended without a result.
    Retry {
        /// The new attempt's deadline.
        deadline_ms: Option<u64>,
    },
}

/// What is appended to a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A call is about to be made.
    Intent,
    /// What became of a call.
    Outcome,
    /// The run has ended.
    End,
}

/// An intent: the call's number in the run, and the claim under which it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The call's number.
    pub seq: u64,
    /// The claim.
    pub epoch: u64,
}

/// What a parked job waits for; whichever happens first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// A time.
    pub at_ms: Option<u64>,
    /// An event, by an id that is derived from the tenant and the event's key.
    pub event: Option<Uuid>,
}

/// Why a parked job is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The time has come.
    Time,
    /// The event has happened.
    Event(Uuid),
}

/// What a person says about a call with an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// It had its effect; the outcome that the person gave is journaled by the next host.
    Happened,
    /// It had none; the call is made again.
    DidNotHappen,
    /// The job is given up.
    GiveUp,
}
