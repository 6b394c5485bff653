//! Randomness for tests that try what nobody thought of. Its seed is printed, so that a failure can be looked at.

use std::hash::{BuildHasher as _, RandomState};

/// A generator (xorshift64*), good enough to choose moments and places.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        let seed = RandomState::new().hash_one(0_u8) | 1;
        println!("randomness from seed {seed}");
        Self(seed)
    }

    /// One that was had before.
    pub(crate) fn from(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % limit.max(1)
    }
}
