//! What the probe replies to each action.

use casemate::Refusal;
use casemate::sql::{Rows, Value};
use serde::Serialize;
use serde_json::json;

use crate::action::{Cell, Other};

/// `{"ok": …}` or `{"refused": {"code", "name", "message", "remedy"}}`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    Ok(serde_json::Value),
    Refused(serde_json::Value),
}

impl Reply {
    /// The reply to a call whose answer can be shown as JSON.
    pub(crate) fn of<T: Into<serde_json::Value>>(result: Result<T, Refusal>) -> Self {
        match result {
            Ok(answer) => Self::Ok(answer.into()),
            Err(refusal) => Self::Refused(show(&refusal)),
        }
    }
}

/// A refusal as JSON.
pub(crate) fn show(refusal: &Refusal) -> serde_json::Value {
    json!({
        "code": refusal.code(),
        "name": refusal.name(),
        "message": refusal.message(),
        "remedy": refusal.remedy(),
    })
}

/// Rows as JSON, with cells in the notation of the input.
pub(crate) fn rows(rows: Rows) -> serde_json::Value {
    let cells = |row: Vec<Value>| row.into_iter().map(cell).collect::<Vec<_>>();
    json!({ "columns": rows.columns, "rows": rows.rows.into_iter().map(cells).collect::<Vec<_>>() })
}

/// One cell.
fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null(()),
        Value::Boolean(value) => Cell::Boolean(value),
        Value::Integer(value) => Cell::Integer(value),
        Value::Float(value) => Cell::Float(value),
        Value::Text(value) => Cell::Text(value),
        Value::Uuid(value) => Cell::Other(Other::Uuid(value)),
        // What is no JSON although the host says so shows as the text that it is.
        Value::Json(value) => match serde_json::from_str(&value) {
            Ok(document) => Cell::Other(Other::Json(document)),
            Err(_) => Cell::Text(value),
        },
        Value::Bytes(value) => Cell::Other(Other::Bytes(value)),
        Value::Numeric(value) => Cell::Other(Other::Numeric(value)),
        Value::TimestampTz(value) | Value::Timestamp(value) => Cell::Other(Other::Instant(value)),
        Value::Date(value) | Value::Time(value) => Cell::Other(Other::Day(value)),
        Value::Array(elements) => {
            Cell::Other(Other::Array(elements.into_iter().map(|element| cell(element.into())).collect()))
        }
    }
}
