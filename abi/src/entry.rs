//! One entry of the catalogue, and how one is found. It does not know which entries there are.

use crate::ENTRIES;

/// For whom an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A guest may read it: a call or a run was refused.
    Refusal,
    /// Operators and callers of the API read it.
    Problem,
}

impl Kind {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::Problem => "problem",
        }
    }
}

/// A refusal or problem as it is published: the same words for everybody, so nothing of any tenant's is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable, and never used for another.
    pub number: u16,
    /// Stable, in kebab case.
    pub name: &'static str,
    /// For whom it is.
    pub kind: Kind,
    /// The HTTP status with which it is told.
    pub status: u16,
    /// What happened, in a few words.
    pub title: &'static str,
    /// Why it happens, in one sentence.
    pub cause: &'static str,
    /// What to do about it, in one clause.
    pub remedy: &'static str,
    /// The problem type of RFC 9457, made of the name.
    pub uri: &'static str,
}

impl Entry {
    /// The entry of that name.
    ///
    /// ```
    /// use casemate_abi::Entry;
    ///
    /// assert_eq!(Entry::named("keys-permissions").map(|entry| entry.number), Some(1703));
    /// assert_eq!(Entry::named("keys"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ENTRIES.iter().find(|entry| entry.name == name)
    }

    /// The entry with that number.
    ///
    /// ```
    /// use casemate_abi::Entry;
    ///
    /// assert_eq!(Entry::numbered(301).map(|entry| entry.name), Some("budget-calls"));
    /// ```
    #[must_use]
    pub fn numbered(number: u16) -> Option<&'static Self> {
        ENTRIES.iter().find(|entry| entry.number == number)
    }
}
