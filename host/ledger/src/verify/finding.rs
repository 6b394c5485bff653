//! What verification finds wrong, with where and the first bad index. It does not judge who did it.

use std::fmt;
use std::io;
use std::path::Path;

use crate::chain::Fault;
use crate::{FormatError, Origin};

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// A file or directory cannot be read.
    #[error("make it readable: {0}")]
    Unreadable(io::ErrorKind),
    /// The zone is not there.
    #[error("mount or restore the zone, there is nothing in its place")]
    Missing,
    /// The identity is missing or damaged.
    #[error("restore the zone's identity, it is missing or damaged")]
    Identity,
    /// The zone is not the one that belongs there.
    #[error("put the right zone here, this is another")]
    Foreign,
    /// A file or directory that no ledger writes.
    #[error("remove what is not part of a zone")]
    Stray,
    /// Bytes of a segment are wrong.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The last frame is unfinished: a crash, or the end was cut or changed.
    #[error("open the ledger once to complete the zone, its last frame is unfinished")]
    TornTail,
    /// A segment is longer or shorter than its frames and its preallocation step say.
    #[error("restore the segment, bytes were cut from or added to its end")]
    TailLength,
    /// A log directory without a checkpoint.
    #[error("restore the checkpoint of this log, it is missing")]
    CheckpointMissing,
    /// The checkpoint is not a checkpoint of this log.
    #[error("restore the checkpoint, it is malformed or of another log")]
    CheckpointMalformed,
    /// No given key signed the checkpoint, or a signature is wrong.
    #[error("restore the checkpoint or bring the right key, its signature does not verify")]
    CheckpointSignature,
    /// The checkpoint covers more entries than there are.
    #[error("restore the entries up to {size}, the checkpoint covers them")]
    CheckpointAhead {
        /// Entries the checkpoint covers.
        size: u64,
    },
    /// The entries do not hash to the checkpoint's root.
    #[error("restore the entries, they do not hash to the checkpoint's root")]
    CheckpointRoot,
    /// The zone differs from zone 0.
    #[error("open the ledger once or restore this zone, it differs from zone 0")]
    Disagree,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError {
    /// What is wrong.
    pub flaw: Flaw,
    /// The zone's number, once it is known.
    pub zone: Option<u8>,
    /// The file or directory.
    pub file: Box<Path>,
    /// The log that is wrong first, where one is.
    pub log: Option<Origin>,
    /// The first bad index in that log.
    pub index: Option<u64>,
    /// The byte offset in the file, where one is known.
    pub offset: Option<u64>,
}

impl VerifyError {
    pub(crate) fn new(flaw: impl Into<Flaw>, file: &Path) -> Self {
        Self { flaw: flaw.into(), zone: None, file: file.into(), log: None, index: None, offset: None }
    }

    pub(crate) fn io(file: &Path, error: &io::Error) -> Self {
        Self::new(Flaw::Unreadable(error.kind()), file)
    }

    pub(crate) fn fault(fault: Fault, file: &Path, offset: usize) -> Self {
        Self { log: fault.log, index: fault.index, ..Self::new(fault.reason, file).at(offset as u64) }
    }

    pub(crate) fn at(self, offset: u64) -> Self {
        Self { offset: Some(offset), ..self }
    }

    pub(crate) fn in_zone(self, zone: u8) -> Self {
        Self { zone: Some(zone), ..self }
    }

    /// The stable code of this finding.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &self.flaw {
            Flaw::Unreadable(_) => "ledger-zone-unreadable",
            Flaw::Missing => "ledger-zone-missing",
            Flaw::Identity => "ledger-zone-identity",
            Flaw::Foreign => "ledger-zone-foreign",
            Flaw::Stray => "ledger-stray-file",
            Flaw::Format(reason) => reason.code(),
            Flaw::TornTail => "ledger-tail-torn",
            Flaw::TailLength => "ledger-tail-length",
            Flaw::CheckpointMissing => "ledger-checkpoint-missing",
            Flaw::CheckpointMalformed => "ledger-checkpoint-malformed",
            Flaw::CheckpointSignature => "ledger-checkpoint-signature",
            Flaw::CheckpointAhead { .. } => "ledger-checkpoint-ahead",
            Flaw::CheckpointRoot => "ledger-checkpoint-root",
            Flaw::Disagree => "ledger-zones-disagree",
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.flaw, self.file.display())?;
        if let Some(offset) = self.offset {
            write!(f, ", byte {offset}")?;
        }
        if let Some(zone) = self.zone {
            write!(f, ", zone {zone}")?;
        }
        match (self.log, self.index) {
            (Some(log), Some(index)) => write!(f, ", log {log} from index {index})"),
            (Some(log), None) => write!(f, ", log {log})"),
            _ => f.write_str(")"),
        }
    }
}

impl std::error::Error for VerifyError {}
