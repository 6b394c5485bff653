//! Numbering plans: the forms that a telephone number is dialled in (ITU-T E.164, the North American plan).
//!
//! Knows lengths and first digits; whether a number is in service it does not.

use super::{Chain, MOST_DIGITS, Reading};

/// `+` and a country code.
pub(super) fn international(chain: &Chain<'_>) -> Option<Reading> {
    let all = chain.digits(chain.groups.len());
    let (code, national) = country(&all);
    // A trunk zero in parentheses, `+44 (0)20`, is not dialled from abroad.
    let trunk = (1..chain.groups.len())
        .find(|at| chain.length(*at) == 1 && chain.gap(at - 1).ends_with(b"(") && chain.gap(*at).starts_with(b")"));
    let groups = (1..=chain.groups.len()).rev().find(|count| {
        let skipped = usize::from(trunk.is_some_and(|at| at < *count));
        let digits = chain.digits(*count).len() - skipped;
        chain.ends_at(*count)
            && digits <= MOST_DIGITS
            && digits.checked_sub(code).is_some_and(|rest| national.contains(&rest))
    })?;
    let kept = chain.groups.iter().take(groups).enumerate();
    let digits: String =
        kept.filter(|(at, _)| Some(*at) != trunk).map(|(_, group)| chain.input.digits(group.clone())).collect();
    let base = match (digits.starts_with('0'), digits.len()) {
        (true, _) => return None,
        (false, ..=8) if groups == 1 => 550,
        (false, _) => 920,
    };
    Some(Reading { groups, base, canonical: format!("+{digits}") })
}

/// `00` and a country code, as dialled in most of Europe.
pub(super) fn double_zero(chain: &Chain<'_>) -> Option<Reading> {
    let all = chain.digits(chain.groups.len());
    let digits = all.strip_prefix("00").filter(|digits| !digits.starts_with('0'))?;
    let (code, national) = country(digits);
    let fits = digits.len().checked_sub(code).is_some_and(|rest| national.contains(&rest));
    let dotted = (0..chain.groups.len()).any(|at| chain.gap(at) == b".");
    (fits && !dotted && digits.len() >= 9 && chain.length(0) != 2 && chain.ends_at(chain.groups.len())).then(|| {
        Reading {
            groups: chain.groups.len(),
            base: if chain.groups.len() > 1 { 650 } else { 300 },
            canonical: format!("+{digits}"),
        }
    })
}

/// Three, three and four digits, a one before them or not.
pub(super) fn north_american(chain: &Chain<'_>) -> Option<Reading> {
    let lead = usize::from(chain.length(0) == 1 && chain.digits(1) == "1");
    let shape = [0, 1, 2].map(|at| chain.length(lead + at));
    let groups = lead + 3;
    if shape != [3, 3, 4] || !chain.ends_at(groups) {
        return None;
    }
    let canonical = chain.digits(groups);
    let (area, exchange) = (canonical.get(lead..lead + 3)?, canonical.get(lead + 3..lead + 6)?);
    let valid = |code: &str| !code.starts_with(['0', '1']) && !code.ends_with("11");
    if !valid(area) || !valid(exchange) {
        return None;
    }
    let base = match (chain.gap(lead), chain.gap(lead + 1)) {
        ([b')', ..], _) => 900,
        (b"-", b"-") => 850,
        (b".", b".") => 720,
        (b" " | b"-", b" " | b"-") => 650,
        _ => 550,
    };
    Some(Reading { groups, base, canonical })
}

/// A trunk zero, an area code and a subscriber, grouped.
pub(super) fn national(chain: &Chain<'_>) -> Option<Reading> {
    let groups = chain.groups.len();
    let canonical = chain.digits(groups);
    let fits = canonical.starts_with('0')
        && !canonical.starts_with("00")
        && (9..=12).contains(&canonical.len())
        && (2..=5).contains(&groups)
        && chain.ends_at(groups)
        && !chain.is_date();
    if !fits {
        return None;
    }
    let lengths = [0, 1, 2, 3, 4].map(|at| chain.length(at));
    let dotted = chain.gap(0) == b".";
    let base = match lengths {
        [2, 2, 2, 2, 2] => 560,
        _ if dotted => return None,
        [3, 4, 4, 0, 0] | [5, 6, 0, 0, 0] | [4, 3, 4, 0, 0] | [5, 3, 3, 0, 0] => 600,
        _ if chain.gap(0).starts_with(b")") => 600,
        [3..=5, 6..=8, 0, 0, 0] => 520,
        _ => 350,
    };
    Some(Reading { groups, base, canonical })
}

/// The length of the country code that `digits` begin with, and how many digits may follow it (ITU-T E.164
/// list of assigned codes; lengths of the larger national plans, a wide range for the rest).
fn country(digits: &str) -> (usize, std::ops::RangeInclusive<usize>) {
    match digits.as_bytes() {
        [b'1', b'2'..=b'9', ..] | [b'7', ..] => (1, 10..=10),
        [b'4', b'4', ..] => (2, 9..=10),
        [b'3', b'3' | b'4', ..] | [b'3', b'1', ..] | [b'4', b'1' | b'8', ..] | [b'6', b'1', ..] => (2, 9..=9),
        [b'4', b'5' | b'7', ..] => (2, 8..=8),
        [b'4', b'9', ..] => (2, 6..=13),
        [b'8', b'1' | b'2' | b'6', ..] => (2, 9..=11),
        [b'9', b'1', ..] | [b'5', b'2', ..] => (2, 10..=10),
        [b'5', b'5', ..] => (2, 10..=11),
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0' | b'2' | b'6' | b'9', ..]
        | [b'4', b'0' | b'3' | b'6', ..]
        | [b'5', b'1' | b'3' | b'4' | b'6'..=b'8', ..]
        | [b'6', b'0' | b'2'..=b'6', ..]
        | [b'8', b'4', ..]
        | [b'9', b'0' | b'2'..=b'5' | b'8', ..] => (2, 7..=12),
        [b'2' | b'3' | b'4' | b'5' | b'6' | b'8' | b'9', ..] => (3, 6..=12),
        // A one before zero or one, and a leading zero, begin no number: a range that nothing meets.
        _ => (1, 99..=99),
    }
}
