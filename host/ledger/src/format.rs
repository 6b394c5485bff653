//! Why bytes are not what this crate writes. One enum for all formats, so that recovery, reading and offline
//! verification give the same code for the same damage. It does not know where the bytes came from.

use thiserror::Error;

/// A reason for which bytes or their order in a log are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The leaf is not `LEAF_LEN` bytes.
    #[error("restore the entry, its leaf has the wrong length")]
    LeafLength,
    /// The leaf's version byte is not known here.
    #[error("read the entry with a newer casemate, its leaf version is unknown")]
    LeafVersion,
    /// The leaf's kind byte is not known here.
    #[error("read the entry with a newer casemate, its kind is unknown")]
    LeafKind,
    /// An origin is not `<tenant-uuid>/<writer>`, or is not that of its leaf and segment.
    #[error("restore the entry, its origin is malformed or not the one of its log")]
    Origin,
    /// An entry ends early, or a length in it is wrong.
    #[error("restore the entry, its lengths do not add up")]
    EntryLength,
    /// An entry's CRC-32C is wrong: it was changed after it was written.
    #[error("restore the entry, its checksum does not match")]
    EntryChecksum,
    /// A frame does not start with the frame magic.
    #[error("restore the segment from another zone, a frame does not start where it must")]
    FrameMagic,
    /// A frame of an unknown format version.
    #[error("read the segment with a newer casemate, its frame version is unknown")]
    FrameVersion,
    /// A frame ends early, is too long, or its entry count is out of bounds or wrong.
    #[error("restore the segment from another zone, a frame is cut or its length is wrong")]
    FrameLength,
    /// A frame's SHA-256 does not match its bytes.
    #[error("restore the segment from another zone, a frame does not match its hash")]
    FrameHash,
    /// A frame does not carry the number that follows the one before.
    #[error("restore the missing frame, the frame numbers have a gap")]
    FrameNumber,
    /// A frame does not name the hash of the frame before it.
    #[error("restore the frame before, this one is chained to another")]
    FrameChain,
    /// A segment's header is malformed or does not match its hash or file name.
    #[error("restore the segment from another zone, its header is damaged")]
    SegmentHeader,
    /// A segment is larger than the limits allow.
    #[error("restore the segment from another zone, it is larger than any segment can be")]
    SegmentLength,
    /// An entry's index is not the one that follows in its log.
    #[error("restore the missing entry, the indices of its log have a gap")]
    Index,
    /// An entry does not name the leaf hash before it in its log.
    #[error("restore the entry before, this one is chained to another")]
    PreviousLeaf,
    /// The commitment is not SHA-256(salt ‖ payload).
    #[error("restore the entry, its payload or salt is not the one committed to")]
    Commitment,
}

impl FormatError {
    /// The stable code of this reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LeafLength => "ledger-leaf-length",
            Self::LeafVersion => "ledger-leaf-version",
            Self::LeafKind => "ledger-leaf-kind",
            Self::Origin => "ledger-origin",
            Self::EntryLength => "ledger-entry-length",
            Self::EntryChecksum => "ledger-entry-checksum",
            Self::FrameMagic => "ledger-frame-magic",
            Self::FrameVersion => "ledger-frame-version",
            Self::FrameLength => "ledger-frame-length",
            Self::FrameHash => "ledger-frame-hash",
            Self::FrameNumber => "ledger-frame-number",
            Self::FrameChain => "ledger-frame-chain",
            Self::SegmentHeader => "ledger-segment-header",
            Self::SegmentLength => "ledger-segment-length",
            Self::Index => "ledger-index-gap",
            Self::PreviousLeaf => "ledger-leaf-chain",
            Self::Commitment => "ledger-commitment",
        }
    }
}
