//! Schemes with letters, or long enough that their key speaks for them. Knows one country's rules in each function.

use std::ops::Range;

use super::{Input, Reading, collect, compact};
use crate::detect::checksum;

/// The check letters of Spanish identity numbers, by remainder modulo 23 (Real Decreto 1553/2005).
const SPANISH: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// French NIR: sex, year, month, department (2A and 2B in Corsica), commune, order, key = 97 − n mod 97 (INSEE).
pub(super) fn nir(input: &Input<'_>, group: &Range<usize>) -> Option<Reading> {
    if !matches!(input.at(group.start), b'1' | b'2') {
        return None;
    }
    let (span, shape) = collect(input, group.start, 15)?;
    let canonical = compact(input.text.get(span.clone())?);
    // Corsica counts as department 19 or 18 in the key.
    let numeric = match canonical.get(5..7)? {
        "2A" => format!("{}19{}", canonical.get(..5)?, canonical.get(7..)?),
        "2B" => format!("{}18{}", canonical.get(..5)?, canonical.get(7..)?),
        _ => canonical.clone(),
    };
    let month = numeric.get(3..5).and_then(checksum::number)?;
    let plausible = matches!(month, 1..=12 | 20..=42 | 50..=99);
    let number = numeric.get(..13).and_then(checksum::number)?;
    let key = numeric.get(13..).and_then(checksum::number)?;
    let digits = numeric.bytes().all(|byte| byte.is_ascii_digit());
    (digits && plausible && key == 97 - number % 97).then_some(Reading {
        span,
        base: if shape.len() > 2 { 900 } else { 700 },
        canonical,
    })
}

/// United Kingdom National Insurance number: `AB 12 34 56 C` (HMRC NIM39110).
pub(super) fn nino(input: &Input<'_>, group: &Range<usize>) -> Option<Reading> {
    let gap = usize::from(matches!(input.before(group.start, 1), b' ' | b'-'));
    let start = group.start.checked_sub(2 + gap)?;
    let (span, shape) = collect(input, start, 9)?;
    let canonical = compact(input.text.get(span.clone())?);
    let [first, second, digits @ .., suffix] = canonical.as_bytes() else {
        return None;
    };
    let prefix = [*first, *second];
    let valid = prefix.iter().all(u8::is_ascii_uppercase)
        && !matches!(first, b'D' | b'F' | b'I' | b'Q' | b'U' | b'V')
        && !matches!(second, b'D' | b'F' | b'I' | b'O' | b'Q' | b'U' | b'V')
        && !matches!(&prefix, b"BG" | b"GB" | b"NK" | b"KN" | b"TN" | b"NT" | b"ZZ")
        && digits.iter().all(u8::is_ascii_digit)
        && matches!(suffix, b'A'..=b'D');
    let base = match shape.as_slice() {
        [2, 2, 2, 2, 1] => 900,
        [9] => 720,
        [2, 6, 1] => 700,
        _ => return None,
    };
    valid.then_some(Reading { span, base, canonical })
}

/// Spanish DNI: eight digits and a check letter.
pub(super) fn dni(input: &Input<'_>, group: &Range<usize>) -> Option<Reading> {
    let (span, shape) = collect(input, group.start, 9)?;
    let whole = matches!(shape.as_slice(), [9] | [8, 1] | [2, 3, 3, 1] | [2, 3, 4]);
    spanish(input, span, "").filter(|_| whole)
}

/// Spanish NIE: X, Y or Z, seven digits and a check letter; the first letter counts as 0, 1 or 2.
pub(super) fn nie(input: &Input<'_>, group: &Range<usize>) -> Option<Reading> {
    let gap = usize::from(input.before(group.start, 1) == b'-');
    let start = group.start.checked_sub(1 + gap)?;
    let lead = match input.at(start).to_ascii_uppercase() {
        b'X' => "0",
        b'Y' => "1",
        b'Z' => "2",
        _ => return None,
    };
    let (span, shape) = collect(input, start, 9)?;
    let whole = matches!(shape.as_slice(), [9] | [8, 1] | [1, 7, 1]);
    spanish(input, span, lead).filter(|_| whole)
}

fn spanish(input: &Input<'_>, span: Range<usize>, lead: &str) -> Option<Reading> {
    let text = input.text.get(span.clone())?;
    let canonical = compact(text);
    let digits = format!("{lead}{}", canonical.get(lead.len()..8)?);
    let all = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let remainder = usize::try_from(checksum::number(&digits)? % 23).ok()?;
    let expected = SPANISH.get(remainder)?;
    let upper = text.ends_with(|last: char| last.is_ascii_uppercase());
    (all && canonical.as_bytes().last() == Some(expected)).then_some(Reading {
        span,
        base: if upper { 720 } else { 450 },
        canonical,
    })
}
