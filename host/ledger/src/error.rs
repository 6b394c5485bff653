//! What the online parts of the ledger answer when they refuse. Display is one clause that says what to do; the
//! codes are stable and are what programs compare. It does not know how an error is shown to a guest.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use uuid::Uuid;

use crate::{FormatError, Origin, Writer};

/// Why a ledger does not open. Zones are numbered 0 to 2.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields say by name where it happened; a comment each would only repeat it")]
pub enum OpenError {
    /// A size in the configuration is out of bounds.
    #[error("choose sizes within the ledger's limits")]
    Config,
    /// The zone's directory, or its identity in a ledger that exists, is not there.
    #[error("mount or prepare zone {zone} at {}, it is not there", path.display())]
    ZoneMissing { zone: u8, path: PathBuf },
    /// A file or directory of the zone cannot be read or written.
    #[error("make {} of zone {zone} readable and writable: {source}", path.display())]
    ZoneUnreadable { zone: u8, path: PathBuf, source: io::Error },
    /// The device of the zone is full.
    #[error("free space for {} of zone {zone}", path.display())]
    DiskFull { zone: u8, path: PathBuf },
    /// The directory is another zone or belongs to another ledger, or its identity is damaged.
    #[error("put zone {zone} of ledger {ledger} at {}, something else is there", path.display())]
    ZoneForeign { zone: u8, ledger: Uuid, path: PathBuf },
    /// Another process has the zone open.
    #[error("stop the other process that holds zone {zone} at {}", path.display())]
    Locked { zone: u8, path: PathBuf },
    /// Acknowledged bytes were changed or lost in a way that no crash explains.
    #[error("verify and restore zone {zone}, {} is damaged at frame {frame}: {reason}", file.display())]
    ZoneCorrupt {
        zone: u8,
        file: PathBuf,
        frame: u64,
        /// The log that is damaged first, where it can be told.
        log: Option<Origin>,
        /// The first bad index in that log.
        index: Option<u64>,
        reason: FormatError,
    },
    /// Two zones hold different valid frames under one number.
    #[error("decide by an outside checkpoint which zone is right, {zone} and {other} differ at frame {frame}")]
    ZonesDiverge { zone: u8, other: u8, writer: Writer, frame: u64 },
    /// A checkpoint covers more entries than the zones have: they were rolled back.
    #[error("restore the newer log, zone {zone} has a checkpoint of {origin} ahead of it at size {size}")]
    CheckpointAhead { zone: u8, origin: Origin, size: u64 },
    /// A checkpoint is not of the log that is there, or is no checkpoint.
    #[error("restore the log or checkpoint of {origin} in zone {zone}, one is not of the other")]
    CheckpointMismatch { zone: u8, origin: Origin },
}

impl OpenError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config => "ledger-config",
            Self::ZoneMissing { .. } => "ledger-zone-missing",
            Self::ZoneUnreadable { .. } => "ledger-zone-unreadable",
            Self::DiskFull { .. } => "ledger-disk-full",
            Self::ZoneForeign { .. } => "ledger-zone-foreign",
            Self::Locked { .. } => "ledger-locked",
            Self::ZoneCorrupt { .. } => "ledger-zone-corrupt",
            Self::ZonesDiverge { .. } => "ledger-zones-diverge",
            Self::CheckpointAhead { .. } => "ledger-checkpoint-ahead",
            Self::CheckpointMismatch { .. } => "ledger-checkpoint-mismatch",
        }
    }

    /// An I/O error with its place; a full device keeps its own code.
    pub(crate) fn io(zone: u8, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        if crate::disk::is_full(&source) {
            return Self::DiskFull { zone, path };
        }
        Self::ZoneUnreadable { zone, path, source }
    }
}

/// Why entries were not appended. Cloned to every caller whose entries were in the batch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields say by name where it happened; a comment each would only repeat it")]
pub enum AppendError {
    /// A write or sync failed: whether the batch is durable is not known, and nothing more is taken.
    #[error("repair zone {zone} and open the ledger again, a write failed: {cause}")]
    ZoneFailed { zone: u8, cause: String },
    /// The device of a zone is full: nothing more is taken.
    #[error("free space in zone {zone} and open the ledger again")]
    DiskFull { zone: u8 },
    /// The memory limit of a ledger without zones is reached.
    #[error("raise the memory limit of this ledger or give it zones")]
    MemoryFull,
    /// The ledger was closed.
    #[error("open the ledger again, it was closed")]
    Closed,
    /// The sequencer ended without an answer: whether the batch is durable is not known.
    #[error("open the ledger again, its sequencer has stopped")]
    Stopped,
    /// A payload is too large.
    #[error("split the payload of {len} bytes, at most 1 MiB fits in an entry")]
    PayloadTooLarge { len: usize },
    /// The drafts of one submit do not fit in one frame.
    #[error("submit fewer or smaller drafts at once, a frame takes 4096 entries and 4 MiB")]
    BatchTooLarge,
    /// A submit without drafts.
    #[error("submit at least one draft")]
    Empty,
    /// Too much is waiting.
    #[error("wait until entries submitted before are durable, the queue is full")]
    Busy,
    /// A counter is used up.
    #[error("start a new ledger, a counter of this one is used up")]
    Exhausted,
}

impl AppendError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ZoneFailed { .. } => "ledger-zone-failed",
            Self::DiskFull { .. } => "ledger-disk-full",
            Self::MemoryFull => "ledger-memory-full",
            Self::Closed => "ledger-closed",
            Self::Stopped => "ledger-stopped",
            Self::PayloadTooLarge { .. } => "ledger-payload-too-large",
            Self::BatchTooLarge => "ledger-batch-too-large",
            Self::Empty => "ledger-batch-empty",
            Self::Busy => "ledger-busy",
            Self::Exhausted => "ledger-exhausted",
        }
    }

    pub(crate) fn zone(zone: u8, error: &io::Error) -> Self {
        if crate::disk::is_full(error) {
            return Self::DiskFull { zone };
        }
        Self::ZoneFailed { zone, cause: error.to_string() }
    }
}

/// Why no checkpoint was signed or published.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields say by name where it happened; a comment each would only repeat it")]
pub enum CheckpointError {
    /// This ledger writes no such log.
    #[error("ask for a log this ledger writes, {origin} is not one")]
    LogUnknown { origin: Origin },
    /// The log is not a continuation of what was signed before.
    #[error("stop and verify the zones, {origin} is not what was signed before")]
    Inconsistent { origin: Origin },
    /// The signer refused.
    #[error("repair the signer: {cause}")]
    Signer { cause: String },
    /// The checkpoint could not be written to a zone.
    #[error("make zone {zone} writable and ask for the checkpoint again: {cause}")]
    Publish { zone: u8, cause: String },
    /// The ledger takes no more work.
    #[error(transparent)]
    Ledger(#[from] AppendError),
}

impl CheckpointError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LogUnknown { .. } => "ledger-log-unknown",
            Self::Inconsistent { .. } => "ledger-checkpoint-inconsistent",
            Self::Signer { .. } => "ledger-signer-failed",
            Self::Publish { .. } => "ledger-checkpoint-unpublished",
            Self::Ledger(error) => error.code(),
        }
    }
}

/// Why entries cannot be read back.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields say by name where it happened; a comment each would only repeat it")]
pub enum ReadError {
    /// A file or directory cannot be read.
    #[error("make {} readable: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// The directory is no zone, or its identity is damaged.
    #[error("name a zone's directory, {} is none", path.display())]
    NotAZone { path: PathBuf },
    /// Bytes are not what was written.
    #[error("verify the zone, {} is damaged at byte {offset}: {reason}", file.display())]
    Damaged { file: PathBuf, offset: u64, reason: FormatError },
}

impl ReadError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "ledger-zone-unreadable",
            Self::NotAZone { .. } => "ledger-zone-foreign",
            Self::Damaged { reason, .. } => reason.code(),
        }
    }
}
