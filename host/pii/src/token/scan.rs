//! Finds tokens in a text, also where a model, an HTML escaper or a Markdown writer has been at them.
//!
//! Knows the written form of a token and nothing of what it stands for.

use std::ops::Range;

use super::{Token, base32};
use crate::Class;

/// What may stand for the brackets: themselves, and as HTML and JSON writers escape them.
const OPENING: [&[u8]; 4] = [b"<", b"&lt;", b"\\u003c", b"\\u003C"];
const CLOSING: [&[u8]; 4] = [b">", b"&gt;", b"\\u003e", b"\\u003E"];
/// What may stand between tag and body; the second is Markdown's escape.
const JOINTS: [&[u8]; 4] = [b"_", b"\\_", b"-", b" "];
/// The shortest token: `CARD`, a joint, the body, the check character.
const SHORTEST: usize = 4 + 1 + base32::BODY + 1;

/// Every token in `text` with its place in bytes, in order and apart from each other.
#[must_use]
pub fn find_tokens(text: &str) -> Vec<(Range<usize>, Token)> {
    let mut tokens = Vec::new();
    let bytes = text.as_bytes();
    if bytes.len() < SHORTEST {
        return tokens;
    }
    let mut at = 0;
    let mut boundary = true;
    while let Some(byte) = bytes.get(at) {
        if boundary && matches!(byte | 0x20, b'e' | b'p' | b'c' | b'g') {
            let floor = tokens.last().map_or(0, |(span, _): &(Range<usize>, _)| span.end);
            if let Some((end, token)) = read(bytes, at) {
                let span = with_brackets(bytes, at..end, floor);
                at = span.end;
                tokens.push((span, token));
                boundary = true;
                continue;
            }
        }
        boundary = !is_word(*byte) || opens_here(bytes, at + 1);
        at += 1;
    }
    tokens
}

/// Reads tag, joint, body and check character; returns where they end.
fn read(bytes: &[u8], at: usize) -> Option<(usize, Token)> {
    let rest = bytes.get(at..)?;
    let (class, tag) = Class::ALL.into_iter().find_map(|class| Some((class, tag(rest, class.as_str().as_bytes())?)))?;
    let joint = joint(rest.get(tag..)?)?;
    let start = tag + joint;
    let body = rest.get(start..start + base32::BODY)?;
    let mut digits = [0; base32::BODY];
    for (digit, byte) in digits.iter_mut().zip(body) {
        *digit = base32::value(*byte)?;
    }
    let end = start + base32::BODY + 1;
    let check = base32::value(*rest.get(end - 1)?)?;
    let whole = rest.get(end).is_none_or(|byte| !is_word(*byte));
    (whole && check == base32::check(class, digits)).then(|| (at + end, Token::new(class, base32::decode(digits))))
}

/// The length of the tag if the text begins with it; the underscore in `GOV_ID` may be any joint.
fn tag(text: &[u8], tag: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in tag {
        if *byte == b'_' {
            at += joint(text.get(at..)?)?;
        } else {
            text.get(at).filter(|found| found.eq_ignore_ascii_case(byte))?;
            at += 1;
        }
    }
    Some(at)
}

fn joint(text: &[u8]) -> Option<usize> {
    JOINTS.iter().find(|joint| text.starts_with(joint)).map(|joint| joint.len())
}

fn with_brackets(bytes: &[u8], span: Range<usize>, floor: usize) -> Range<usize> {
    let before = bytes.get(floor..span.start).unwrap_or_default();
    let after = bytes.get(span.end..).unwrap_or_default();
    let opening = OPENING.iter().find(|bracket| before.ends_with(bracket));
    let closing = CLOSING.iter().find(|bracket| after.starts_with(bracket));
    span.start - opening.map_or(0, |bracket| bracket.len())..span.end + closing.map_or(0, |bracket| bracket.len())
}

/// Whether an escaped bracket that ends in a letter ends just before `at`.
fn opens_here(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    OPENING.iter().skip(2).any(|bracket| before.ends_with(bracket))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
