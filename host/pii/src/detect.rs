//! What the detectors share: the prepared input, the tests at the edges of a candidate, and the weighing of
//! form against context.
//!
//! Knows no class; each class has a file below. All spans here are in the folded text.

pub(crate) mod card;
pub(crate) mod checksum;
pub(crate) mod credential;
pub(crate) mod email;
pub(crate) mod government;
pub(crate) mod phone;

use std::ops::Range;

use crate::{
    Class, Confidence, Match,
    context::{self, Topic},
    hint::Hint,
};

/// Stands for the bytes of tokens already in the text: a control character that no value contains.
pub(crate) const MASK: u8 = 0x1F;

/// A folded text, prepared once for all detectors.
pub(crate) struct Input<'a> {
    pub(crate) text: &'a str,
    pub(crate) bytes: &'a [u8],
    /// Maximal runs of ASCII digits, in order.
    pub(crate) groups: Vec<Range<usize>>,
    pub(crate) hint: Hint,
}

impl<'a> Input<'a> {
    pub(crate) fn new(text: &'a str, hint: Hint) -> Self {
        Self { text, bytes: text.as_bytes(), groups: digit_groups(text.as_bytes()), hint }
    }

    /// The byte at `at`, zero beyond the end.
    pub(crate) fn at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The byte `back` places before `at`, zero beyond the beginning.
    pub(crate) fn before(&self, at: usize, back: usize) -> u8 {
        at.checked_sub(back).map_or(0, |at| self.at(at))
    }

    /// Whether what starts at `at` is the tail of something longer: `A-123`, `1.23`, `x123`.
    pub(crate) fn joined_left(&self, at: usize) -> bool {
        let before = self.before(at, 1);
        is_word(before) || (matches!(before, b'-' | b'.' | b'/' | b'\\') && is_word(self.before(at, 2)))
    }

    /// Whether what ends before `at` goes on: `123x`, `123-4`, `12:30`.
    pub(crate) fn joined_right(&self, at: usize) -> bool {
        let next = self.at(at);
        is_word(next) || (matches!(next, b'-' | b'.' | b'/' | b':') && self.at(at + 1).is_ascii_digit())
    }

    /// The digits of `span`.
    pub(crate) fn digits(&self, span: Range<usize>) -> String {
        let bytes = self.bytes.get(span).unwrap_or_default();
        let digits = bytes.iter().filter(|byte| byte.is_ascii_digit());
        digits.map(|byte| char::from(*byte)).collect()
    }

    /// What key or context say about the value at `span`; the key goes first.
    pub(crate) fn topic(&self, span: &Range<usize>) -> Option<Topic> {
        self.hint.topic.or_else(|| context::around(self.bytes, span.start, span.end))
    }

    /// A match whose form alone is worth `base`. Its own topic raises that; another topic lowers it, but only
    /// while the form is weak.
    pub(crate) fn weigh(&self, class: Class, span: Range<usize>, base: u16, canonical: String) -> Match {
        let own = match class {
            Class::Email => Topic::Email,
            Class::Phone => Topic::Phone,
            Class::Card => Topic::Card,
            Class::GovernmentId | Class::Credential => Topic::Government,
        };
        let score = match self.topic(&span) {
            Some(topic) if topic == own => base.saturating_add(400).min(990),
            Some(_) if base < STRONG => base.saturating_sub(300),
            _ => base,
        };
        Match { class, span, confidence: Confidence::clamped(score), canonical }
    }
}

/// From this score on the form of a value speaks for itself, whatever stands beside it.
const STRONG: u16 = 700;

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn digit_groups(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = None;
    for (at, byte) in bytes.iter().enumerate() {
        match (byte.is_ascii_digit(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                groups.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        groups.push(from..bytes.len());
    }
    groups
}
