//! Evidence: one file with everything that repeating a run takes, and what ties it to the log. It is what strangers hand
//! in, so nothing of it is believed before it was held to the rest. docs/replay.md has the form. It doesn't know how a run
//! is repeated.

mod container;
mod error;
mod gather;
mod header;
mod log;

use casemate_gate::journal::RowKind;
use casemate_gate::pack::{Files, Unverified};
use casemate_gate::policy::Policy;
use casemate_gate::{Digest, Epoch, RunId, Seq, TenantId};
use casemate_keys::{Context, DataKey, MacKey, Purpose};
use casemate_ledger::{Entry, Kind};
use uuid::Uuid;

pub use error::EvidenceError;
pub use gather::{Remains, Told};
pub use log::InLog;

use crate::crossing::frame::{End, Frame, Start};
use crate::crossing::part;
use header::Header;

/// Most bytes of a file with evidence: a component and a journal at their largest, and the journal's entries beside it.
pub const EVIDENCE_BYTES: usize = 640 * 1024 * 1024;

/// One record of the run.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Which call; 0 for the start.
    pub seq: Seq,
    /// Under which claim it was recorded.
    pub epoch: Epoch,
    /// What it records.
    pub kind: RowKind,
    /// What it says, without the values that tokens stand for.
    pub frame: Frame,
    /// Its entry in the tenant's log, with the sealed frame; none where the host that wrote the evidence had none.
    pub entry: Option<Entry>,
}

/// The policy under which the run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Terms {
    /// A file.
    Text(String),
    /// A pack.
    Pack(Files),
}

/// Everything that repeating a run takes.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Which run.
    pub run: RunId,
    /// Whose.
    pub tenant: TenantId,
    /// The host whose log it stands in.
    pub host: Uuid,
    /// Keys the digests of the run's requests and of its end.
    pub digest_key: MacKey,
    /// The component.
    pub component: Vec<u8>,
    /// The policy.
    pub terms: Terms,
    /// The records, in the order (call, claim, kind): the first is the start, the last the end.
    pub pieces: Vec<Piece>,
}

impl Evidence {
    /// Reads evidence, and holds its parts to each other.
    ///
    /// # Errors
    /// [`EvidenceError`]: the first reason to believe nothing of it.
    pub fn read(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let (header, evidence) = container::read(bytes)?;
        evidence.is_consistent()?;
        if header == Header::of(&evidence)? { Ok(evidence) } else { Err(EvidenceError::Inconsistent("its header")) }
    }

    /// The file.
    ///
    /// # Errors
    /// [`EvidenceError::TooLarge`], and [`EvidenceError::Inconsistent`] for what could not be read again.
    pub fn write(&self) -> Result<Vec<u8>, EvidenceError> {
        container::write(&Header::of(self)?, self)
    }

    /// The run's circumstances.
    ///
    /// # Errors
    /// [`EvidenceError::Inconsistent`], where there are none.
    pub fn start(&self) -> Result<&Start, EvidenceError> {
        match self.pieces.first().map(|piece| &piece.frame) {
            Some(Frame::Start(start)) => Ok(start),
            _ => Err(EvidenceError::Inconsistent("its first record, which is no beginning")),
        }
    }

    /// How the run ended.
    ///
    /// # Errors
    /// [`EvidenceError::Inconsistent`], where it didn't.
    pub fn end(&self) -> Result<End<'_>, EvidenceError> {
        let last = self.pieces.last().and_then(|piece| piece.frame.end());
        last.ok_or(EvidenceError::Inconsistent("its last record, which is no end"))
    }

    /// The policy, if it is the one that stands in the records.
    ///
    /// # Errors
    /// [`EvidenceError::Policy`].
    pub fn policy(&self) -> Result<Policy, EvidenceError> {
        let digest = self.start()?.policy;
        let policy = match &self.terms {
            Terms::Text(text) => Policy::parse(text).map_err(|error| EvidenceError::Policy(Box::new(error)))?,
            Terms::Pack(files) => {
                let pack = Unverified::of(files.clone()).recorded_as(digest);
                pack.map_err(|error| EvidenceError::Policy(Box::new(error)))?.source.policy
            }
        };
        if policy.digest == digest { Ok(policy) } else { Err(EvidenceError::Inconsistent("its policy")) }
    }

    /// Whether the records are those that were sealed under the run's key: what only its owner can say.
    ///
    /// # Errors
    /// [`EvidenceError::Sealed`] with the first call of which they are not.
    pub fn is_sealed_under(&self, key: &DataKey) -> Result<usize, EvidenceError> {
        let derived = key.mac_key(&[b"digest"]).map_err(|_| EvidenceError::Key)?;
        if derived.expose() != self.digest_key.expose() {
            return Err(EvidenceError::Key);
        }
        let sealed = self.pieces.iter().filter_map(|piece| Some((piece, piece.entry.as_ref()?)));
        let mut opened = 0;
        for (Piece { seq, kind, frame, .. }, entry) in sealed {
            let context = Context {
                tenant: self.tenant.as_uuid(),
                purpose: Purpose::Frame,
                id: self.run.as_uuid(),
                part: part(*seq, *kind),
            };
            let plain = key.open(&context, &entry.payload).map_err(|_| EvidenceError::Sealed(*seq))?;
            // Bytes, since a number that is none is not even the same as itself.
            let bytes = |frame: Frame| frame.masked().encode().ok();
            let recorded = Frame::decode(&plain).ok().and_then(bytes);
            if recorded.is_none() || recorded != bytes(frame.clone()) {
                return Err(EvidenceError::Sealed(*seq));
            }
            opened += 1;
        }
        Ok(opened)
    }

    /// Holds the parts to each other, as far as that takes no run.
    fn is_consistent(&self) -> Result<(), EvidenceError> {
        let start = self.start()?;
        self.end()?;
        if Digest::of(&self.component) != start.component {
            return Err(EvidenceError::Inconsistent("its component"));
        }
        let policy = start.policy;
        self.policy()?;
        let (mut before, mut ends) = (None, 0);
        for piece in &self.pieces {
            let place = (piece.seq, piece.epoch, piece.kind);
            if before.replace(place).is_some_and(|before| before >= place) {
                return Err(EvidenceError::Inconsistent("the order of its records"));
            }
            ends += u32::from(piece.frame.end().is_some());
            if kind_of(&piece.frame) != piece.kind || (piece.kind == RowKind::Start) != (piece.seq == Seq::default()) {
                return Err(EvidenceError::Inconsistent("the kind of a record"));
            }
            let Some(Entry { leaf, .. }) = &piece.entry else { continue };
            let belongs = (leaf.tenant, leaf.run) == (self.tenant.as_uuid(), self.run.as_uuid())
                && (leaf.seq, leaf.epoch) == (piece.seq.get(), piece.epoch.get())
                && row_kind(leaf.kind) == Some(piece.kind)
                && leaf.policy == *policy.as_bytes();
            if !belongs {
                return Err(EvidenceError::Inconsistent("an entry of the log, which is not that of its record"));
            }
        }
        if ends == 1 { Ok(()) } else { Err(EvidenceError::Inconsistent("its records, of which several are its end")) }
    }
}

/// What a frame is kept as.
const fn kind_of(frame: &Frame) -> RowKind {
    match frame {
        Frame::Start(_) => RowKind::Start,
        Frame::Intent { .. } | Frame::Wait { .. } | Frame::Asked { .. } => RowKind::Intent,
        Frame::Call { .. } | Frame::Outcome { .. } => RowKind::Outcome,
        Frame::End { .. } | Frame::Ended { .. } => RowKind::End,
    }
}

/// What a row is kept as whose entry is of this kind.
pub(super) const fn row_kind(kind: Kind) -> Option<RowKind> {
    match kind {
        Kind::Open => Some(RowKind::Start),
        Kind::Intent => Some(RowKind::Intent),
        Kind::Outcome | Kind::Refusal => Some(RowKind::Outcome),
        Kind::End => Some(RowKind::End),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
