//! Time as the run sees it: the same when the run is repeated from its journal.

use std::fmt;
use std::time::Duration;

use crate::refusal::Refusal;
use crate::world;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, without leap seconds. It shows itself as RFC 3339.
///
/// ```
/// let moment = casemate::clock::Time::from_milliseconds(951_782_400_123);
/// assert_eq!(moment.to_string(), "2000-02-29T00:00:00.123Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The moment so many milliseconds after the beginning of 1970.
    ///
    /// ```
    /// let moment = casemate::clock::Time::from_milliseconds(1_000);
    /// assert_eq!(moment.milliseconds(), 1_000);
    /// ```
    #[must_use]
    pub const fn from_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the beginning of 1970.
    ///
    /// ```
    /// # let moment = casemate::clock::Time::from_milliseconds(5);
    /// assert_eq!(moment.milliseconds(), 5);
    /// ```
    #[must_use]
    pub const fn milliseconds(self) -> u64 {
        self.0
    }

    /// Time since the beginning of 1970.
    ///
    /// ```
    /// # let moment = casemate::clock::Time::from_milliseconds(1_500);
    /// assert_eq!(moment.since_epoch().as_secs(), 1);
    /// ```
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// Time since an earlier moment; zero if that one is later.
    ///
    /// ```
    /// use casemate::clock::Time;
    ///
    /// let (start, end) = (Time::from_milliseconds(1_000), Time::from_milliseconds(4_500));
    /// assert_eq!(end.since(start).as_millis(), 3_500);
    /// assert!(start.since(end).is_zero());
    /// ```
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, milliseconds) = (self.0 / 1_000, self.0 % 1_000);
        let (year, month, day) = civil(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
    }
}

/// Year, month and day of a day counted from 1970-01-01, after Howard Hinnant's `civil_from_days`: years begin in
/// March, so that the leap day is the last of its year, and repeat every 146,097 days.
const fn civil(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let in_month = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + carry, month, in_month)
}

/// The time.
///
/// ```
/// use casemate::clock::{self, Time};
/// use casemate::testing::Script;
///
/// let script = Script::new().clock_now(Ok(Time::from_milliseconds(1_767_268_800_000)));
/// let shown = script.run(|| clock::now().map(|now| format!("it is {now}")));
/// assert_eq!(shown.as_deref(), Ok("it is 2026-01-01T12:00:00.000Z"));
/// ```
///
/// # Errors
/// Refused when the agent may not read the clock.
pub fn now() -> Result<Time, Refusal> {
    world::clock_now().map(Time)
}

/// Waits at least this long, rounded up to a millisecond; 30 days at most. The run gives up its memory meanwhile.
///
/// ```
/// use casemate::{clock, testing::Script};
/// use std::time::Duration;
///
/// let hour = Duration::from_secs(3600);
/// let woken = Script::new().clock_sleep(hour, Ok(())).run(|| clock::sleep(hour));
/// assert_eq!(woken, Ok(()));
/// ```
///
/// # Errors
/// Refused when the agent may not wait, or not that long.
pub fn sleep(duration: Duration) -> Result<(), Refusal> {
    world::clock_sleep(milliseconds(duration))
}

/// Whole milliseconds, rounded up.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Time, civil};
    use std::time::Duration;

    #[test]
    fn days_turn_into_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(58), (1970, 2, 28));
        assert_eq!(civil(59), (1970, 3, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_454), (2026, 1, 1));
        assert_eq!(civil(47_540), (2100, 2, 28));
        assert_eq!(civil(47_541), (2100, 3, 1));
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_last() {
        let mut last = civil(0);
        for day in 1..146_097 {
            let next = civil(day);
            let same_month = next == (last.0, last.1, last.2 + 1);
            let next_month = next == (last.0, last.1 + 1, 1) || next == (last.0 + 1, 1, 1) && last.1 == 12;
            assert!(same_month || next_month && last.2 >= 28, "{last:?} {next:?}");
            last = next;
        }
        assert_eq!(last, (2369, 12, 31));
    }

    #[test]
    fn moments_show_themselves_as_rfc_3339() {
        assert_eq!(Time::from_milliseconds(1_767_225_599_009).to_string(), "2025-12-31T23:59:59.009Z");
    }

    #[test]
    fn time_never_runs_backwards() {
        let (early, late) = (Time(5), Time(9));
        assert_eq!(late.since(early), Duration::from_millis(4));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
