//! Crockford's base32 and the check character over it (<https://www.crockford.com/base32.html>).
//!
//! His own check is modulo 37 and needs `*~$=`, which Markdown and URLs mangle; this one is Luhn's algorithm
//! modulo 32, which finds every changed character and nearly every swapped pair. Knows nothing of brackets.

use super::ENTROPY_BYTES;
use crate::Class;

/// Characters of a body, without the check character.
pub(super) const BODY: usize = 16;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The character of a digit of five bits.
pub(super) fn symbol(digit: u8) -> char {
    ALPHABET.get(usize::from(digit & 31)).map_or('0', |byte| char::from(*byte))
}

/// The value of a character; `O` reads as zero, `I` and `L` as one, as Crockford asks.
pub(super) fn value(byte: u8) -> Option<u8> {
    let byte = match byte.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    let at = ALPHABET.iter().position(|symbol| *symbol == byte)?;
    u8::try_from(at).ok()
}

/// The sixteen digits of ten bytes, most significant first.
pub(super) fn encode(bytes: [u8; ENTROPY_BYTES]) -> [u8; BODY] {
    let mut number = bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let mut digits = [0; BODY];
    for digit in digits.iter_mut().rev() {
        *digit = (number & 31) as u8;
        number >>= 5;
    }
    digits
}

/// The ten bytes of sixteen digits.
pub(super) fn decode(digits: [u8; BODY]) -> [u8; ENTROPY_BYTES] {
    let mut number = digits.iter().fold(0_u128, |number, digit| number << 5 | u128::from(digit & 31));
    let mut bytes = [0; ENTROPY_BYTES];
    for byte in bytes.iter_mut().rev() {
        *byte = (number & 255) as u8;
        number >>= 8;
    }
    bytes
}

/// The check digit over class and body, so that a token whose tag was changed is no token.
pub(super) fn check(class: Class, digits: [u8; BODY]) -> u8 {
    let class = class as u8;
    let sum = digits
        .iter()
        .rev()
        .chain([&class])
        .enumerate()
        .map(|(at, digit)| {
            let weighted = if at % 2 == 0 { digit * 2 } else { *digit };
            u32::from(weighted / 32 + weighted % 32)
        })
        .sum::<u32>();
    ((32 - sum % 32) % 32) as u8
}
