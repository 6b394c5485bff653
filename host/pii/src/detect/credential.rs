//! Credentials: keys with a known prefix, private key blocks, signed tokens, passwords in URLs, and whatever a
//! name such as `password` or `api_key` is said to be.
//!
//! Knows forms and names; whether a credential still works it does not.

mod assigned;
mod known;
mod value;

use std::ops::Range;

use super::{Input, MASK};
use crate::{Class, Confidence, Match, hint::Secret};

/// The most bytes of a private key block and of the authority of a URL that are looked at.
const LONGEST_BLOCK: usize = 16 * 1024;
const LONGEST_AUTHORITY: usize = 512;

pub(crate) fn find(input: &Input<'_>, out: &mut Vec<Match>) {
    private_keys(input, out);
    user_info(input, out);
    known::find(input, out);
    assigned::find(input, out);
    whole(input, out);
}

/// A match for `span`, whose value is its own normal form.
pub(super) fn credential(input: &Input<'_>, span: Range<usize>, score: u16) -> Option<Match> {
    let canonical = input.text.get(span.clone())?.to_owned();
    (!canonical.is_empty()).then(|| Match {
        class: Class::Credential,
        span,
        confidence: Confidence::clamped(score),
        canonical,
    })
}

/// PEM private keys (RFC 7468), to their end line or as far as they go.
fn private_keys(input: &Input<'_>, out: &mut Vec<Match>) {
    let mut done = 0;
    for start in memchr::memmem::find_iter(input.bytes, b"-----BEGIN ") {
        let block = input.bytes.get(start..).unwrap_or_default();
        let block = block.get(..LONGEST_BLOCK).unwrap_or(block);
        let header = block.get(..64).unwrap_or(block);
        if start < done || memchr::memmem::find(header, b"PRIVATE KEY").is_none() {
            continue;
        }
        let tail = memchr::memmem::find(block, b"-----END ").map_or(block.len(), |end| {
            let close = block.get(end + 9..).unwrap_or_default();
            memchr::memmem::find(close, b"-----").map_or(block.len(), |dashes| end + 9 + dashes + 5)
        });
        let mut end = start + tail;
        while !input.text.is_char_boundary(end) {
            end -= 1;
        }
        done = end;
        out.extend(credential(input, start..end, 1000));
    }
}

/// The password in `scheme://user:password@host`.
fn user_info(input: &Input<'_>, out: &mut Vec<Match>) {
    for at in memchr::memmem::find_iter(input.bytes, b"://") {
        let start = at + 3;
        let rest = input.bytes.get(start..).unwrap_or_default();
        let rest = rest.get(..LONGEST_AUTHORITY).unwrap_or(rest);
        let length = rest
            .iter()
            .take_while(|byte| {
                !byte.is_ascii_whitespace()
                    && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`')
                    && **byte != MASK
            })
            .count();
        let authority = rest.get(..length).unwrap_or_default();
        let Some(sign) = memchr::memrchr(b'@', authority) else {
            continue;
        };
        let user = authority.get(..sign).unwrap_or_default();
        if let Some(colon) = memchr::memchr(b':', user) {
            let span = start + colon + 1..start + sign;
            let template = input.text.get(span.clone()).is_none_or(value::is_placeholder);
            if !template {
                out.extend(credential(input, span, 950));
            }
        }
    }
}

/// The whole text under a key that names a credential; around tokens already in it, each piece.
fn whole(input: &Input<'_>, out: &mut Vec<Match>) {
    let Some(secret) = input.hint.secret else {
        return;
    };
    let mut start = 0;
    for piece in input.text.split(char::from(MASK)) {
        let trimmed = piece.trim();
        let from = start + (piece.len() - piece.trim_start().len());
        start += piece.len() + 1;
        let score = match secret {
            Secret::Password if value::is_placeholder(trimmed) => None,
            Secret::Password => Some(900),
            Secret::Key => value::as_key(trimmed),
            Secret::Pin => value::as_pin(trimmed),
        };
        out.extend(score.and_then(|score| credential(input, from..from + trimmed.len(), score)));
    }
}

#[cfg(test)]
mod tests;
