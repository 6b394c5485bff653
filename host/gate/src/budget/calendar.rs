//! The UTC calendar as far as budgets need it: which hour, day or month a moment lies in, and how a moment is written.
//! It reads no clock: whoever asks says what time it is.

use super::resource::Span;

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;
/// The calendar ends with this year; a moment after it lies in its last month.
const LAST_YEAR: u64 = 9_999;

/// One hour, day or month, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// Its first millisecond.
    pub begins_ms: u64,
    /// The first millisecond after it.
    pub ends_ms: u64,
}

impl Period {
    /// The period that a moment lies in. What is used at once has none: it lies in all of time.
    #[must_use]
    pub fn of(span: Span, now_ms: u64) -> Self {
        match span {
            Span::AtOnce => Self { begins_ms: 0, ends_ms: u64::MAX },
            Span::Hour => Self::multiple(HOUR, now_ms),
            Span::Day => Self::multiple(DAY, now_ms),
            Span::Month => {
                let Date { year, month, day } = Date::of(now_ms);
                let begins_ms = (now_ms - now_ms % DAY).saturating_sub((day - 1).saturating_mul(DAY));
                Self { begins_ms, ends_ms: begins_ms.saturating_add(days_in(year, month).saturating_mul(DAY)) }
            }
        }
    }

    const fn multiple(length: u64, now_ms: u64) -> Self {
        let begins_ms = now_ms - now_ms % length;
        Self { begins_ms, ends_ms: begins_ms.saturating_add(length) }
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub const fn holds(&self, at_ms: u64) -> bool {
        self.begins_ms <= at_ms && at_ms < self.ends_ms
    }
}

/// A day of the calendar; months and days from 1.
struct Date {
    year: u64,
    month: u64,
    day: u64,
}

impl Date {
    fn of(at_ms: u64) -> Self {
        let mut days = at_ms / DAY;
        let mut year = 1970;
        while days >= days_of(year) && year < LAST_YEAR {
            days -= days_of(year);
            year += 1;
        }
        let mut month = 1;
        while days >= days_in(year, month) && month < 12 {
            days -= days_in(year, month);
            month += 1;
        }
        Self { year, month, day: days.saturating_add(1) }
    }
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A moment as RFC 3339 writes it, in UTC, to the second.
#[must_use]
pub fn written(at_ms: u64) -> String {
    let Date { year, month, day } = Date::of(at_ms);
    let second = at_ms % DAY / SECOND;
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

/// Reads what [`written`] writes, and no other spelling: milliseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use casemate_gate::budget::moment;
///
/// assert_eq!(moment("2026-11-24T10:00:00Z"), Some(1_795_514_400_000));
/// assert_eq!(moment("2026-11-24 10:00:00Z"), None);
/// ```
#[must_use]
pub fn moment(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u64>().ok());
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !(1970..=LAST_YEAR).contains(&year) || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let before = (1970..year).map(days_of).chain((1..month).map(|month| days_in(year, month))).sum::<u64>();
    let days = before.checked_add(day)?.checked_sub(1)?;
    let seconds = number(11, 13)?.checked_mul(3_600)?.checked_add(number(14, 16)?.checked_mul(60)?)?;
    let seconds = seconds.checked_add(number(17, 19)?)?;
    let at_ms = days.checked_mul(DAY)?.checked_add(seconds.checked_mul(SECOND)?)?;
    // Whatever is not this moment's own spelling, the 30th of February too, is written otherwise.
    (written(at_ms) == text).then_some(at_ms)
}

#[cfg(test)]
mod tests {
    use super::{Period, moment, written};
    use crate::budget::Span;

    #[test]
    fn moments_are_written_as_everybody_writes_them() {
        for (at_s, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(written(at_s * 1_000), text);
            assert_eq!(moment(text), Some(at_s * 1_000));
        }
        for text in [
            "",
            "1969-12-31T23:59:59Z",
            "2025-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01t00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+00:00",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z ",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn periods_follow_each_other_without_a_gap() {
        for span in [Span::Hour, Span::Day, Span::Month] {
            let mut period = Period::of(span, 0);
            for _ in 0..2_000 {
                let next = Period::of(span, period.ends_ms);
                assert_eq!(next.begins_ms, period.ends_ms, "{span:?} {}", written(period.ends_ms));
                assert_eq!(Period::of(span, next.ends_ms - 1), next);
                assert!(next.holds(next.begins_ms) && !next.holds(next.ends_ms));
                period = next;
            }
        }
        let month = Period::of(Span::Month, 1_709_251_199_000);
        assert_eq!(
            (written(month.begins_ms).as_str(), written(month.ends_ms).as_str()),
            ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z")
        );
    }

    #[test]
    fn the_end_of_the_calendar_is_no_panic() {
        for span in Span::ALL {
            assert!(Period::of(span, u64::MAX).begins_ms < u64::MAX);
        }
        assert!(!written(u64::MAX).is_empty());
    }
}
