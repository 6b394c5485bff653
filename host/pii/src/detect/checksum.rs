//! The check digits of cards and identity numbers. Knows digits, not where they came from.

/// The digit values of an ASCII string; other characters are left out.
pub(crate) fn values(text: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0'))
}

/// Luhn's check (ISO/IEC 7812-1 annex B).
pub(crate) fn luhn(digits: &str) -> bool {
    let sum = values(digits)
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum::<u32>();
    sum.is_multiple_of(10)
}

/// ISO/IEC 7064 MOD 11,10, as the German Steuer-Identifikationsnummer uses it.
pub(crate) fn mod_11_10(digits: &str) -> bool {
    let mut product = 10;
    let mut all = values(digits);
    let Some(check) = all.next_back() else {
        return false;
    };
    for digit in all {
        let sum = (digit + product) % 10;
        product = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    (11 - product) % 10 == check
}

/// Whether the weighted sum of the digits is a multiple of ten.
pub(crate) fn weighted_mod_10(digits: &str, weights: &[u32]) -> bool {
    values(digits).zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>().is_multiple_of(10)
}

/// The digits as a number; `None` over 18 digits.
pub(crate) fn number(digits: &str) -> Option<u64> {
    (digits.len() <= 18).then(|| values(digits).fold(0, |sum, digit| sum * 10 + u64::from(digit)))
}
