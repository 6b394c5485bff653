//! How much waits to be put on record, counted by the sizes of what the guest asked and was answered: so that a run
//! flushes where its replay says that it did, and its memory is the same in both. It doesn't know what the records say.

use casemate_abi::Code;
use casemate_gate::Reply;
use casemate_gate::budget::Amounts;
use casemate_gate::journal::RowKind;
use casemate_gate::vault::VaultRecord;
use casemate_gate::{Refusal, Request, Seq};

use super::approval::is_unanswered;
use super::frame::{Frame, Refused};

/// Most records that wait.
const WAITING_RECORDS: usize = 256;
/// Most bytes of records that wait; a frame of the ledger takes four times as many.
const WAITING_BYTES: u64 = 1024 * 1024;
/// What a record takes beside what was asked and answered: its place, its stamp, its seal.
const RECORD: u64 = 512;
/// Each record waits twice: for the journal and for the ledger.
const COPIES: u64 = 2;

/// Records that wait.
#[derive(Debug)]
pub(super) struct Riding {
    records: usize,
    bytes: u64,
}

impl Riding {
    pub(super) const fn nothing() -> Self {
        Self { records: 0, bytes: 0 }
    }

    /// One more waits. Says whether they must be put on record now; then none waits any more.
    pub(super) const fn add(&mut self, bytes: u64) -> bool {
        self.records = self.records.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        let full = self.records >= WAITING_RECORDS || self.bytes >= WAITING_BYTES;
        if full {
            self.clear();
        }
        full
    }

    pub(super) const fn clear(&mut self) {
        self.records = 0;
        self.bytes = 0;
    }

    /// Bytes that the host holds for them.
    pub(super) const fn hosted(&self) -> u64 {
        self.bytes.saturating_mul(COPIES)
    }
}

/// Bytes that the record of a call counts for.
pub(super) fn record_bytes(request: Option<&Request>, reply: Option<&Reply>, vault: &[VaultRecord]) -> u64 {
    let sizes = request.map_or(0, Request::size) + reply.map_or(0, Reply::size);
    let tokens: usize = vault.iter().map(VaultRecord::size).sum();
    RECORD.saturating_add(sizes as u64).saturating_add(tokens as u64)
}

impl Frame {
    /// Bytes that the frame counts for while it waits.
    pub(super) fn riding(&self) -> u64 {
        match self {
            Self::Call { request, result, vault, .. } => record_bytes(request.as_ref(), result.as_ref().ok(), vault),
            Self::Outcome { result, .. } => record_bytes(None, result.as_ref().ok(), &[]),
            _ => RECORD,
        }
    }
}

/// What a call that is answered from the journal is charged.
pub(super) fn charges(request: Option<&Request>, result: Result<&Reply, Code>) -> Amounts {
    let log_bytes = match (request, result) {
        (Some(Request::LogEmit { message, .. }), Ok(_)) => message.len() as u64,
        _ => 0,
    };
    // A call for which there was no call left was not charged.
    let calls = u64::from(result != Err(Code::BudgetCalls));
    Amounts { calls, log_bytes, result_bytes: result.map_or(0, Reply::size) as u64, ..Amounts::default() }
}

/// What the recorded calls of a run used, and when the last record was made: the same that replaying them charges.
#[must_use]
pub fn replayed(frames: &[(Seq, RowKind, Frame)]) -> (Amounts, u64) {
    let (mut used, mut at_ms) = (Amounts::default(), 0);
    let code = |refused: &Refused| Refusal::from(refused.clone()).code();
    for (seq, _, frame) in frames {
        let (stamp, charged) = match frame {
            Frame::Call { stamp, request, result, .. } => {
                (*stamp, charges(request.as_ref(), result.as_ref().map_err(code)))
            }
            Frame::Outcome { stamp, result, .. } => (*stamp, charges(None, result.as_ref().map_err(code))),
            Frame::Wait { stamp, .. } => {
                let answered = frames.iter().any(|(of, _, frame)| of == seq && matches!(frame, Frame::Call { .. }));
                (*stamp, if answered { Amounts::default() } else { charges(None, Ok(&Reply::Unit)) })
            }
            // The attempt is charged once, though the call is made again after the answer.
            Frame::Asked { stamp, .. } => {
                let calls = u64::from(is_unanswered(frames, *seq));
                (*stamp, Amounts { calls, ..Amounts::default() })
            }
            Frame::Intent { stamp, .. } | Frame::End { stamp, .. } | Frame::Ended { stamp, .. } => {
                (*stamp, Amounts::default())
            }
            Frame::Start(start) => {
                at_ms = at_ms.max(start.time_ms);
                continue;
            }
        };
        used = used.plus(&charged);
        used.fuel = used.fuel.max(stamp.fuel_used);
        at_ms = at_ms.max(stamp.time_ms);
    }
    (used, at_ms)
}
