//! The keys that rules name, in an order in which a key's rule is found by halving: the decision costs the same for many
//! rules as for few, and allocates nothing. It doesn't know whether the rules are a ceiling or a grant.

use super::rule::Rule;
use crate::call::Verb;

/// Keys and prefixes of keys, each sorted.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    exact: Vec<String>,
    /// None of them begins with another.
    prefixes: Vec<String>,
}

impl Keys {
    /// The keys on which these rules let somebody do this.
    pub(super) fn of(rules: &[Rule], verb: Verb) -> Self {
        let (mut exact, mut all) = (Vec::new(), Vec::new());
        for rule in rules {
            match rule {
                Rule::Keys { pattern, verb: theirs } if *theirs == verb => match pattern.strip_suffix('*') {
                    Some(prefix) => all.push(prefix.to_owned()),
                    None => exact.push(pattern.clone()),
                },
                _ => {}
            }
        }
        exact.sort_unstable();
        all.sort_unstable();
        let mut prefixes: Vec<String> = Vec::new();
        for prefix in all {
            if prefixes.last().is_none_or(|shorter| !prefix.starts_with(shorter.as_str())) {
                prefixes.push(prefix);
            }
        }
        Self { exact, prefixes }
    }

    const fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }

    /// Whether some rule names the key.
    pub(super) fn cover(&self, key: &str) -> bool {
        if self.exact.binary_search_by(|exact| exact.as_str().cmp(key)).is_ok() {
            return true;
        }
        // What lies between a prefix and a key that begins with it begins with the prefix too, and no other prefix
        // does: so only the last one that isn't greater can be the key's.
        let after = self.prefixes.partition_point(|prefix| prefix.as_str() <= key);
        let last = after.checked_sub(1).and_then(|at| self.prefixes.get(at));
        last.is_some_and(|prefix| key.starts_with(prefix.as_str()))
    }
}

/// Keys that one verb is granted on: named by ceiling and grant, and not forbidden.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyTable {
    ceiling: Keys,
    granted: Keys,
    forbidden: Keys,
}

impl KeyTable {
    pub(super) fn of(ceiling: &[Rule], granted: &[Rule], forbidden: &[Rule], verb: Verb) -> Self {
        let of = |rules| Keys::of(rules, verb);
        Self { ceiling: of(ceiling), granted: of(granted), forbidden: of(forbidden) }
    }

    pub(super) fn cover(&self, key: &str) -> bool {
        self.ceiling.cover(key) && self.granted.cover(key) && !self.forbidden.cover(key)
    }

    /// Whether both name anything at all.
    pub(super) const fn has_any(&self) -> bool {
        !self.ceiling.is_empty() && !self.granted.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;
    use crate::call::{Tool, Verb};
    use crate::policy::Rule;
    use proptest::prelude::{ProptestConfig, prop, prop_assert_eq, proptest};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn halving_decides_as_looking_at_every_rule_does(
            patterns in prop::collection::vec("[ab/]{0,4}\\*?", 0..12),
            key in "[ab/]{0,6}",
        ) {
            let rules: Vec<Rule> = patterns
                .into_iter()
                .filter(|pattern| !pattern.is_empty())
                .map(|pattern| Rule::Keys { pattern, verb: Verb::Read })
                .collect();
            let each = rules.iter().any(|rule| rule.covers(Tool::Kv, Verb::Read, Some(&key)));
            prop_assert_eq!(Keys::of(&rules, Verb::Read).cover(&key), each);
            prop_assert_eq!(Keys::of(&rules, Verb::Write).cover(&key), false);
        }
    }
}
