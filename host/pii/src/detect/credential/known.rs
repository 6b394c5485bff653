//! Keys that announce themselves by a prefix their issuer chose, and tokens in JSON Web Token form.
//!
//! Knows the issuers' published formats; asks none of them. Prefixes from the issuers' documentation.

use super::{Input, credential};
use crate::{Match, detect::is_word};

/// A prefix, the least length of what follows, and whether that must hold digit and letter to count.
struct Known(&'static [u8], usize, bool);

const KNOWN: [Known; 42] = [
    Known(b"AKIA", 16, false),
    Known(b"ASIA", 16, false),
    Known(b"AIza", 30, true),
    Known(b"ghp_", 30, true),
    Known(b"gho_", 30, true),
    Known(b"ghu_", 30, true),
    Known(b"ghs_", 30, true),
    Known(b"ghr_", 30, true),
    Known(b"github_pat_", 22, true),
    Known(b"glpat-", 20, true),
    Known(b"sk-ant-", 20, true),
    Known(b"sk-proj-", 20, true),
    Known(b"sk-", 20, true),
    Known(b"sk_live_", 16, true),
    Known(b"sk_test_", 16, true),
    Known(b"rk_live_", 16, true),
    Known(b"rk_test_", 16, true),
    Known(b"xoxb-", 10, true),
    Known(b"xoxp-", 10, true),
    Known(b"xoxa-", 10, true),
    Known(b"xoxr-", 10, true),
    Known(b"xoxs-", 10, true),
    Known(b"xoxe-", 10, true),
    Known(b"xapp-", 10, true),
    Known(b"ya29.", 20, true),
    Known(b"npm_", 30, true),
    Known(b"pypi-", 40, true),
    Known(b"SG.", 40, true),
    Known(b"hf_", 30, true),
    Known(b"dop_v1_", 40, true),
    Known(b"shpat_", 32, true),
    Known(b"shpss_", 32, true),
    Known(b"glsa_", 30, true),
    Known(b"hvs.", 20, true),
    Known(b"lin_api_", 30, true),
    Known(b"figd_", 30, true),
    Known(b"dckr_pat_", 20, true),
    Known(b"tskey-", 20, true),
    Known(b"whsec_", 20, true),
    Known(b"AGE-SECRET-KEY-1", 50, true),
    Known(b"Bearer ", 16, true),
    Known(b"bearer ", 16, true),
];

/// The first bytes of all prefixes and of `eyJ`, one bit each.
const FIRST: u128 = first_bytes(&KNOWN);

const fn first_bytes(mut known: &[Known]) -> u128 {
    let mut bits = 1 << b'e';
    while let [Known([first, ..], ..), rest @ ..] = known {
        bits |= 1 << *first;
        known = rest;
    }
    bits
}

/// The most bytes of one key.
const LONGEST: usize = 4096;

pub(super) fn find(input: &Input<'_>, out: &mut Vec<Match>) {
    let mut word = false;
    let mut done = 0;
    for (at, byte) in input.bytes.iter().enumerate() {
        let starts = !word && byte.is_ascii() && FIRST >> byte & 1 == 1;
        word = is_word(*byte);
        if starts
            && at >= done
            && let Some((from, end)) = web_token(input, at).or_else(|| prefixed(input, at))
        {
            done = end;
            out.extend(credential(input, from..end, 970));
        }
    }
}

fn prefixed(input: &Input<'_>, at: usize) -> Option<(usize, usize)> {
    let rest = input.bytes.get(at..)?;
    KNOWN.iter().find_map(|Known(prefix, least, mixed)| {
        let body = rest.strip_prefix(*prefix)?;
        let length = run(body);
        let body = body.get(..length)?;
        let drawn = body.iter().any(u8::is_ascii_digit) && body.iter().any(u8::is_ascii_alphabetic);
        // The words of a style sheet class, `sk-fading-circle-2`, come in lower case between dashes.
        let capital = *prefix != b"sk-" || body.iter().any(u8::is_ascii_uppercase);
        // The scheme of an HTTP header stays readable.
        let from = if prefix.ends_with(b" ") { at + prefix.len() } else { at };
        (length >= *least && (!mixed || (drawn && capital))).then_some((from, at + prefix.len() + length))
    })
}

/// Three parts of base64url with dots, the first being a JSON object (RFC 7519).
fn web_token(input: &Input<'_>, at: usize) -> Option<(usize, usize)> {
    let rest = input.bytes.get(at..)?;
    let token = rest.get(..run(rest))?;
    let mut parts = token.split(|byte| *byte == b'.');
    let long = |part: Option<&[u8]>| part.is_some_and(|part| part.len() >= 10);
    (token.starts_with(b"eyJ") && long(parts.next()) && long(parts.next())).then_some((at, at + token.len()))
}

/// The length of the run of key characters; a full stop at the end ends a sentence.
fn run(bytes: &[u8]) -> usize {
    let run = bytes
        .iter()
        .take(LONGEST)
        .take_while(|byte| is_word(**byte) || matches!(byte, b'-' | b'.' | b'=' | b'+' | b'/' | b'~'))
        .count();
    let body = bytes.get(..run).unwrap_or_default();
    run - body.iter().rev().take_while(|byte| **byte == b'.').count()
}
