//! What the crossing tells about itself: one event for each call that is on record, for a transcript. Values only:
//! nobody is called back. It doesn't know who reads it.

use std::time::Duration;

use casemate_gate::budget::Remaining;
use casemate_gate::call::Level;
use casemate_gate::{Operation, Refusal, RunId, Seq, TenantId};
use casemate_pii::Finding;
use tokio::sync::mpsc;

use super::approval::Asking;

/// Where events go. Unbounded, since a run's calls are bounded by its budget and a slow reader must not hold up
/// the crossing.
pub type Events = mpsc::UnboundedSender<Event>;

/// Something about one run.
#[derive(Debug, Clone)]
pub struct Event {
    /// Whose.
    pub tenant: TenantId,
    /// Which run.
    pub run: RunId,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    /// The run began, or began again.
    Started {
        /// Whether it goes on from its journal.
        resumed: bool,
    },
    /// A call crossed, or was refused, and is on record.
    Crossed(Crossed),
    /// A call was answered from the journal.
    Replayed {
        /// Which.
        seq: Seq,
        /// What was asked for.
        operation: Operation,
    },
    /// The guest logged a line, as it was screened.
    Logged {
        /// Severity.
        level: Level,
        /// The line.
        message: String,
    },
    /// The run gave up its memory.
    Parked {
        /// Until then, in milliseconds since 1970-01-01T00:00:00Z.
        until_ms: u64,
        /// What it asks a person meanwhile, if it does.
        asking: Option<Asking>,
    },
    /// The run ended and that is on record.
    Ended {
        /// Why there is no result, if there is none.
        refusal: Option<Refusal>,
        /// Index of the end in the tenant's log.
        index: u64,
    },
}

impl What {
    /// The same, once the index of its entry is known.
    pub(super) fn at(self, index: u64) -> Self {
        match self {
            Self::Crossed(crossed) => Self::Crossed(Crossed { index, ..crossed }),
            other => other,
        }
    }
}

/// One crossing.
#[derive(Debug, Clone)]
pub struct Crossed {
    /// Ordinal within the run.
    pub seq: Seq,
    /// What was asked for.
    pub operation: Operation,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// Personal data in arguments and reply, and what was done with it.
    pub findings: Vec<Finding>,
    /// What is left of the budget.
    pub remaining: Remaining,
    /// Fuel burned since the call before, this call's own price included.
    pub fuel: u64,
    /// Index of its (last) entry in the tenant's log.
    pub index: u64,
    /// From the guest's call to its answer.
    pub elapsed: Duration,
}
