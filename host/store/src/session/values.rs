//! Typed values in and out. Parameters go as quoted literals of a declared type into `EXECUTE`, results come in
//! Postgres's text form and are read by their type: so every type that Postgres knows works both ways, text being the
//! general form. It doesn't know which statement they belong to.

use casemate_gate::Value;
use sqlx::postgres::PgRow;
use sqlx::{Column, Row};

use super::error::SqlError;
use crate::wire;

/// What a query may return at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Rows.
    pub rows: usize,
    /// Bytes of all cells, in Postgres's text form.
    pub bytes: usize,
}

/// What a query returned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Names of the columns; none when there is no row.
    pub columns: Vec<String>,
    /// Row by row, cell by cell.
    pub rows: Vec<Vec<Value>>,
}

/// The type a parameter is declared with. Text and null are left to Postgres to infer (`unknown`), so that text works
/// wherever a date, a numeric, an array or an enum is wanted.
pub(super) const fn declared(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::Text(_) => "unknown",
        Value::Boolean(_) => "boolean",
        Value::Integer(_) => "bigint",
        Value::Float(_) => "double precision",
        Value::Uuid(_) => "uuid",
        Value::Json(_) => "jsonb",
        Value::Bytes(_) => "bytea",
    }
}

/// The value as an argument of `EXECUTE`; none if it holds a NUL.
pub(super) fn argument(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return Some("NULL".to_owned()),
        Value::Bytes(bytes) => return Some(wire::bytes(bytes)),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        // Rust's shortest round-trip form; Postgres reads `NaN`, `inf` and `-inf` too.
        Value::Float(value) => value.to_string(),
        Value::Text(text) | Value::Uuid(text) | Value::Json(text) => text.clone(),
    };
    (!text.contains('\0')).then(|| wire::literal(&text))
}

/// Rows as they come, within the caps.
#[derive(Debug)]
pub(super) struct Collector {
    caps: Caps,
    bytes: usize,
    pub(super) rows: Rows,
    pub(super) changed: u64,
}

impl Collector {
    pub(super) fn new(caps: Caps) -> Self {
        Self { caps, bytes: 0, rows: Rows::default(), changed: 0 }
    }

    pub(super) fn take(&mut self, row: &PgRow) -> Result<(), SqlError> {
        if self.rows.rows.len() >= self.caps.rows {
            return Err(SqlError::TooManyRows { limit: self.caps.rows });
        }
        if self.rows.columns.is_empty() {
            self.rows.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        let mut cells = Vec::with_capacity(row.columns().len());
        for (index, column) in row.columns().iter().enumerate() {
            let text = wire::text(row, index).map_err(SqlError::unavailable)?;
            self.bytes = self.bytes.saturating_add(text.as_ref().map_or(1, String::len));
            if self.bytes > self.caps.bytes {
                return Err(SqlError::TooManyBytes { limit: self.caps.bytes });
            }
            cells.push(cell(column.type_info().oid().map_or(0, |oid| oid.0), text)?);
        }
        self.rows.rows.push(cells);
        Ok(())
    }
}

/// By the numbers of pg_type, which never change.
fn cell(oid: u32, text: Option<String>) -> Result<Value, SqlError> {
    let Some(text) = text else { return Ok(Value::Null) };
    let unreadable = || SqlError::unavailable("a cell is not in the text form of its type");
    Ok(match oid {
        16 => Value::Boolean(text == "t"),
        17 => Value::Bytes(text.strip_prefix("\\x").and_then(|hex| hex::decode(hex).ok()).ok_or_else(unreadable)?),
        // int8, int2, int4, oid
        20 | 21 | 23 | 26 => Value::Integer(text.parse().map_err(|_| unreadable())?),
        700 | 701 => Value::Float(text.parse().map_err(|_| unreadable())?),
        114 | 3802 => Value::Json(text),
        2950 => Value::Uuid(text),
        _ => Value::Text(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_hold_their_values() {
        assert_eq!(argument(&Value::Text("O'Neil \\".into())).as_deref(), Some(r"E'O''Neil \\'"));
        assert_eq!(argument(&Value::Text("a\0b".into())), None);
        assert_eq!(argument(&Value::Float(f64::NEG_INFINITY)).as_deref(), Some("E'-inf'"));
    }

    #[test]
    fn cells_are_read_by_type() {
        assert!(matches!(cell(16, Some("t".into())), Ok(Value::Boolean(true))));
        assert!(matches!(cell(17, Some("\\x00ff".into())), Ok(Value::Bytes(bytes)) if bytes == [0, 255]));
        assert!(matches!(cell(701, Some("Infinity".into())), Ok(Value::Float(value)) if value == f64::INFINITY));
        assert!(matches!(cell(1700, Some("1.10".into())), Ok(Value::Text(text)) if text == "1.10"));
        assert!(cell(20, Some("x".into())).is_err());
    }
}
