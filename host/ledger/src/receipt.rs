//! Proof, inside this process, that an entry is durable. Only this crate can make one, and only after the commit,
//! and it cannot be copied, so a function that demands a receipt cannot be called for an entry that might still
//! be lost. It does not know what the caller may do with it.

use crate::{Origin, Sha};

/// A durable entry. Not `Clone`: it is spent by whoever needs it.
#[derive(Debug)]
#[must_use = "a receipt is the only evidence that the entry is durable"]
pub struct Receipt {
    origin: Origin,
    index: u64,
    leaf_hash: Sha,
    frame: u64,
}

impl Receipt {
    pub(crate) fn new(origin: Origin, index: u64, leaf_hash: Sha, frame: u64) -> Self {
        Self { origin, index, leaf_hash, frame }
    }

    /// The log the entry is in.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Its position in that log, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Its RFC 6962 leaf hash.
    #[must_use]
    pub fn leaf_hash(&self) -> Sha {
        self.leaf_hash
    }

    /// The number of the frame it was committed with.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }
}
