//! What a tenant wants done with each class: a mode and the least confidence at which it is done.
//!
//! Knows nothing of tenants or channels; the caller picks the rules that apply.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::{Class, Confidence, Mode};

/// Mode and threshold per class. A class that is not named is [`Mode::Strict`] at
/// [`Confidence::DEFAULT_THRESHOLD`].
///
/// Read from a map such as `{ email = "reversible", card = { mode = "strict", threshold = 0.7 } }`; unknown
/// classes, modes and fields are errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    rules: BTreeMap<Class, Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    mode: Mode,
    threshold: Confidence,
}

impl Default for Rule {
    fn default() -> Self {
        Self { mode: Mode::Strict, threshold: Confidence::DEFAULT_THRESHOLD }
    }
}

impl Rules {
    /// Rules with the given modes and the default threshold. A class named twice keeps the stricter mode.
    #[must_use]
    pub fn new(modes: impl IntoIterator<Item = (Class, Mode)>) -> Self {
        let mut rules = BTreeMap::<Class, Rule>::new();
        for (class, mode) in modes {
            let mode = rules.get(&class).map_or(mode, |rule: &Rule| rule.mode.min(mode));
            rules.insert(class, Rule { mode, ..Rule::default() });
        }
        Self { rules }
    }

    /// The same rules with another threshold for `class`.
    #[must_use]
    pub fn with_threshold(mut self, class: Class, threshold: Confidence) -> Self {
        self.rules.entry(class).or_default().threshold = threshold;
        self
    }

    /// What is done with a match of `class`.
    #[must_use]
    pub fn mode(&self, class: Class) -> Mode {
        self.rule(class).mode
    }

    /// The least confidence at which a match of `class` counts.
    #[must_use]
    pub fn threshold(&self, class: Class) -> Confidence {
        self.rule(class).threshold
    }

    fn rule(&self, class: Class) -> Rule {
        self.rules.get(&class).copied().unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    email: Option<Entry>,
    phone: Option<Entry>,
    card: Option<Entry>,
    government_id: Option<Entry>,
    credential: Option<Entry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Mode(Mode),
    Full(Full),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    #[serde(default)]
    mode: Mode,
    threshold: Option<Confidence>,
}

impl From<Entry> for Rule {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Mode(mode) => Self { mode, ..Self::default() },
            Entry::Full(full) => {
                Self { mode: full.mode, threshold: full.threshold.unwrap_or(Confidence::DEFAULT_THRESHOLD) }
            }
        }
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let rules = [
            (Class::Email, written.email),
            (Class::Phone, written.phone),
            (Class::Card, written.card),
            (Class::GovernmentId, written.government_id),
            (Class::Credential, written.credential),
        ]
        .into_iter()
        .filter_map(|(class, entry)| Some((class, Rule::from(entry?))))
        .collect();
        Ok(Self { rules })
    }
}

#[cfg(test)]
mod tests;
