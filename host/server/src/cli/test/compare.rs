//! What a run did beside what its case says, as a list of differences that people can act on. Behind the first call that
//! differs nothing is compared: what follows is its consequence. It doesn't know how they are shown.

use serde_json::{Map, Value};

use super::case::{Case, End, Given};
use super::notation::{Entry, RefusalNote, asked, replied};
use crate::crossing::Exchange;
use crate::dispatch::Rehearsed;
use casemate_abi::Code;
use casemate_gate::Refusal;

/// Most differences that are told of one call or result.
const MOST: usize = 20;

/// One place at which run and case differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    pub(super) what: What,
    /// Where in it, as a JSON pointer (RFC 6901).
    pub(super) path: String,
    /// Nothing where the case has nothing there.
    pub(super) expected: Option<Value>,
    /// Nothing where the run did nothing there.
    pub(super) actual: Option<Value>,
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The call with this number, from 1: its arguments.
    Request(usize),
    /// Whether it was granted.
    Answer(usize),
    /// It is in the case and was not made.
    Missing(usize),
    /// It was made and is not in the case.
    Extra(usize),
    /// How the run ended.
    End,
}

/// All differences of one run.
pub(super) fn compare(case: &Case, run: &Rehearsed) -> Result<Vec<Difference>, serde_json::Error> {
    let mut given = Given::by(&case.input);
    for at in 0..case.calls.len().max(run.exchanges.len()) {
        let number = at + 1;
        let found = match (case.calls.get(at), run.exchanges.get(at)) {
            (Some(entry), Some(exchange)) => call(number, entry, exchange, &given)?,
            (Some(entry), None) => vec![whole(What::Missing(number), Some(asked(&entry.request)?), None)],
            (None, Some(exchange)) => vec![whole(What::Extra(number), None, Some(asked(&exchange.request)?))],
            (None, None) => Vec::new(),
        };
        if !found.is_empty() {
            let stopped = run.result.as_ref().is_err_and(|refusal| refusal.code() == Code::RunDiverged);
            let only_less = matches!(found.first(), Some(Difference { what: What::Missing(_), .. }));
            // Why it made no more calls stands in how it ended; otherwise the end is a consequence.
            let end = if only_less && !stopped { end(case, run, &given)? } else { Vec::new() };
            return Ok([found, end].concat());
        }
        if let Some(entry) = case.calls.get(at) {
            given.take(entry)?;
        }
    }
    end(case, run, &given)
}

fn whole(what: What, expected: Option<Value>, actual: Option<Value>) -> Difference {
    Difference { what, path: String::new(), expected, actual }
}

fn call(
    number: usize,
    entry: &Entry,
    exchange: &Exchange,
    given: &Given,
) -> Result<Vec<Difference>, serde_json::Error> {
    let mut found = Vec::new();
    differ(What::Request(number), "", &asked(&entry.request)?, &asked(&exchange.request)?, given, &mut found);
    if !found.is_empty() {
        return Ok(found);
    }
    let what = What::Answer(number);
    match (&entry.answer, &exchange.answer) {
        // The gates may have put tokens into a reply that was written by hand; what the agent makes of it, it shows.
        (None | Some(Ok(_)), Ok(_)) => {}
        (Some(Err(expected)), Err(actual)) => refusals(what, expected, actual, given, &mut found)?,
        (Some(Err(expected)), Ok(reply)) => {
            found.push(whole(what, Some(refused(expected)?), Some(replied(reply)?)));
        }
        (expected, Err(actual)) => {
            let expected = expected.as_ref().and_then(|answer| answer.as_ref().ok()).map(replied).transpose()?;
            found.push(whole(what, expected, Some(refused(&RefusalNote::of(actual))?)));
        }
    }
    Ok(found)
}

fn refusals(
    what: What,
    expected: &RefusalNote,
    actual: &Refusal,
    given: &Given,
    found: &mut Vec<Difference>,
) -> Result<(), serde_json::Error> {
    let mut actual = RefusalNote::of(actual);
    if expected.name != actual.name {
        found.push(whole(what, Some(refused(expected)?), Some(refused(&actual)?)));
        return Ok(());
    }
    if expected.message.is_none() {
        actual.message = None;
    }
    differ(what, "", &serde_json::to_value(expected)?, &serde_json::to_value(actual)?, given, found);
    Ok(())
}

fn refused(note: &RefusalNote) -> Result<Value, serde_json::Error> {
    Ok(Value::Object(Map::from_iter([("refused".to_owned(), serde_json::to_value(note)?)])))
}

fn end(case: &Case, run: &Rehearsed, given: &Given) -> Result<Vec<Difference>, serde_json::Error> {
    let mut found = Vec::new();
    match (&case.end, &run.result) {
        (Some(End::Result(expected)), Ok(text)) => {
            differ(What::End, "", expected, &serde_json::from_str(text)?, given, &mut found);
        }
        (Some(End::Failure(expected)), Err(actual)) => refusals(What::End, expected, actual, given, &mut found)?,
        (Some(End::Result(expected)), Err(actual)) => {
            found.push(whole(What::End, Some(expected.clone()), Some(refused(&RefusalNote::of(actual))?)));
        }
        (Some(End::Failure(expected)), Ok(text)) => {
            found.push(whole(What::End, Some(refused(expected)?), Some(serde_json::from_str(text)?)));
        }
        (None, Ok(text)) => found.push(whole(What::End, None, Some(serde_json::from_str(text)?))),
        (None, Err(actual)) => found.push(whole(What::End, None, Some(refused(&RefusalNote::of(actual))?))),
    }
    Ok(found)
}

/// Goes down both documents side by side.
fn differ(what: What, path: &str, expected: &Value, actual: &Value, given: &Given, found: &mut Vec<Difference>) {
    match (expected, actual) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let added = theirs.keys().filter(|key| !ours.contains_key(*key));
            for key in ours.keys().chain(added) {
                let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (ours.get(key), theirs.get(key)) {
                    (Some(ours), Some(theirs)) => differ(what, &path, ours, theirs, given, found),
                    (ours, theirs) => say(found, what, path, ours, theirs),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            for at in 0..ours.len().max(theirs.len()) {
                let path = format!("{path}/{at}");
                match (ours.get(at), theirs.get(at)) {
                    (Some(ours), Some(theirs)) => differ(what, &path, ours, theirs, given, found),
                    (ours, theirs) => say(found, what, path, ours, theirs),
                }
            }
        }
        (Value::String(ours), Value::String(theirs)) if given.fits(ours, theirs) => {}
        (ours, theirs) if ours == theirs => {}
        (ours, theirs) => say(found, what, path.to_owned(), Some(ours), Some(theirs)),
    }
}

fn say(found: &mut Vec<Difference>, what: What, path: String, expected: Option<&Value>, actual: Option<&Value>) {
    if found.len() < MOST {
        found.push(Difference { what, path, expected: expected.cloned(), actual: actual.cloned() });
    }
}
