//! How much of what a manifest names a policy grants: for whoever compares the two before a run. The decision itself is
//! made by [`Grants::allow`], call by call. It doesn't know who asks.

use super::{Grants, Rule};

/// How much of one rule of the ceiling is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All that it names.
    Whole,
    /// Some of its keys.
    Part,
    /// Nothing of it.
    Nothing,
}

impl Grants {
    /// The rules of the ceiling, each with how much of it is granted.
    pub fn coverage(&self) -> impl Iterator<Item = (&Rule, Coverage)> {
        self.ceiling().iter().map(|rule| {
            let each = self.granted().iter().map(|grant| covered(rule, grant));
            let most = each.fold(Coverage::Nothing, |most, each| match (most, each) {
                (Coverage::Whole, _) | (_, Coverage::Whole) => Coverage::Whole,
                (Coverage::Part, _) | (_, Coverage::Part) => Coverage::Part,
                (Coverage::Nothing, Coverage::Nothing) => Coverage::Nothing,
            });
            let forbidden = self.forbidden().iter().map(|forbid| covered(rule, forbid));
            let left = forbidden.fold(most, |left, each| match (left, each) {
                (Coverage::Nothing, _) | (_, Coverage::Whole) => Coverage::Nothing,
                (left, Coverage::Nothing) => left,
                (_, Coverage::Part) => Coverage::Part,
            });
            (rule, left)
        })
    }
}

/// How much of a rule one grant covers.
fn covered(rule: &Rule, grant: &Rule) -> Coverage {
    match (rule, grant) {
        (Rule::Keys { pattern, verb }, Rule::Keys { pattern: granted, verb: other }) if verb == other => {
            keys(pattern, granted)
        }
        _ if rule == grant => Coverage::Whole,
        _ => Coverage::Nothing,
    }
}

fn keys(pattern: &str, granted: &str) -> Coverage {
    let within = |inner: &str, outer: &str| match outer.strip_suffix('*') {
        Some(prefix) => inner.strip_suffix('*').unwrap_or(inner).starts_with(prefix),
        None => inner == outer,
    };
    if within(pattern, granted) {
        Coverage::Whole
    } else if within(granted, pattern) {
        Coverage::Part
    } else {
        Coverage::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::{Coverage, keys};

    #[test]
    fn keys_are_covered_by_wider_patterns_only() {
        for (pattern, granted, expected) in [
            ("a/*", "a/*", Coverage::Whole),
            ("a/b*", "a/*", Coverage::Whole),
            ("a/b", "a/*", Coverage::Whole),
            ("a/b", "a/b", Coverage::Whole),
            ("a/*", "*", Coverage::Whole),
            ("a/*", "a/b*", Coverage::Part),
            ("a/*", "a/b", Coverage::Part),
            ("*", "a", Coverage::Part),
            ("a/b", "a/b/c", Coverage::Nothing),
            ("a/b", "a", Coverage::Nothing),
            ("a/*", "b/*", Coverage::Nothing),
            ("a", "a/*", Coverage::Nothing),
        ] {
            assert_eq!(keys(pattern, granted), expected, "{pattern} under {granted}");
        }
    }
}
