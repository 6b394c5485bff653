//! Amounts as people write them, and as they like to read them. It doesn't know what is limited by them.

use casemate_gate::budget::Resource;

const DECIMAL: [(&str, u64); 4] = [("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000)];
const BINARY: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
const TIME: [(&str, u64); 4] = [("ms", 1), ("min", 60_000), ("h", 3_600_000), ("s", 1_000)];

/// `RESOURCE=AMOUNT`; none for `RESOURCE=none`.
pub(super) fn limit(text: &str) -> Result<(Resource, Option<u64>), String> {
    let (name, amount) = text.split_once('=').ok_or("write it as RESOURCE=AMOUNT, such as `calls=1000`")?;
    let names = || Resource::ALL.map(Resource::name).join(", ");
    let resource = Resource::named(name).ok_or_else(|| format!("`{name}` is none of {}", names()))?;
    if amount == "none" {
        return Ok((resource, None));
    }
    let amount = parse(resource, amount).ok_or_else(|| {
        format!("`{amount}` is no amount of {name}: write a whole number below 2^64 - 1, with {}", units(resource))
    })?;
    Ok((resource, Some(amount)))
}

fn units(resource: Resource) -> &'static str {
    match resource {
        Resource::WallClock => "ms, s, min or h behind it",
        Resource::Fuel | Resource::Calls => "k, M, G or T behind it where you like",
        Resource::Memory | Resource::LogBytes | Resource::ResultBytes => {
            "KiB, MiB, GiB, TiB or k, M, G, T behind it where you like"
        }
    }
}

fn parse(resource: Resource, text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let number: u64 = digits.replace('_', "").parse().ok()?;
    let known = |units: [(&str, u64); 4]| units.into_iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
    let factor = match resource {
        Resource::WallClock => known(TIME)?,
        _ if unit.is_empty() => 1,
        Resource::Fuel | Resource::Calls => known(DECIMAL)?,
        Resource::Memory | Resource::LogBytes | Resource::ResultBytes => {
            known(BINARY).or_else(|| known(DECIMAL)).or_else(|| (unit == "B").then_some(1))?
        }
    };
    // The largest number stands for no limit.
    number.checked_mul(factor).filter(|amount| *amount < u64::MAX)
}

/// An amount for people: exact, with a unit where the number is a multiple of it.
pub(super) fn shown(resource: Resource, amount: u64) -> String {
    let units = match resource {
        Resource::WallClock => [("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)],
        Resource::Fuel | Resource::Calls => DECIMAL,
        Resource::Memory | Resource::LogBytes | Resource::ResultBytes => BINARY,
    };
    let fits = |(_, factor): &(&str, u64)| amount >= *factor && amount.is_multiple_of(*factor);
    match units.into_iter().find(fits) {
        Some((unit, factor)) => format!("{}{unit}", amount / factor),
        None => amount.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use casemate_gate::budget::Resource;

    use super::{limit, shown};

    #[test]
    fn amounts_are_read_with_their_units() {
        for (text, resource, amount) in [
            ("fuel=2G", Resource::Fuel, Some(2_000_000_000)),
            ("calls=1_000", Resource::Calls, Some(1_000)),
            ("log-bytes=64MiB", Resource::LogBytes, Some(64 << 20)),
            ("memory=5M", Resource::Memory, Some(5_000_000)),
            ("wall-clock=30s", Resource::WallClock, Some(30_000)),
            ("wall-clock=2h", Resource::WallClock, Some(7_200_000)),
            ("result-bytes=none", Resource::ResultBytes, None),
            ("calls=0", Resource::Calls, Some(0)),
        ] {
            assert_eq!(limit(text), Ok((resource, amount)), "{text}");
            if let Some(amount) = amount {
                assert_eq!(
                    limit(&format!("{}={}", resource.name(), again(resource, amount))),
                    Ok((resource, Some(amount)))
                );
            }
        }
    }

    /// What is shown can be written; a time of nothing needs its unit.
    fn again(resource: Resource, amount: u64) -> String {
        shown(resource, amount)
    }

    #[test]
    fn what_is_no_amount_is_refused_with_what_to_write() {
        for text in [
            "calls",
            "calls=",
            "calls=-1",
            "calls=1.5",
            "calls=1MiB",
            "calls=18446744073709551615",
            "wall-clock=30",
            "fuel=99999999999999999999",
            "fuel=20000000T",
            "fuels=1",
            "fuel=1s",
            "=1",
        ] {
            assert!(limit(text).is_err_and(|words| !words.is_empty()), "{text}");
        }
    }
}
