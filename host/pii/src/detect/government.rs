//! Numbers by which a state knows a person, one scheme after the other.
//!
//! A scheme with check digits or letters is believed by itself; a bare run of digits needs a word beside it.
//! Knows the schemes' syntax, not who was given which number.

mod lettered;
mod numeric;

use std::ops::Range;

use super::{Input, is_word};
use crate::{Class, Match, context::Topic};

/// A scheme's verdict: where, what the form is worth, the normal form.
pub(super) struct Reading {
    pub(super) span: Range<usize>,
    pub(super) base: u16,
    pub(super) canonical: String,
}

type Scheme = fn(&Input<'_>, &Range<usize>) -> Option<Reading>;

/// Schemes that begin with the digits, and schemes with letters before them.
const DIGITS_FIRST: [Scheme; 5] =
    [numeric::social_security, numeric::steuer_id, numeric::pesel, lettered::nir, lettered::dni];
const LETTERS_FIRST: [Scheme; 2] = [lettered::nino, lettered::nie];

/// A document number without check digits under a key such as `passport_number`.
const NAMED: u16 = 300;

pub(crate) fn find(input: &Input<'_>, out: &mut Vec<Match>) {
    let before = out.len();
    for group in &input.groups {
        // Most groups of digits are tails of something longer and are dropped before anything is read.
        let tail = input.joined_left(group.start);
        let digits_first = DIGITS_FIRST.into_iter().filter(|_| !tail);
        for scheme in LETTERS_FIRST.into_iter().chain(digits_first) {
            let reading = scheme(input, group).filter(|reading| is_whole(input, &reading.span));
            out.extend(
                reading.map(|reading| input.weigh(Class::GovernmentId, reading.span, reading.base, reading.canonical)),
            );
        }
    }
    if out.len() == before && input.hint.topic == Some(Topic::Government) {
        out.extend(named(input));
    }
}

fn is_whole(input: &Input<'_>, span: &Range<usize>) -> bool {
    let goes_on = input.at(span.end) == b'-' && is_word(input.at(span.end + 1));
    let sign = matches!(input.before(span.start, 1), b'#' | b'$' | b'+');
    !(goes_on || sign || input.joined_left(span.start) || input.joined_right(span.end))
}

/// The whole text, if it is a number with few letters under a key that calls it an identity document.
fn named(input: &Input<'_>) -> Option<Match> {
    let value = input.text.trim();
    let start = input.text.len() - input.text.trim_start().len();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let fits = (6..=20).contains(&value.len())
        && digits >= 5
        && value.bytes().all(|byte| is_word(byte) || matches!(byte, b'-' | b' ' | b'.' | b'/'));
    let canonical = compact(value);
    fits.then(|| {
        let span = start..start + value.len();
        input.weigh(Class::GovernmentId, span, NAMED, canonical)
    })
}

/// Letters and digits in upper case, without separators.
pub(super) fn compact(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_uppercase()).collect()
}

/// Reads `count` letters or digits from `start`, single separators between them allowed; returns their end and
/// the lengths of the groups that they are written in.
pub(super) fn collect(input: &Input<'_>, start: usize, count: usize) -> Option<(Range<usize>, Vec<usize>)> {
    let mut at = start;
    let mut seen = 0;
    let mut groups = vec![0];
    while seen < count {
        let byte = *input.bytes.get(at)?;
        if byte.is_ascii_alphanumeric() {
            seen += 1;
            *groups.last_mut()? += 1;
        } else if matches!(byte, b' ' | b'-' | b'.' | b'/') && groups.last() != Some(&0) {
            groups.push(0);
        } else {
            return None;
        }
        at += 1;
    }
    Some((start..at, groups))
}

#[cfg(test)]
mod tests;
