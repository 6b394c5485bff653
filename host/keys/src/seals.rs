//! How often a key may seal. Nonces are random and have 96 bits, so a key may seal 2^32 records and no more (NIST
//! SP 800-38D, section 8.3); then two nonces could be the same. It doesn't know what is sealed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bounds on how often a key seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Seals after which a key refuses.
    pub seals: u64,
    /// Seals after which a key that is kept has a successor made for it.
    pub roll: u64,
    /// Most seals for which a key that is kept is charged ahead of time, so that a restart can't reset the count.
    pub lease: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seals: 1 << 32, roll: 1 << 31, lease: 1 << 20 }
    }
}

/// First lease of a process: most are short, and what one leaves of its lease is lost.
const FIRST_LEASE: u64 = 1 << 10;

impl Limits {
    /// The next lease of a key that was charged for so many seals, `taken` of them by this process.
    pub(crate) fn next_lease(&self, charged: u64, taken: u64) -> u64 {
        let wanted = taken.max(FIRST_LEASE).min(self.lease.max(1));
        wanted.min(self.seals.saturating_sub(charged))
    }
}

/// What a key may still seal.
#[derive(Debug)]
pub(crate) struct Seals {
    left: AtomicU64,
}

impl Seals {
    pub(crate) const fn new(left: u64) -> Self {
        Self { left: AtomicU64::new(left) }
    }

    /// Takes one; false where none is left.
    pub(crate) fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// Takes away what was sealed before.
    pub(crate) fn spend(&self, seals: u64) {
        let _always_some =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(seals)));
    }

    pub(crate) fn add(&self, seals: u64) {
        self.left.fetch_add(seals, Ordering::Relaxed);
    }

    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }
}
