//! Undoes the disguises that Unicode offers: full-width letters, foreign decimal digits, invisible characters and
//! strike-through marks inside a value. Detectors read the folded copy; the original span is what gets cut.
//!
//! Knows nothing of what is searched for. Look-alike letters of other scripts are kept: a mail address in
//! Cyrillic is another address.

use std::{borrow::Cow, ops::Range};

use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};

/// A text as the detectors read it, with the way back.
pub(crate) struct Folded<'a> {
    text: Cow<'a, str>,
    /// For each byte of `text`, and for its end, the offset in the original; empty if nothing was folded.
    origins: Vec<usize>,
}

impl<'a> Folded<'a> {
    /// Folds `original`. ASCII is returned as it is.
    pub(crate) fn new(original: Cow<'a, str>) -> Self {
        if original.is_ascii() {
            return Self { text: original, origins: Vec::new() };
        }
        let mut copy = Copy::default();
        for (at, character) in original.char_indices() {
            copy.fold(at, character);
        }
        copy.origins.push(original.len());
        Self { text: Cow::Owned(copy.text), origins: copy.origins }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The part of the original that `span` was folded from. Invisible characters after it belong to it, since
    /// a combining mark must not be left behind without its base.
    pub(crate) fn original(&self, span: Range<usize>) -> Option<Range<usize>> {
        if self.origins.is_empty() {
            return Some(span);
        }
        let start = *self.origins.get(span.start)?;
        let end = *self.origins.get(span.end)?;
        (start < end).then_some(start..end)
    }
}

#[derive(Default)]
struct Copy {
    text: String,
    origins: Vec<usize>,
}

impl Copy {
    fn fold(&mut self, at: usize, character: char) {
        if character.is_ascii() {
            self.push(at, character);
        } else if is_invisible(character) {
        } else if let Some(digit) = decimal_digit(character) {
            self.push(at, digit);
        } else if let Some(plain) = punctuation(character) {
            self.push(at, plain);
        } else if is_combining_mark(character) {
            self.mark(character);
        } else {
            self.compatible(at, character);
        }
    }

    fn push(&mut self, at: usize, character: char) {
        self.text.push(character);
        self.origins.extend(std::iter::repeat_n(at, character.len_utf8()));
    }

    /// Joins a mark to its letter where Unicode has the pair (`e` and acute), and drops it otherwise: marks over
    /// digits and strike-throughs exist to hide what is under them.
    fn mark(&mut self, mark: char) {
        let Some(base) = self.text.chars().next_back() else {
            return;
        };
        let start = self.text.len() - base.len_utf8();
        if let (Some(joined), Some(at)) = (compose(base, mark), self.origins.get(start).copied()) {
            self.text.truncate(start);
            self.origins.truncate(start);
            self.push(at, joined);
        }
    }

    /// Replaces a character by what it is a compatibility form of, where all of that is ASCII; an accented
    /// letter stays one character.
    fn compatible(&mut self, at: usize, character: char) {
        let mut ascii = true;
        let kept = self.text.len();
        decompose_compatible(character, |part| {
            ascii &= part.is_ascii();
            if part.is_ascii() {
                self.push(at, part);
            }
        });
        if !ascii {
            self.text.truncate(kept);
            self.origins.truncate(kept);
            self.push(at, character);
        }
    }
}

/// Whether a character shows nothing: soft hyphen, joiners, direction marks, variation selectors, tags (the
/// `Default_Ignorable_Code_Point` property of Unicode 16, without the Hangul fillers that occur in words).
fn is_invisible(character: char) -> bool {
    matches!(
        u32::from(character),
        0xAD | 0x34F
            | 0x61C
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x202A..=0x202E
            | 0x2060..=0x206F
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF
    )
}

/// White space, dashes and the ideographic full stop (a label separator in IDNA, UTS 46) as their ASCII kin.
fn punctuation(character: char) -> Option<char> {
    match u32::from(character) {
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0xFE58 | 0xFE63 | 0xFF0D => Some('-'),
        0x3002 | 0xFF0E | 0xFF61 => Some('.'),
        0x2028 | 0x2029 | 0x85 => Some('\n'),
        _ if character.is_whitespace() => Some(' '),
        _ => None,
    }
}

/// The ASCII digit with the value of a decimal digit of any script (general category `Nd`).
fn decimal_digit(character: char) -> Option<char> {
    let code = u32::from(character);
    let zeros = ZEROS.partition_point(|zero| *zero <= code);
    let zero = *ZEROS.get(zeros.checked_sub(1)?)?;
    char::from_digit(code - zero, 10).filter(|_| code - zero < 10)
}

/// The zero of each run of ten decimal digits outside ASCII: `UnicodeData.txt` of Unicode 16, category `Nd`.
const ZEROS: [u32; 75] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0,
    0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50,
    0x11D50, 0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2,
    0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
];

#[cfg(test)]
mod tests;
