//! Payment cards: 12 to 19 digits, Luhn's check, the number ranges of the brands.
//!
//! One random number in ten passes Luhn, so a number without a brand needs a context word. Knows no bank.
//! Ranges: the brands' published IIN tables after ISO/IEC 7812.

use std::ops::Range;

use super::{Input, checksum};
use crate::{Class, Match, context::Topic};

const LENGTHS: Range<usize> = 12..20;
/// Digits before `STRONG`: unbranded, branded but oddly grouped, and so on.
const UNBRANDED: u16 = 350;
const ODD: u16 = 450;
const UNUSUAL_LENGTH: u16 = 550;
const BLOCK: u16 = 850;
const GROUPED: u16 = 980;
/// A number that fails Luhn under a key that calls it a card: more likely mistyped than not a card.
const NAMED: u16 = 200;

pub(crate) fn find(input: &Input<'_>, out: &mut Vec<Match>) {
    let mut from = 0;
    while from < input.groups.len() {
        let (found, used) = longest(input, from);
        out.extend(found);
        from += used.max(1);
    }
}

/// The best card that starts with group `from`, and how many groups it takes.
fn longest(input: &Input<'_>, from: usize) -> (Option<Match>, usize) {
    let mut best: Option<(u16, Range<usize>, usize)> = None;
    let groups = input.groups.get(from..).unwrap_or_default();
    let Some(first) = groups.first() else {
        return (None, 0);
    };
    let mut digits = 0;
    let mut end = first.start;
    for (at, group) in groups.iter().enumerate() {
        digits += group.len();
        let gap = input.bytes.get(end..group.start).unwrap_or_default();
        if digits >= LENGTHS.end || (at > 0 && !is_gap(gap)) {
            break;
        }
        end = group.end;
        if LENGTHS.contains(&digits) {
            let shape = groups.get(..=at).unwrap_or_default();
            let span = first.start..end;
            let score = score(input, &span, shape);
            if score > best.as_ref().map_or(0, |(best, ..)| *best) {
                best = Some((score, span, at + 1));
            }
        }
    }
    best.map_or((None, 1), |(score, span, used)| {
        let canonical = input.digits(span.clone());
        (Some(input.weigh(Class::Card, span, score, canonical)), used)
    })
}

fn is_gap(gap: &[u8]) -> bool {
    matches!(gap.len(), 1..=2)
        && gap.iter().all(|byte| matches!(byte, b' ' | b'-' | b'.' | b'_' | b'/' | b'\n' | b'\t' | b'\r'))
}

fn score(input: &Input<'_>, span: &Range<usize>, shape: &[Range<usize>]) -> u16 {
    let digits = input.digits(span.clone());
    let lengths = || shape.iter().map(Range::len);
    let grouped = shape.len() > 1
        && (lengths().all(|length| length == 4)
            || lengths().eq([4, 6, 5])
            || lengths().eq([4, 6, 4])
            || lengths().eq([4, 4, 4, 4, 3]));
    let usual = is_usual_length(&digits);
    let joined = input.joined_left(span.start) || input.joined_right(span.end);
    if !checksum::luhn(&digits) || digits.bytes().all(|digit| digit == b'0') {
        let named = input.hint.topic == Some(Topic::Card) && !joined && digits.len() > 12;
        return if named { NAMED } else { 0 };
    }
    // A full grouping of a known brand stands even inside a longer chain; anything else does not.
    let alone = !joined || (grouped && usual && !touches_letters(input, span));
    let plain = shape.windows(2).all(|pair| match pair {
        [left, right] => matches!(input.bytes.get(left.end..right.start), Some([b' ' | b'-' | b'\n' | b'\t'])),
        _ => true,
    });
    match (alone, has_brand(&digits)) {
        (false, _) => 0,
        (true, false) if shape.len() == 1 || grouped => UNBRANDED,
        (true, false) => 0,
        (true, true) if grouped && usual => GROUPED,
        (true, true) if shape.len() > 1 && plain => ODD,
        (true, true) if shape.len() > 1 => 0,
        (true, true) if usual => BLOCK,
        (true, true) => UNUSUAL_LENGTH,
    }
}

fn touches_letters(input: &Input<'_>, span: &Range<usize>) -> bool {
    super::is_word(input.before(span.start, 1)) || super::is_word(input.at(span.end))
}

/// The length that nearly all cards of the brand have.
fn is_usual_length(digits: &str) -> bool {
    match digits.get(..2) {
        Some("34" | "37") => digits.len() == 15,
        Some("30" | "36" | "38" | "39") => matches!(digits.len(), 14 | 16),
        _ => digits.len() == 16,
    }
}

fn has_brand(digits: &str) -> bool {
    let prefix = |length| digits.get(..length).and_then(checksum::number).unwrap_or(0);
    let (two, three, four) = (prefix(2), prefix(3), prefix(4));
    let length = digits.len();
    let visa = two / 10 == 4 && matches!(length, 13 | 16 | 19);
    let mastercard = length == 16 && ((51..=55).contains(&two) || (2221..=2720).contains(&four));
    let amex = length == 15 && matches!(two, 34 | 37);
    let discover = length >= 16 && (four == 6011 || two == 65 || (644..=649).contains(&three));
    let diners = matches!(length, 14 | 16) && ((300..=305).contains(&three) || matches!(two, 36 | 38 | 39));
    let jcb = length >= 16 && (3528..=3589).contains(&four);
    let unionpay = length >= 16 && two == 62;
    let maestro = matches!(two, 50 | 56..=58 | 63 | 67);
    let mir = length == 16 && (2200..=2204).contains(&four);
    let rupay = length == 16 && matches!(two, 60 | 81 | 82);
    visa || mastercard || amex || discover || diners || jcb || unionpay || maestro || mir || rupay
}

#[cfg(test)]
mod tests;
