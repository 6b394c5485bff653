//! The host's clock: the one place that asks the system what time it is. Guests never see it; they see the virtual
//! clock of their run. It doesn't know who asks.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z by the system's clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Units of fuel that stand for one millisecond of a run's virtual clock.
const FUEL_PER_MS: u64 = 1_000_000;

/// Time as a run sees it: the last recorded time, advanced by the fuel burned since. A replay that reads the same
/// records and burns the same fuel sees the same times.
#[derive(Debug, Clone, Copy, Default)]
pub struct VirtualClock {
    recorded_ms: u64,
    fuel_then: u64,
}

impl VirtualClock {
    /// Takes over a recorded time; it never goes back.
    pub fn record(&mut self, time_ms: u64, fuel_used: u64) {
        self.recorded_ms = self.recorded_ms.max(time_ms);
        self.fuel_then = fuel_used;
    }

    /// Milliseconds since 1970-01-01T00:00:00Z as the run sees them.
    #[must_use]
    pub const fn now_ms(&self, fuel_used: u64) -> u64 {
        self.recorded_ms.saturating_add(fuel_used.saturating_sub(self.fuel_then) / FUEL_PER_MS)
    }

    /// The time for the next record: the system's, unless that went backwards.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        now_ms().max(self.recorded_ms)
    }
}
