//! What a caller submits: everything of an entry except what only the log's one sequencer can know (index,
//! previous leaf hash) or must compute itself (commitment). It does not know which log position it will get.

use uuid::Uuid;

use crate::entry::ENTRY_OVERHEAD;
use crate::{Kind, Sha};

/// An entry to be appended. The log is that of `tenant` and of the ledger's writer.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What the entry records.
    pub kind: Kind,
    /// The tenant whose log takes it.
    pub tenant: Uuid,
    /// The run; nil when none.
    pub run: Uuid,
    /// The number of the step in its run.
    pub seq: u64,
    /// The fencing epoch of the run's host.
    pub epoch: u64,
    /// The tool's number in the host's table.
    pub tool: u16,
    /// The refusal code, 0 when nothing was refused.
    pub decision: u16,
    /// When, in milliseconds since 1970-01-01T00:00:00Z, by the caller's clock.
    pub time_ms: u64,
    /// Digest of the policy in force.
    pub policy: Sha,
    /// 32 fresh random bytes: they hide the payload behind its commitment.
    pub salt: [u8; 32],
    /// The sealed payload, at most [`crate::limits::PAYLOAD_MAX`] bytes.
    pub payload: Vec<u8>,
}

impl Draft {
    /// Upper bound of the bytes it takes in a frame.
    pub(crate) fn room(&self) -> usize {
        self.payload.len().saturating_add(ENTRY_OVERHEAD)
    }
}
