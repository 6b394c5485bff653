//! What is to be done with each class in one channel: a mode and the least confidence at which it is done.
//!
//! Knows nothing of tenants, or of how the rules are written.

use std::collections::BTreeMap;

use crate::{Class, Confidence, Mode};

/// Mode and threshold per class. A class that is not named is [`Mode::Strict`] at
/// [`Confidence::DEFAULT_THRESHOLD`].
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

#[cfg(test)]
mod tests;
