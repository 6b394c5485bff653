//! Values that text gives to a name: `password: X`, `pwd=X`, `Authorization: Bearer X`, `my password is X`.
//!
//! Knows where name and value stand; what they are worth is decided by `hint` and `value`.

use std::ops::Range;

use super::{Input, MASK, credential, value};
use crate::{
    Match,
    hint::{Hint, Secret},
};

const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 512;

pub(super) fn find(input: &Input<'_>, out: &mut Vec<Match>) {
    for at in memchr::memchr2_iter(b':', b'=', input.bytes) {
        let next = input.at(at + 1);
        let previous = input.before(at, 1);
        let operator = matches!(previous, b':' | b'=' | b'!' | b'<' | b'>')
            || matches!(next, b':' | b'=')
            || (next == b'/' && input.at(at + 2) == b'/');
        if !operator {
            let start = at + 1 + usize::from(next == b'>');
            let prose = input.bytes.get(at) == Some(&b':') || next != b' ';
            out.extend(assignment(input, at, start, prose));
        }
    }
    for at in memchr::memmem::find_iter(input.bytes, b" is ") {
        out.extend(assignment(input, at, at + 4, true));
    }
}

/// The value from `start` on, if the name before `end` calls for a credential.
fn assignment(input: &Input<'_>, end: usize, start: usize, prose: bool) -> Option<Match> {
    let secret = Hint::of(name(input, end)?).secret?;
    let (span, quoted) = value_at(input, start)?;
    let text = input.text.get(span.clone())?;
    let score = match secret {
        Secret::Password => value::as_password(text, quoted, prose),
        Secret::Key => value::as_key(text),
        Secret::Pin => value::as_pin(text),
    }?;
    credential(input, span, score)
}

/// The name that ends before `end`, quotes left out; with the word before it where it is only `key`.
fn name<'a>(input: &'a Input<'_>, end: usize) -> Option<&'a str> {
    let window = end.saturating_sub(LONGEST_NAME);
    let before = input.bytes.get(window..end)?;
    let gap = |byte: &u8| matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'\\' | b']' | b'*');
    let end = end - before.iter().rev().take(4).take_while(|byte| gap(byte)).count();
    let before = input.bytes.get(window..end)?;
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'_' | b'-' | b'.');
    let length = before.iter().rev().take_while(|byte| word(byte)).count();
    let mut start = end.saturating_sub(length);
    if matches!(before.get(before.len() - length..)?, b"key" | b"Key" | b"token" | b"KEY")
        && input.before(start, 1) == b' '
    {
        let earlier = input.bytes.get(window..start - 1).unwrap_or_default();
        let more = earlier.iter().rev().take_while(|byte| word(byte)).count();
        start -= 1 + more;
    }
    while !input.text.is_char_boundary(start) {
        start += 1;
    }
    input.text.get(start..end)
}

/// The value from `start` on, and whether it is quoted.
fn value_at(input: &Input<'_>, start: usize) -> Option<(Range<usize>, bool)> {
    let rest = input.bytes.get(start..)?;
    let rest = rest.get(..LONGEST_VALUE).unwrap_or(rest);
    let mut at = rest.iter().take(4).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    for scheme in [&b"Bearer "[..], b"Basic ", b"Token ", b"bearer ", b"basic "] {
        at += rest.get(at..).filter(|rest| rest.starts_with(scheme)).map_or(0, |_| scheme.len());
    }
    at += usize::from(rest.get(at) == Some(&b'\\'));
    let quote = rest.get(at).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let from = at + usize::from(quote.is_some());
    let body = rest.get(from..)?;
    let mut length = match quote {
        Some(quote) => body.iter().position(|byte| *byte == quote || matches!(byte, b'\n' | &MASK))?,
        None => body.iter().take_while(|byte| in_value(**byte)).count(),
    };
    let tail = |length: usize| length.checked_sub(1).and_then(|last| body.get(last)).copied();
    while (quote.is_none()
        && matches!(tail(length), Some(b',' | b'.' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'}')))
        || tail(length) == Some(b'\\')
    {
        length -= 1;
    }
    let from = start + from;
    while !input.text.is_char_boundary(from + length) {
        length -= 1;
    }
    (length > 0).then_some((from..from + length, quote.is_some()))
}

fn in_value(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'&' | b';' | MASK)
}
