//! Telephone numbers: international ones, North American ones, national ones that begin with zero, and bare
//! digits where a word or key calls them a telephone.
//!
//! Most digits in tool traffic are dates, versions, prices and ids, so every form has to look like a number
//! that people dial; knows the plans' lengths, not which numbers are in service.

mod plan;

use std::ops::Range;

use super::{Input, is_word};
use crate::{Class, Match, context::Topic};

/// The most digits in a number (ITU-T E.164) and the most groups that they are written in.
const MOST_DIGITS: usize = 15;
const MOST_GROUPS: usize = 8;

/// A reading of a chain of groups: how many of them it takes, what the form is worth, the normal form.
pub(super) struct Reading {
    pub(super) groups: usize,
    pub(super) base: u16,
    pub(super) canonical: String,
}

/// Groups of digits that separators of telephone numbers join.
pub(super) struct Chain<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) groups: &'a [Range<usize>],
    /// Where the number starts with its `+` or opening parenthesis.
    pub(super) start: usize,
    pub(super) plus: bool,
}

pub(crate) fn find(input: &Input<'_>, out: &mut Vec<Match>) {
    let mut from = 0;
    while from < input.groups.len() {
        let found = chain(input, from).and_then(|chain| read(&chain));
        from += found.as_ref().map_or(1, |(_, used)| *used);
        out.extend(found.map(|(found, _)| found));
    }
}

fn chain<'a>(input: &'a Input<'a>, from: usize) -> Option<Chain<'a>> {
    let rest = input.groups.get(from..)?;
    let mut count = 0;
    let mut digits = 0;
    let mut end = rest.first()?.start;
    for group in rest.iter().take(MOST_GROUPS) {
        let gap = input.bytes.get(end..group.start)?;
        digits += group.len();
        if digits > MOST_DIGITS + 3 || (count > 0 && !is_gap(gap)) {
            break;
        }
        end = group.end;
        count += 1;
    }
    let mut start = rest.first()?.start;
    start -= usize::from(input.before(start, 1) == b'(');
    let plus = input.before(start, 1) == b'+';
    start -= usize::from(plus);
    let glued = matches!(input.before(start, 1), b'#' | b'$' | b'+' | b'*');
    let currency = input.text.get(..start)?.ends_with(['€', '£', '¥']);
    (!glued && !currency && !input.joined_left(start)).then_some(Chain {
        input,
        groups: rest.get(..count)?,
        start,
        plus,
    })
}

fn is_gap(gap: &[u8]) -> bool {
    matches!(gap, b" " | b"-" | b"." | b"/" | b") " | b")" | b")-" | b" (" | b"(" | b" - " | b"-(" | b"). ")
}

fn read(chain: &Chain<'_>) -> Option<(Match, usize)> {
    let reading = if chain.plus {
        plan::international(chain)
    } else {
        plan::north_american(chain)
            .or_else(|| plan::double_zero(chain))
            .or_else(|| plan::national(chain))
            .or_else(|| bare(chain))
    }?;
    let end = chain.groups.get(reading.groups - 1)?.end;
    let span = chain.start..end;
    let found = chain.input.weigh(Class::Phone, span, reading.base, reading.canonical);
    Some((found, reading.groups))
}

/// Seven to twelve digits in up to four groups, worth something only beside a word such as `call`.
fn bare(chain: &Chain<'_>) -> Option<Reading> {
    let (first, last) = (chain.groups.first()?, chain.groups.last()?);
    let span = first.start..last.end;
    let canonical = chain.input.digits(span.clone());
    let text = chain.input.text.get(span.clone())?;
    let decimal = text.contains('.');
    let fits = (7..=12).contains(&canonical.len()) && chain.groups.len() <= 4;
    if !fits || decimal || chain.is_date() || !chain.ends_at(chain.groups.len()) {
        return None;
    }
    // Asked for before it is weighed: numbers without any such word are the common case.
    (chain.input.topic(&span) == Some(Topic::Phone)).then_some(Reading {
        groups: chain.groups.len(),
        base: 250,
        canonical,
    })
}

impl Chain<'_> {
    pub(super) fn length(&self, group: usize) -> usize {
        self.groups.get(group).map_or(0, Range::len)
    }

    /// Whether a number may end after `count` groups: a following group must not hang on to it.
    pub(super) fn ends_at(&self, count: usize) -> bool {
        let Some(end) = count.checked_sub(1).and_then(|at| self.groups.get(at)) else {
            return false;
        };
        let next = self.input.at(end.end);
        !self.input.joined_right(end.end) && !is_word(next) && next != b'%'
    }

    /// The digits of `count` groups.
    pub(super) fn digits(&self, count: usize) -> String {
        let groups = self.groups.iter().take(count);
        groups.map(|group| self.input.digits(group.clone())).collect()
    }

    /// What stands between group `at` and the next one.
    pub(super) fn gap(&self, at: usize) -> &[u8] {
        match (self.groups.get(at), self.groups.get(at + 1)) {
            (Some(left), Some(right)) => self.input.bytes.get(left.end..right.start).unwrap_or_default(),
            _ => b"",
        }
    }

    /// Year, month and day in either order, with or without a time after it.
    fn is_date(&self) -> bool {
        let value = |at: usize| {
            let group = self.groups.get(at).cloned().unwrap_or_default();
            self.input.digits(group).parse::<u32>().unwrap_or(0)
        };
        let (a, b, c) = (value(0), value(1), value(2));
        let small =
            |month: u32, day: u32| (1..=31).contains(&month) && (1..=31).contains(&day) && (month <= 12 || day <= 12);
        let year = |year: u32| (1900..2100).contains(&year);
        let block = self.length(0) == 8 && (year(a / 10_000) && small(a / 100 % 100, a % 100));
        self.groups.len() >= 3 && ((year(a) && small(b, c)) || (small(a, b) && year(c))) || block
    }
}

#[cfg(test)]
mod tests;
