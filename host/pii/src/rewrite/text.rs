//! Rewriting of one text. Knows nothing of documents.

use crate::{
    Finding, Match, Rules, Sentinel, Tokenizer, TooLarge,
    hint::Hint,
    sentinel::{check, settle},
};

/// Cutting a value out can bring another to light; after so many rounds the search ends all the same.
const MOST_ROUNDS: usize = 8;

/// A text with its personal data replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The text; byte for byte the original if nothing was replaced.
    pub text: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl std::fmt::Debug for Rewritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The text may hold values that the rules leave alone.
        f.debug_struct("Rewritten").field("bytes", &self.text.len()).field("findings", &self.findings).finish()
    }
}

/// Rewrites `text` by `rules`; `hint` is the key that it stands under. Rewriting the result changes nothing.
///
/// # Errors
///
/// [`TooLarge::Text`] over [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES); nothing was tokenized then.
pub fn text(
    sentinel: &Sentinel,
    rules: &Rules,
    text: &str,
    hint: Option<&str>,
    tokenizer: &mut dyn Tokenizer,
) -> Result<Rewritten, TooLarge> {
    check(text)?;
    let hint = hint.map(Hint::of).unwrap_or_default();
    Ok(hinted(sentinel, rules, text, hint, tokenizer))
}

pub(super) fn hinted(
    sentinel: &Sentinel,
    rules: &Rules,
    text: &str,
    hint: Hint,
    tokenizer: &mut dyn Tokenizer,
) -> Rewritten {
    let mut done = Rewritten { text: text.to_owned(), findings: Vec::new() };
    for _ in 0..MOST_ROUNDS {
        let mut found = sentinel.candidates(&done.text, hint);
        found.retain(|found| found.confidence >= rules.threshold(found.class));
        // A match that is only reported must not shield one that is to be replaced.
        let found = settle(found, |found| !rules.mode(found.class).replaces());
        let (replaced, flagged): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|found| rules.mode(found.class).replaces());
        if replaced.is_empty() {
            done.findings.extend(flagged.iter().map(|found| finding(rules, found)));
            break;
        }
        done.findings.extend(replaced.iter().map(|found| finding(rules, found)));
        done.text = cut(rules, &done.text, &replaced, tokenizer);
    }
    done
}

fn cut(rules: &Rules, text: &str, found: &[Match], tokenizer: &mut dyn Tokenizer) -> String {
    let mut rewritten = String::with_capacity(text.len());
    let mut from = 0;
    for found in found {
        let original = text.get(found.span.clone()).unwrap_or_default();
        let token = tokenizer.token(found, original, rules.mode(found.class));
        rewritten.push_str(text.get(from..found.span.start).unwrap_or_default());
        // A letter right before or after would make the token part of a word; its brackets prevent that.
        rewritten.push_str(&token.to_string());
        from = found.span.end;
    }
    rewritten.push_str(text.get(from..).unwrap_or_default());
    rewritten
}

fn finding(rules: &Rules, found: &Match) -> Finding {
    let mode = rules.mode(found.class);
    Finding { class: found.class, mode, confidence: found.confidence, replaced: mode.replaces() }
}
