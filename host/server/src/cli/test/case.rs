//! A case: an input, the calls that an agent makes with it, their answers, and how the run ends, as a file that people
//! read and edit. It is JSON, since TOML has no null and rows are full of them. It doesn't know how a case is run.

use std::collections::HashSet;

use casemate_gate::{Refusal, Request};
use casemate_pii::{Token, find_tokens};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::layout::Layout;
use super::notation::{Entry, RefusalNote, asked, read_asked};
use crate::crossing::Exchange;

/// The form of the file; another one takes the next number.
const FORMAT: u32 = 1;
/// When a run begins whose case doesn't say: 2026-01-01T00:00:00Z, in milliseconds.
const START_MS: u64 = 1_767_225_600_000;
/// Most calls of one case.
const CALLS: usize = 10_000;

/// A case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    about: Option<String>,
    start_ms: Option<u64>,
    pub(super) input: Value,
    pub(super) calls: Vec<Entry>,
    /// None where the author has not said yet.
    pub(super) end: Option<End>,
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// With this document.
    Result(Value),
    /// Without one.
    Failure(RefusalNote),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    about: Option<String>,
    start_ms: Option<u64>,
    input: Value,
    calls: Vec<Value>,
    #[serde(default, deserialize_with = "given")]
    result: Option<Value>,
    failure: Option<RefusalNote>,
}

/// A field that is there, even if it is null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Case {
    /// Reads a case, or says what is wrong with it in one clause.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let File { format, about, start_ms, input, calls, result, failure } =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        if format != FORMAT {
            return Err(format!("`format` is {format}, and this host reads {FORMAT}"));
        }
        if calls.len() > CALLS {
            return Err(format!("it has {} calls, and {CALLS} are the most", calls.len()));
        }
        let end = match (result, failure) {
            (Some(_), Some(_)) => return Err("it has a `result` and a `failure`, and a run ends once".to_owned()),
            (Some(result), None) => Some(End::Result(result)),
            (None, failure) => failure.map(End::Failure),
        };
        let entry = |(at, note)| Entry::read(note).map_err(|error| format!("call {}: {error}", at + 1));
        let calls = calls.into_iter().enumerate().map(entry).collect::<Result<_, _>>()?;
        Ok(Self { about, start_ms, input, calls, end })
    }

    /// The case of a run that was recorded.
    pub(super) fn recorded(
        input: Value,
        exchanges: Vec<Exchange>,
        result: Result<String, Refusal>,
    ) -> Result<Self, serde_json::Error> {
        let bare = Self { about: None, start_ms: None, input, calls: Vec::new(), end: None };
        bare.with(exchanges, result)
    }

    /// The same case with what a run did now.
    pub(super) fn with(
        self,
        exchanges: Vec<Exchange>,
        result: Result<String, Refusal>,
    ) -> Result<Self, serde_json::Error> {
        let mut given = Given::by(&self.input);
        let mut calls = Vec::new();
        for (at, Exchange { request, answer }) in exchanges.into_iter().enumerate() {
            let request = given.anonymous_request(&request)?;
            let before = self.calls.get(at).filter(|entry| entry.request.operation() == request.operation());
            let left_open = before.is_some_and(|entry| entry.answer.is_none()) && answer.is_ok();
            let answer = answer.map_err(|refusal| RefusalNote::of(&refusal));
            let entry = Entry { request, answer: (!left_open).then_some(answer) };
            given.take(&entry)?;
            calls.push(entry);
        }
        let end = match result {
            Ok(text) => End::Result(given.anonymous(serde_json::from_str(&text)?)),
            Err(refusal) => End::Failure(RefusalNote::of(&refusal)),
        };
        Ok(Self { calls, end: Some(end), ..self })
    }

    /// When the run begins.
    pub(super) fn start_ms(&self) -> u64 {
        self.start_ms.unwrap_or(START_MS)
    }

    /// Every token that the agent is given.
    pub(super) fn tokens(&self) -> Result<HashSet<Token>, serde_json::Error> {
        let mut given = Given::by(&self.input);
        self.calls.iter().try_for_each(|entry| given.take(entry))?;
        Ok(given.0)
    }

    /// The text of the file.
    pub(super) fn text(&self) -> Result<String, serde_json::Error> {
        let plain = |name: &str, value: Value| (name.to_owned(), Layout::Plain(value));
        let mut fields = vec![plain("format", FORMAT.into())];
        fields.extend(self.about.iter().map(|about| plain("about", about.as_str().into())));
        fields.extend(self.start_ms.iter().map(|start| plain("start_ms", (*start).into())));
        fields.push(plain("input", self.input.clone()));
        let calls = self.calls.iter().map(Entry::write).collect::<Result<_, _>>()?;
        fields.push(("calls".to_owned(), Layout::List(calls)));
        match &self.end {
            Some(End::Result(document)) => fields.push(plain("result", document.clone())),
            Some(End::Failure(refusal)) => fields.push(("failure".to_owned(), refusal.write())),
            None => {}
        }
        Ok(Layout::Fields(fields).text())
    }
}

/// The tokens that the agent was given so far. Others were made from what the agent wrote itself; they differ in every
/// run, so what is kept of them is the class: `<EMAIL_*>`.
pub(super) struct Given(HashSet<Token>);

impl Given {
    /// By the input.
    pub(super) fn by(input: &Value) -> Self {
        let mut given = Self(HashSet::new());
        given.look_at(input);
        given
    }

    /// And by the answer to a call.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), serde_json::Error> {
        if let Some(Ok(reply)) = &entry.answer {
            let reply = super::notation::replied(reply)?;
            self.look_at(&reply);
        }
        Ok(())
    }

    fn look_at(&mut self, document: &Value) {
        match document {
            Value::String(text) => self.0.extend(find_tokens(text).into_iter().map(|(_, token)| token)),
            Value::Array(items) => items.iter().for_each(|item| self.look_at(item)),
            Value::Object(fields) => fields.values().for_each(|value| self.look_at(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a text is what was expected: word for word, or with tokens of the agent's own known by their class.
    pub(super) fn fits(&self, expected: &str, actual: &str) -> bool {
        expected == actual
            || expected == anonymous(actual, |token| self.0.contains(token))
            || expected == anonymous(actual, |_| false)
    }

    fn anonymous(&self, document: Value) -> Value {
        match document {
            Value::String(text) => anonymous(&text, |token| self.0.contains(token)).into(),
            Value::Array(items) => items.into_iter().map(|item| self.anonymous(item)).collect(),
            Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, self.anonymous(value))).collect(),
            plain => plain,
        }
    }

    fn anonymous_request(&self, request: &Request) -> Result<Request, serde_json::Error> {
        read_asked(self.anonymous(asked(request)?))
    }
}

/// The text with only the class of each token that is not known.
fn anonymous(text: &str, is_known: impl Fn(&Token) -> bool) -> String {
    let mut kept = String::new();
    let mut from = 0;
    for (span, token) in find_tokens(text) {
        if !is_known(&token) {
            kept.push_str(text.get(from..span.start).unwrap_or_default());
            kept.push_str(&format!("<{}_*>", token.class()));
            from = span.end;
        }
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    kept
}

#[cfg(test)]
mod tests;
