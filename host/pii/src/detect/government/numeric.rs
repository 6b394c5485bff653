//! Schemes that are digits only. Knows one country's rules in each function.

use std::ops::Range;

use super::{Input, Reading, collect};
use crate::detect::checksum;

/// United States social security and individual taxpayer numbers, `123-45-6789`. No check digit; area 000 and
/// 666, group 00 and serial 0000 are never given, 9xx only for taxpayers (SSA POMS RM 10201.035, IRS ITIN).
pub(super) fn social_security(input: &Input<'_>, group: &Range<usize>) -> Option<Reading> {
    let (span, shape) = collect(input, group.start, 9)?;
    let canonical = digits_of(input, &span, 9)?;
    let part = |range: Range<usize>| canonical.get(range).and_then(checksum::number).unwrap_or(0);
    let (area, pair, serial) = (part(0..3), part(3..5), part(5..9));
    let taxpayer = area >= 900 && matches!(pair, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    if area == 0 || area == 666 || (area >= 900 && !taxpayer) || pair == 0 || serial == 0 {
        return None;
    }
    let separators = (input.at(group.start + 3), input.at(group.start + 6));
    let base = match (shape.as_slice(), separators) {
        ([3, 2, 4], (b'-', b'-')) => 850,
        ([3, 2, 4], (b' ', b' ')) => 600,
        ([3, 2, 4], (b'.', b'.')) => 450,
        ([9], _) => 200,
        _ => return None,
    };
    Some(Reading { span, base, canonical })
}

/// German Steuer-Identifikationsnummer: eleven digits, not starting with zero, one digit of the first ten two or
/// three times and no other more than once, check digit by ISO 7064 (Bundeszentralamt für Steuern).
pub(super) fn steuer_id(input: &Input<'_>, group: &Range<usize>) -> Option<Reading> {
    let (span, shape) = collect(input, group.start, 11)?;
    let canonical = digits_of(input, &span, 11)?;
    let mut counts = [0_u8; 10];
    for digit in checksum::values(canonical.get(..10)?) {
        *counts.get_mut(digit as usize)? += 1;
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let most = counts.iter().max().copied().unwrap_or(0);
    if canonical.starts_with('0') || repeated != 1 || most > 3 || !checksum::mod_11_10(&canonical) {
        return None;
    }
    let base = match shape.as_slice() {
        [2, 3, 3, 3] => 720,
        [11] => 350,
        _ => return None,
    };
    Some(Reading { span, base, canonical })
}

/// Polish PESEL: a date of birth whose month tells the century, four digits, a weighted check digit.
pub(super) fn pesel(input: &Input<'_>, group: &Range<usize>) -> Option<Reading> {
    if group.len() != 11 {
        return None;
    }
    let canonical = input.digits(group.clone());
    let month = canonical.get(2..4).and_then(checksum::number)? % 20;
    let day = canonical.get(4..6).and_then(checksum::number)?;
    let dated = (1..=12).contains(&month) && (1..=31).contains(&day);
    let weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1];
    (dated && checksum::weighted_mod_10(&canonical, &weights)).then(|| Reading {
        span: group.clone(),
        base: 350,
        canonical,
    })
}

/// The digits of `span`, if they are `count` and nothing else but separators stands there.
fn digits_of(input: &Input<'_>, span: &Range<usize>, count: usize) -> Option<String> {
    let digits = input.digits(span.clone());
    (digits.len() == count).then_some(digits)
}
