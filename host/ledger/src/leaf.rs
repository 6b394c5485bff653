//! The leaf: the part of an entry that is hashed into the tree and never erased. Fixed size, written by hand, so
//! that its bytes are the same in every version and language. It does not know the payload, only a commitment to
//! it, so that erasing a payload leaves every proof valid.
//!
//! Layout, big-endian, 166 bytes: version 1 | kind 1 | tenant 16 | run 16 | seq 8 | epoch 8 | tool 2 |
//! decision 2 | time 8 | policy 32 | previous leaf hash 32 | index 8 | commitment 32.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::bytes::Cursor;
use crate::{FormatError, Kind, Sha};

/// Length of a leaf in bytes.
pub const LEAF_LEN: usize = 166;
/// The leaf version this crate writes.
pub(crate) const LEAF_VERSION: u8 = 1;

/// One leaf, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// What the entry records.
    pub kind: Kind,
    /// The tenant whose log it is in.
    pub tenant: Uuid,
    /// The run it belongs to; nil when none.
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
    /// RFC 6962 leaf hash of the entry before in this log; [`crate::Origin::genesis`] at index 0.
    pub prev: Sha,
    /// Position in this log, from 0.
    pub index: u64,
    /// SHA-256(salt ‖ payload).
    pub commitment: Sha,
}

impl Leaf {
    /// Appends the 166 bytes to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(LEAF_VERSION);
        out.push(self.kind.number());
        out.extend_from_slice(self.tenant.as_bytes());
        out.extend_from_slice(self.run.as_bytes());
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.tool.to_be_bytes());
        out.extend_from_slice(&self.decision.to_be_bytes());
        out.extend_from_slice(&self.time_ms.to_be_bytes());
        out.extend_from_slice(&self.policy);
        out.extend_from_slice(&self.prev);
        out.extend_from_slice(&self.index.to_be_bytes());
        out.extend_from_slice(&self.commitment);
    }

    /// Decodes exactly one leaf. Any 166 bytes with a known version and kind are one leaf and no other bytes
    /// are, so decode and encode are inverse.
    ///
    /// # Errors
    /// `LeafLength`, `LeafVersion` or `LeafKind`.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() != LEAF_LEN {
            return Err(FormatError::LeafLength);
        }
        let mut c = Cursor::new(bytes);
        if c.u8() != Some(LEAF_VERSION) {
            return Err(FormatError::LeafVersion);
        }
        let kind = c.u8().and_then(Kind::from_number).ok_or(FormatError::LeafKind)?;
        Self::fields(kind, &mut c).ok_or(FormatError::LeafLength)
    }

    fn fields(kind: Kind, c: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            kind,
            tenant: Uuid::from_bytes(c.array()?),
            run: Uuid::from_bytes(c.array()?),
            seq: c.u64()?,
            epoch: c.u64()?,
            tool: c.u16()?,
            decision: c.u16()?,
            time_ms: c.u64()?,
            policy: c.array()?,
            prev: c.array()?,
            index: c.u64()?,
            commitment: c.array()?,
        })
    }
}

/// RFC 6962 section 2.1 leaf hash, SHA-256(0x00 ‖ leaf).
pub(crate) fn leaf_hash(leaf: &[u8]) -> Sha {
    tlog_tiles::record_hash(leaf).0
}

/// What a leaf says of its payload: SHA-256(salt ‖ payload). The salt keeps short payloads from being guessed
/// once they are erased.
pub(crate) fn commitment(salt: &[u8; 32], payload: &[u8]) -> Sha {
    Sha256::new().chain_update(salt).chain_update(payload).finalize().into()
}
