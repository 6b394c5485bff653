//! How personal data is looked for in each shape that an argument or a cell can have. It doesn't know which tool the
//! value belongs to.

use casemate_abi::Code;
use casemate_pii::{Channel, Finding, find_tokens, rewrite};

use super::{Guard, too_large};
use crate::call::Value;
use crate::refusal::Refusal;
use crate::vault::Vault;

/// Integers with fewer digits than this are not looked at: too short for any class.
const SHORTEST_NUMBER: usize = 6;

/// A field that must not be rewritten comes through as it is, or is refused.
pub(super) fn control(guard: &Guard<'_>, field: String, what: &str) -> Result<String, Refusal> {
    refuse_match(guard, &field, what)?;
    Ok(field)
}

pub(super) fn refuse_match(guard: &Guard<'_>, field: &str, what: &str) -> Result<(), Refusal> {
    let found = guard.sentinel.find(field, None).map_err(|cause| too_large(&cause))?;
    let rules = guard.rules.of(Channel::Argument);
    let sure = |found: &&casemate_pii::Match| {
        rules.mode(found.class).replaces() && found.confidence >= rules.threshold(found.class)
    };
    match found.iter().find(sure) {
        None => Ok(()),
        Some(found) => Err(Refusal::new(
            Code::PiiInControlField,
            format!("{what} holds personal data of class {} (confidence {})", found.class.as_str(), found.confidence),
        )),
    }
}

pub(super) fn text(
    guard: &mut Guard<'_>,
    channel: Channel,
    text: String,
    hint: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<String, Refusal> {
    let rewritten = rewrite::text(guard.sentinel, guard.rules.of(channel), &text, hint, guard.vault);
    let rewritten = rewritten.map_err(|cause| too_large(&cause))?;
    findings.extend(rewritten.findings);
    Ok(rewritten.text)
}

/// JSON is walked; what says that it is JSON and isn't is searched as text.
fn json(
    guard: &mut Guard<'_>,
    channel: Channel,
    source: String,
    hint: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<String, Refusal> {
    let Ok(mut document) = serde_json::from_str::<serde_json::Value>(&source) else {
        return text(guard, channel, source, hint, findings);
    };
    let found = super::document(guard, channel, &mut document)?;
    let changed = found.iter().any(|finding| finding.replaced);
    findings.extend(found);
    Ok(if changed { document.to_string() } else { source })
}

pub(super) fn value(
    guard: &mut Guard<'_>,
    channel: Channel,
    value: Value,
    hint: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<Value, Refusal> {
    Ok(match value {
        Value::Text(source) => Value::Text(text(guard, channel, source, hint, findings)?),
        Value::Json(source) => Value::Json(json(guard, channel, source, hint, findings)?),
        Value::Bytes(source) => Value::Bytes(bytes(guard, channel, source, findings)?),
        Value::Integer(number) => {
            number_of(guard, channel, number.to_string(), hint, findings)?.map_or(Value::Integer(number), Value::Text)
        }
        Value::Numeric(digits) => {
            number_of(guard, channel, digits.clone(), hint, findings)?.map_or(Value::Numeric(digits), Value::Text)
        }
        Value::Array(elements) => {
            let mut searched = Vec::with_capacity(elements.len());
            for element in elements {
                searched.push(self::value(guard, channel, element, hint, findings)?);
            }
            Value::Array(searched)
        }
        // A UUID is made of hexadecimal digits and hyphens in a form that no class has; no class is a time either.
        other @ (Value::Null
        | Value::Boolean(_)
        | Value::Float(_)
        | Value::Uuid(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Timestamp(_)
        | Value::TimestampTz(_)) => other,
    })
}

/// What stands in a number's place, if its digits are somebody's.
fn number_of(
    guard: &mut Guard<'_>,
    channel: Channel,
    digits: String,
    hint: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<Option<String>, Refusal> {
    if digits.len() < SHORTEST_NUMBER {
        return Ok(None);
    }
    let rewritten = text(guard, channel, digits.clone(), hint, findings)?;
    Ok(Some(rewritten).filter(|rewritten| *rewritten != digits))
}

/// Bytes that are UTF-8 are searched as JSON or text; others have no form that the Sentinel knows.
pub(super) fn bytes(
    guard: &mut Guard<'_>,
    channel: Channel,
    bytes: Vec<u8>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<u8>, Refusal> {
    match String::from_utf8(bytes) {
        Ok(source) => json(guard, channel, source, None, findings).map(String::into_bytes),
        Err(not_text) => Ok(not_text.into_bytes()),
    }
}

/// A token that the vault doesn't know can't be turned back: written to a table it would destroy what stood there.
pub(super) fn refuse_strict_token(vault: &Vault, parameter: &Value) -> Result<(), Refusal> {
    let source = match parameter {
        Value::Text(source) | Value::Json(source) => source.as_str(),
        Value::Bytes(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        Value::Array(elements) => {
            return elements.iter().try_for_each(|element| refuse_strict_token(vault, element));
        }
        // A guest may say of any text that it is a number or a date; Postgres finds that out after this.
        Value::Uuid(source)
        | Value::Numeric(source)
        | Value::Date(source)
        | Value::Time(source)
        | Value::Timestamp(source)
        | Value::TimestampTz(source) => source.as_str(),
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => return Ok(()),
    };
    match find_tokens(source).into_iter().find(|(_, token)| vault.original(token).is_none()) {
        None => Ok(()),
        Some((_, token)) => Err(Refusal::new(
            Code::PiiStrictToken,
            format!("a parameter holds a token of class {} that can't be turned back", token.class().as_str()),
        )),
    }
}

pub(super) fn reveal(vault: &Vault, parameter: &mut Value) {
    match parameter {
        Value::Text(source) => {
            *source = rewrite::reveal(source, &mut |token| vault.original(token).map(ToOwned::to_owned));
        }
        // Inside JSON text the value must be escaped as JSON wants it.
        Value::Json(source) => {
            *source = rewrite::reveal(source, &mut |token| {
                let quoted = serde_json::to_string(vault.original(token)?).ok()?;
                quoted.get(1..quoted.len().saturating_sub(1)).map(ToOwned::to_owned)
            });
        }
        Value::Bytes(bytes) => {
            if let Ok(source) = std::str::from_utf8(bytes) {
                let revealed = rewrite::reveal(source, &mut |token| vault.original(token).map(ToOwned::to_owned));
                *bytes = revealed.into_bytes();
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| reveal(vault, element)),
        _ => {}
    }
}
