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

/// Units of fuel that stand for one millisecond of a run's virtual clock: one for each nanosecond.
const FUEL_PER_MS: u64 = 1_000_000;
const NS_PER_MS: u64 = 1_000_000;

/// Fuel that a run burns when it lets so many nanoseconds pass on its virtual clock.
#[must_use]
pub const fn fuel_of_ns(ns: u64) -> u64 {
    ns.saturating_mul(FUEL_PER_MS) / NS_PER_MS
}

/// Time as a run sees it: the last recorded time, advanced by the fuel burned since. A replay that reads the same
/// records and burns the same fuel sees the same times.
#[derive(Debug, Clone, Copy, Default)]
pub struct VirtualClock {
    recorded_ns: u64,
    fuel_then: u64,
    source: Source,
}

/// Where recorded times come from.
#[derive(Debug, Clone, Copy, Default)]
enum Source {
    /// From the system's clock.
    #[default]
    System,
    /// From nowhere: the run is a test, whose time is the same whenever it is run.
    Nowhere,
}

impl VirtualClock {
    /// Takes over a recorded time; it never goes back, not behind what the run may have seen either.
    pub const fn record(&mut self, time_ms: u64, fuel_used: u64) {
        let (seen, told) = (self.now_ns(fuel_used), time_ms.saturating_mul(NS_PER_MS));
        self.recorded_ns = if seen > told { seen } else { told };
        self.fuel_then = fuel_used;
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z as the run sees them.
    #[must_use]
    pub const fn now_ns(&self, fuel_used: u64) -> u64 {
        let burned = fuel_used.saturating_sub(self.fuel_then);
        self.recorded_ns.saturating_add(burned.saturating_mul(NS_PER_MS) / FUEL_PER_MS)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z as the run sees them.
    #[must_use]
    pub const fn now_ms(&self, fuel_used: u64) -> u64 {
        self.now_ns(fuel_used) / NS_PER_MS
    }

    /// The system's clock is not looked at from here on.
    pub const fn leave_the_world(&mut self) {
        self.source = Source::Nowhere;
    }

    /// The time for the next record: the system's, unless that went backwards.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        let recorded = self.recorded_ns / NS_PER_MS;
        match self.source {
            Source::System => now_ms().max(recorded),
            Source::Nowhere => recorded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::VirtualClock;

    #[test]
    fn it_goes_on_with_the_fuel_and_never_back() {
        let mut clock = VirtualClock::default();
        clock.record(1_000, 0);
        assert_eq!((clock.now_ms(0), clock.now_ns(7)), (1_000, 1_000_000_007));
        // The run has burned more fuel than time went by: what it saw stays true.
        clock.record(1_001, 5_000_000);
        assert_eq!(clock.now_ms(5_000_000), 1_005);
        clock.record(2_000, 6_000_000);
        assert_eq!(clock.now_ms(6_000_000), 2_000);
        assert_eq!(clock.now_ms(0), 2_000, "less fuel than at the last record is none");
    }
}
