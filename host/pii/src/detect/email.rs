//! Mail addresses: from each `@` outwards, and the spelling `name [at] host [dot] tld`.
//!
//! Knows the syntax of RFC 5321 as far as people use it, and which names after a dot are file types instead of
//! domains. Asks no registry whether a domain exists.

mod domain;

use std::ops::Range;

use super::Input;
use crate::{Class, Match};

/// The longest local part in octets (RFC 5321 section 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
const PLAIN: u16 = 980;
const OVERLONG: u16 = 600;
const ENCODED: u16 = 850;
const SPELT: u16 = 750;

pub(crate) fn find(input: &Input<'_>, out: &mut Vec<Match>) {
    for at in memchr::memchr_iter(b'@', input.bytes) {
        out.extend(around(input, at..at + 1, PLAIN));
    }
    for at in memchr::memmem::find_iter(input.bytes, b"%40") {
        out.extend(around(input, at..at + 3, ENCODED));
    }
    for at in memchr::memchr3_iter(b'[', b'(', b'{', input.bytes) {
        let word = input.bytes.get(at + 1..at + 3).unwrap_or_default();
        if word.eq_ignore_ascii_case(b"at") && matches!(input.at(at + 3), b']' | b')' | b'}') {
            let start = at - usize::from(input.before(at, 1) == b' ');
            let end = at + 4 + usize::from(input.at(at + 4) == b' ');
            out.extend(around(input, start..end, SPELT));
        }
    }
}

/// The address around the sign at `sign`.
fn around(input: &Input<'_>, sign: Range<usize>, base: u16) -> Option<Match> {
    let start = local(input, sign.start);
    let local = input.text.get(start..sign.start).filter(|local| !local.is_empty())?;
    let domain = domain::read(input, sign.end)?;
    // `git@host:path` names a repository.
    if matches!(local, "git" | "hg" | "svn") && input.at(domain.end) == b':' {
        return None;
    }
    let base = match (domain.spelt, local.len() > LONGEST_LOCAL) {
        (true, _) => base.min(SPELT),
        (_, true) => OVERLONG,
        _ => base,
    };
    let canonical = format!("{}@{}", local.to_lowercase(), domain.name.to_lowercase());
    Some(input.weigh(Class::Email, start..domain.end, base, canonical))
}

/// Where the local part that ends at `end` begins.
fn local(input: &Input<'_>, end: usize) -> usize {
    if input.before(end, 1) == b'"' {
        let window = end.saturating_sub(LONGEST_LOCAL + 2);
        let quoted = input.bytes.get(window..end - 1).unwrap_or_default();
        if let Some(open) = memchr::memrchr(b'"', quoted) {
            let inside = quoted.get(open + 1..).unwrap_or_default();
            if !inside.is_empty() && !inside.iter().any(u8::is_ascii_control) {
                return window + open;
            }
        }
        return end;
    }
    let window = end.saturating_sub(5 * LONGEST_LOCAL);
    let before = input.bytes.get(window..end).unwrap_or_default();
    let length = before.iter().rev().take_while(|byte| is_local(**byte)).count();
    let mut start = end - length;
    // The window may have cut a character, and quotes and dots before a local part are not of it.
    while start < end && (!input.text.is_char_boundary(start) || matches!(input.at(start), b'.' | b'\'' | b'%' | b'-'))
    {
        start += 1;
    }
    start
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'~')
}

#[cfg(test)]
mod tests;
