//! How a ledger is opened. Plain values; it does not know where they are configured.

use std::path::PathBuf;

use signed_note::Signer;
use uuid::Uuid;

use crate::Writer;
use crate::limits::{SEGMENT_MAX, STEP_MAX};

/// Everything a ledger with zones needs.
pub struct Config {
    /// The three zone directories, in the order of their numbers.
    pub zones: [PathBuf; 3],
    /// This process's writer name; no two processes of a ledger may share one.
    pub writer: Writer,
    /// The ledger the zones belong to.
    pub ledger_id: Uuid,
    /// Sign checkpoints (C2SP signed-note), all of them each: the present key, and those that it follows.
    pub signers: Vec<Box<dyn Signer + Send>>,
    /// Whether zones that are empty may be made: only all three at once.
    pub create: bool,
    /// Sizes on disk.
    pub sizes: Sizes,
}

/// Sizes on disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// A segment that has reached this size is followed by a new one. At most [`SEGMENT_MAX`].
    pub segment: u64,
    /// How far ahead a segment is filled with zeros. 1 to [`STEP_MAX`].
    pub step: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { segment: 64 << 20, step: 1 << 20 }
    }
}

impl Sizes {
    pub(crate) fn fine(&self) -> bool {
        self.segment <= SEGMENT_MAX && (1..=STEP_MAX).contains(&self.step)
    }
}

/// What a ledger without zones does with its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Keep them, so that they can be read back, up to this many bytes; then appending fails.
    Keep {
        /// Bytes.
        limit: usize,
    },
    /// Forget them: only indices, hashes and checkpoints remain.
    Discard,
}
