//! Does one action.

use std::hint::black_box;
use std::time::Duration;

use casemate::sql::{self, Element, Value};
use casemate::{Code, Failure, Refusal, clock, kv, log, random};
use serde_json::json;

use crate::action::{Action, Blob, Cell, Level, Other, Text};
use crate::reply::{self, Reply};

/// Does an action; an error ends the run.
pub(crate) fn perform(action: Action) -> Result<Reply, Failure> {
    match action {
        Action::Repeat { times, actions } => return repeat(times, &actions),
        Action::Spelled { letters } => return spelled(&letters),
        Action::SqlTransaction { actions, commit } => return within(actions, commit),
        Action::SqlHold { streams } => return Ok(hold(streams)),
        Action::Insist { action } => return insist(*action),
        Action::Fail { message } => return Err(Failure::failed(message)),
        Action::Refuse { message } => {
            return Err(Refusal::new(Code::CapabilityNotGranted, message).into());
        }
        Action::InvalidInput { message } => return Err(Failure::invalid_input(message)),
        Action::Panic { message } => panic(&message),
        Action::Echo { value } => return Ok(Reply::Ok(value)),
        Action::Fill { length } => return Ok(Reply::Ok(fill(length).into())),
        Action::Burn { turns } => burn(turns),
        Action::Hold { bytes } => {
            // Leaked on purpose: a guest that holds memory to its end.
            Vec::leak(black_box(vec![0xa5_u8; bytes]));
        }
        call => return Ok(Reply::of(answer(call))),
    }
    Ok(Reply::Ok(serde_json::Value::Null))
}

/// Makes a call.
fn answer(action: Action) -> Result<serde_json::Value, Refusal> {
    Ok(match action {
        Action::SqlQuery { statement, parameters } => {
            let query = sql::query(statement).bind_all(values(parameters)?);
            reply::rows(query.fetch()?)
        }
        Action::SqlExecute { statement, parameters } => {
            sql::execute(statement).bind_all(values(parameters)?).run()?.into()
        }
        Action::SqlReturning { statement, parameters } => {
            reply::rows(sql::execute(statement).bind_all(values(parameters)?).fetch()?)
        }
        Action::SqlStream { statement, parameters, most } => {
            let rows = sql::query(statement).bind_all(values(parameters)?).stream::<Vec<serde_json::Value>>()?;
            let rows = rows.take(most).collect::<Result<Vec<_>, _>>()?;
            json!({ "read": rows.len(), "last": rows.last() })
        }
        Action::KvGet { key } => kv::get(&key)?.map_or(serde_json::Value::Null, |value| {
            String::from_utf8(value).map_or_else(|error| error.into_bytes().into(), Into::into)
        }),
        Action::KvSet { key, value } => kv::set(&key, blob(value)).map(nothing)?,
        Action::KvDelete { key } => kv::delete(&key)?.into(),
        Action::KvAdd { key, delta } => kv::add(&key, delta)?.into(),
        Action::Log { level, message } => log::emit(self::level(level), text(message)).map(nothing)?,
        Action::Clock => clock::now()?.milliseconds().into(),
        Action::Sleep { ms } => clock::sleep(Duration::from_millis(ms)).map(nothing)?,
        Action::Random => random::bytes::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
        other => json!(format!("{other:?} is no call")),
    })
}

/// Does actions in a transaction.
fn within(actions: Vec<Action>, commit: bool) -> Result<Reply, Failure> {
    let transaction = match sql::begin() {
        Ok(transaction) => transaction,
        Err(refusal) => return Ok(Reply::Refused(reply::show(&refusal))),
    };
    let mut replies = Vec::new();
    for action in actions {
        replies.push(match action {
            Action::SqlQuery { statement, parameters } => {
                Reply::of(transaction.query(statement).bind_all(values(parameters)?).fetch().map(reply::rows))
            }
            Action::SqlExecute { statement, parameters } => {
                Reply::of(transaction.execute(statement).bind_all(values(parameters)?).run())
            }
            Action::SqlReturning { statement, parameters } => {
                Reply::of(transaction.execute(statement).bind_all(values(parameters)?).fetch().map(reply::rows))
            }
            other => perform(other)?,
        });
    }
    let committed = if commit { Some(Reply::of(transaction.commit().map(nothing))) } else { None };
    Ok(Reply::Ok(json!({ "replies": replies, "committed": committed })))
}

/// Opens streams and reads none of them.
fn hold(streams: usize) -> Reply {
    let mut held = Vec::new();
    let mut first = serde_json::Value::Null;
    for _ in 0..streams {
        match sql::query("select 1").stream::<(i64,)>() {
            Ok(stream) => held.push(stream),
            Err(refusal) if first.is_null() => first = reply::show(&refusal),
            Err(_) => {}
        }
    }
    Reply::Ok(json!({ "held": held.len(), "first-refusal": first }))
}

/// Does actions many times over and counts.
fn repeat(times: u64, actions: &[Action]) -> Result<Reply, Failure> {
    let (mut answered, mut refused, mut first) = (0_u64, 0_u64, serde_json::Value::Null);
    for _ in 0..times {
        for action in actions {
            match perform(action.clone())? {
                Reply::Ok(_) => answered += 1,
                Reply::Refused(refusal) => {
                    refused += 1;
                    if first.is_null() {
                        first = refusal;
                    }
                }
            }
        }
    }
    Ok(Reply::Ok(json!({ "answered": answered, "refused": refused, "first-refusal": first })))
}

/// Does actions that are spelled in letters from `a` to `p`.
fn spelled(letters: &str) -> Result<Reply, Failure> {
    let digits: Vec<u8> = letters.bytes().map(|letter| letter.wrapping_sub(b'a') & 0xf).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    let actions: Vec<Action> =
        serde_json::from_slice(&bytes).map_err(|error| Failure::invalid_input(error.to_string()))?;
    let replies = actions.into_iter().map(perform).collect::<Result<Vec<_>, _>>()?;
    Ok(Reply::Ok(json!(replies)))
}

/// Does a call; a refusal ends the run.
fn insist(action: Action) -> Result<Reply, Failure> {
    Ok(Reply::Ok(answer(action)?))
}

/// Counts to a number.
fn burn(turns: u64) {
    for turn in 0..turns {
        black_box(turn);
    }
}

/// Panics, as the test wants it.
#[expect(clippy::panic, reason = "a test asked for it")]
fn panic(message: &str) -> ! {
    panic!("{message}")
}

/// Parameters for a statement.
fn values(cells: Vec<Cell>) -> Result<Vec<Value>, Refusal> {
    cells.into_iter().map(value).collect()
}

/// One parameter.
fn value(cell: Cell) -> Result<Value, Refusal> {
    Ok(match cell {
        Cell::Null(()) => Value::Null,
        Cell::Boolean(value) => value.into(),
        Cell::Integer(value) => value.into(),
        Cell::Float(value) => value.into(),
        Cell::Text(value) => value.into(),
        Cell::Other(Other::Uuid(value)) => Value::Uuid(value),
        Cell::Other(Other::Json(value)) => Value::json(&value)?,
        Cell::Other(Other::Bytes(value)) => value.into(),
        Cell::Other(Other::Fill(length)) => fill(length).into(),
        Cell::Other(Other::Numeric(digits)) => Value::numeric(digits),
        Cell::Other(Other::Instant(time)) => Value::instant(time),
        Cell::Other(Other::Day(day)) => Value::Date(day),
        Cell::Other(Other::Array(cells)) => Value::Array(cells.into_iter().map(element).collect::<Result<_, _>>()?),
    })
}

/// One element of an array; what is no plain cell is null.
fn element(cell: Cell) -> Result<Element, Refusal> {
    Ok(match value(cell)? {
        Value::Boolean(value) => Element::Boolean(value),
        Value::Integer(value) => Element::Integer(value),
        Value::Float(value) => Element::Float(value),
        Value::Text(value) => Element::Text(value),
        Value::Uuid(value) => Element::Uuid(value),
        Value::Json(value) => Element::Json(value),
        Value::Bytes(value) => Element::Bytes(value),
        Value::Numeric(value) => Element::Numeric(value),
        _ => Element::Null,
    })
}

/// The bytes of a value of `kv`.
fn blob(blob: Blob) -> Vec<u8> {
    match blob {
        Blob::Text(text) => text.into_bytes(),
        Blob::Bytes(bytes) => bytes,
        Blob::Fill { fill: length } => fill(length).into_bytes(),
    }
}

/// A message's text.
fn text(text: Text) -> String {
    match text {
        Text::Plain(text) => text,
        Text::Fill { fill: length } => fill(length),
    }
}

/// So many bytes that no search for personal data can take for any.
fn fill(length: usize) -> String {
    "x".repeat(length)
}

/// The SDK's level.
fn level(level: Level) -> log::Level {
    match level {
        Level::Debug => log::Level::Debug,
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
        Level::Error => log::Level::Error,
    }
}

/// The answer of calls that answer nothing.
fn nothing((): ()) -> serde_json::Value {
    serde_json::Value::Null
}
