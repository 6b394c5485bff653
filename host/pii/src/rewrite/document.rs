//! Rewriting of a JSON document by walking it. Serialized JSON is never searched: a match across quotes and
//! braces would destroy it. Values in different places are never joined.
//!
//! Knows JSON's structure; each text goes to `text`.

use serde_json::{Map, Value};

use super::{Tokenizer, text};
use crate::{
    Finding, Rules, Sentinel, TooLarge,
    hint::{Hint, Secret},
    sentinel::check,
};

/// The most levels of a document that are walked.
pub const MAX_DEPTH: usize = 64;
/// The most values of a document that are walked.
pub const MAX_NODES: usize = 200_000;
/// The most bytes of text in a document: 8 MiB.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;
/// How often JSON inside a string is read as JSON; deeper it is text.
const MAX_NESTED: usize = 2;
/// Numbers with fewer digits identify nobody.
const LEAST_DIGITS: usize = 6;

/// Rewrites every text in `value` under the key that it stands under, numbers of six digits or more (a rewritten
/// number becomes a string), object keys, and JSON inside strings.
///
/// # Errors
///
/// [`TooLarge`] over any of the limits; `value` is untouched and nothing was tokenized then.
pub fn json(
    sentinel: &Sentinel,
    rules: &Rules,
    value: &mut Value,
    tokenizer: &mut dyn Tokenizer,
) -> Result<Vec<Finding>, TooLarge> {
    Measure::default().value(value, 0)?;
    let mut walk = Walk { sentinel, rules, tokenizer, findings: Vec::new() };
    walk.value(value, Hint::default(), 0);
    Ok(walk.findings)
}

#[derive(Default)]
struct Measure {
    nodes: usize,
    bytes: usize,
}

impl Measure {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), TooLarge> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(TooLarge::Nodes { limit: MAX_NODES });
        }
        if depth > MAX_DEPTH {
            return Err(TooLarge::Depth { limit: MAX_DEPTH });
        }
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item, depth + 1)),
            Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
                self.text(key)?;
                self.value(value, depth + 1)
            }),
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), TooLarge> {
        check(text)?;
        self.bytes += text.len();
        if self.bytes > MAX_DOCUMENT_BYTES {
            return Err(TooLarge::Document { limit: MAX_DOCUMENT_BYTES });
        }
        Ok(())
    }
}

struct Walk<'a> {
    sentinel: &'a Sentinel,
    rules: &'a Rules,
    tokenizer: &'a mut dyn Tokenizer,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    /// Rewrites one value; `nested` counts the strings around it that were read as JSON.
    fn value(&mut self, value: &mut Value, hint: Hint, nested: usize) {
        match value {
            Value::String(text) => {
                if let Some(rewritten) = self.string(text, hint, nested) {
                    *text = rewritten;
                }
            }
            Value::Number(number) => {
                let text = number.to_string();
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                let named = matches!(hint.secret, Some(Secret::Password | Secret::Pin));
                if (digits >= LEAST_DIGITS || named)
                    && let Some(rewritten) = self.text(&text, hint)
                {
                    *value = Value::String(rewritten);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.value(item, hint, nested);
                }
            }
            Value::Object(fields) => self.object(fields, hint, nested),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn object(&mut self, fields: &mut Map<String, Value>, outer: Hint, nested: usize) {
        let mut renamed = false;
        let mut rewritten = Vec::with_capacity(fields.len());
        for (key, mut value) in std::mem::take(fields) {
            // `{"password": {"value": …}}`: an empty wrapper passes its own key on.
            let wrapper = matches!(key.as_str(), "value" | "text" | "raw" | "data" | "content");
            let hint = if wrapper { outer } else { Hint::of(&key) };
            self.value(&mut value, hint, nested);
            let name = self.text(&key, Hint::default());
            renamed |= name.is_some();
            rewritten.push((name.unwrap_or(key), value));
        }
        for (key, value) in rewritten {
            let key = if renamed { unique(fields, key) } else { key };
            fields.insert(key, value);
        }
    }

    /// The rewritten string, if anything in it was replaced.
    fn string(&mut self, text: &str, hint: Hint, nested: usize) -> Option<String> {
        let inner = (nested < MAX_NESTED && hint.secret.is_none() && text.trim_start().starts_with(['{', '[']))
            .then(|| serde_json::from_str::<Value>(text).ok())
            .flatten()
            .filter(|inner| Measure::default().value(inner, 0).is_ok());
        let Some(mut inner) = inner else {
            return self.text(text, hint);
        };
        let known = self.findings.len();
        self.value(&mut inner, hint, nested + 1);
        let replaced = self.findings.iter().skip(known).any(|finding| finding.replaced);
        // Written anew only if it has to be, so that other strings keep their spaces and the order of keys.
        replaced.then(|| inner.to_string())
    }

    fn text(&mut self, text: &str, hint: Hint) -> Option<String> {
        let done = text::hinted(self.sentinel, self.rules, text, hint, self.tokenizer);
        let replaced = done.findings.iter().any(|finding| finding.replaced);
        self.findings.extend(done.findings);
        replaced.then_some(done.text)
    }
}

/// `key`, or `key#2` and so on where it is taken: two spellings of one value have the same token.
fn unique(fields: &Map<String, Value>, key: String) -> String {
    if !fields.contains_key(&key) {
        return key;
    }
    (2..=fields.len() + 2).map(|copy| format!("{key}#{copy}")).find(|name| !fields.contains_key(name)).unwrap_or(key)
}
