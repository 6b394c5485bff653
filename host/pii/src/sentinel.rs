//! The search itself: hides tokens from the detectors, folds, runs them all, and settles overlaps.
//!
//! Knows the order of things; the formats are known in `detect`.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap};

use crate::{
    Class, Confidence, Match, TooLarge,
    detect::{self, Input, MASK, card, credential, email, government, phone},
    fold::Folded,
    hint::Hint,
    token::find_tokens,
};

/// The longest text that is searched, in bytes: 1 MiB.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

const DETECTORS: [fn(&Input<'_>, &mut Vec<Match>); 5] =
    [credential::find, email::find, card::find, government::find, phone::find];

/// Finds personal data. Holds nothing: every format is code, so it costs nothing to make or to share.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Sentinel;

impl Sentinel {
    /// A sentinel with all detectors.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// Personal data in `text`, sorted by place and free of overlaps. `hint` is the JSON key or column name
    /// that the text stands under. Matches of any confidence are returned; tokens are never matched.
    ///
    /// # Errors
    ///
    /// [`TooLarge::Text`] over [`MAX_TEXT_BYTES`].
    pub fn find(&self, text: &str, hint: Option<&str>) -> Result<Vec<Match>, TooLarge> {
        check(text)?;
        let matches = self.candidates(text, hint.map(Hint::of).unwrap_or_default());
        Ok(settle(matches, |_| false))
    }

    /// Everything that any detector sees, overlaps included. The caller has checked the length.
    pub(crate) fn candidates(&self, text: &str, hint: Hint) -> Vec<Match> {
        let folded = Folded::new(masked(text));
        let input = detect::Input::new(folded.text(), hint);
        let mut found = Vec::new();
        for detector in DETECTORS {
            detector(&input, &mut found);
        }
        found.retain_mut(|found| match folded.original(found.span.clone()) {
            Some(span) => {
                found.span = span;
                text.get(found.span.clone()).is_some_and(|cut| !cut.is_empty())
            }
            None => false,
        });
        found
    }
}

pub(crate) fn check(text: &str) -> Result<(), TooLarge> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(TooLarge::Text { bytes: text.len(), limit: MAX_TEXT_BYTES });
    }
    Ok(())
}

/// The text with every token blotted out, byte for byte.
fn masked(text: &str) -> Cow<'_, str> {
    let tokens = find_tokens(text);
    if tokens.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for (span, _) in tokens {
        masked.push_str(text.get(from..span.start).unwrap_or_default());
        masked.extend(std::iter::repeat_n(char::from(MASK), span.len()));
        from = span.end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(masked)
}

/// Keeps the best of overlapping matches: first those that `later` does not put last, then those over the
/// default threshold, then credentials (a password in a URL looks like the beginning of a mail address), then
/// the longest, then the surest.
pub(crate) fn settle(mut found: Vec<Match>, later: impl Fn(&Match) -> bool) -> Vec<Match> {
    found.sort_by_key(|found| {
        let sure = found.confidence >= Confidence::DEFAULT_THRESHOLD;
        (later(found), !sure, found.class != Class::Credential, Reverse(found.span.len()), Reverse(found.confidence))
    });
    let mut kept: BTreeMap<usize, Match> = BTreeMap::new();
    for found in found {
        let before = kept.range(..found.span.end).next_back();
        if before.is_none_or(|(_, kept)| kept.span.end <= found.span.start) {
            kept.insert(found.span.start, found);
        }
    }
    kept.into_values().collect()
}
