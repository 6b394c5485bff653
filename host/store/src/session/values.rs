//! Typed values in and out. Parameters go as quoted literals of a declared type into `EXECUTE`, results come in
//! Postgres's text form and are read by their type: so every type that Postgres knows works both ways, text being the
//! general form. It doesn't know which statement they belong to.

use casemate_gate::Value;

use super::array;
use super::error::SqlError;
use crate::wire;

/// The type a parameter is declared with. Text and null are left to Postgres to infer (`unknown`), so that text works
/// wherever an enum, a range or an address is wanted.
pub(super) fn declared(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::Text(_) => "unknown",
        Value::Boolean(_) => "boolean",
        Value::Integer(_) => "bigint",
        Value::Float(_) => "double precision",
        Value::Uuid(_) => "uuid",
        Value::Json(_) => "jsonb",
        Value::Bytes(_) => "bytea",
        Value::Numeric(_) => "numeric",
        Value::Date(_) => "date",
        Value::Time(_) => "time",
        Value::Timestamp(_) => "timestamp",
        Value::TimestampTz(_) => "timestamptz",
        Value::Array(elements) => array::declared(elements),
    }
}

/// The value as an argument of `EXECUTE`; none if it holds a NUL.
pub(super) fn argument(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("NULL".to_owned()),
        Value::Bytes(bytes) => Some(wire::bytes(bytes)),
        value => notation(value).filter(|text| !text.contains('\0')).map(|text| wire::literal(&text)),
    }
}

/// The value in the form in which Postgres reads it; none for a null.
pub(super) fn notation(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        // Rust's shortest round-trip form; Postgres reads `NaN`, `inf` and `-inf` too.
        Value::Float(value) => value.to_string(),
        Value::Bytes(bytes) => format!("\\x{}", hex::encode(bytes)),
        Value::Text(text)
        | Value::Uuid(text)
        | Value::Json(text)
        | Value::Numeric(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::TimestampTz(text) => text.clone(),
        Value::Array(elements) => array::notation(elements),
    })
}

/// A cell by the number of its type in pg_type, which never changes.
pub(super) fn cell(oid: u32, text: Option<String>) -> Result<Value, SqlError> {
    let Some(text) = text else { return Ok(Value::Null) };
    let unreadable = || SqlError::unavailable("a cell is not in the text form of its type");
    Ok(match oid {
        16 => Value::Boolean(text == "t"),
        17 => Value::Bytes(text.strip_prefix("\\x").and_then(|hex| hex::decode(hex).ok()).ok_or_else(unreadable)?),
        // int8, int2, int4, oid
        20 | 21 | 23 | 26 => Value::Integer(text.parse().map_err(|_| unreadable())?),
        700 | 701 => Value::Float(text.parse().map_err(|_| unreadable())?),
        114 | 3802 => Value::Json(text),
        1082 if is_day(&text) => Value::Date(text),
        1083 => Value::Time(text),
        1114 => instant(&text, "").map_or(Value::Text(text), Value::Timestamp),
        // In UTC: every login's setting, which no statement can change.
        1184 => instant(&text, "+00").map_or(Value::Text(text), Value::TimestampTz),
        1700 => Value::Numeric(text),
        2950 => Value::Uuid(text),
        oid => match array::element(oid) {
            Some(element) => array::parse(&text, element)?.map_or(Value::Text(text), Value::Array),
            None => Value::Text(text),
        },
    })
}

/// `2026-01-31`, and not `infinity` or a year before 1 or after 9999, which RFC 3339 doesn't have.
fn is_day(text: &str) -> bool {
    let is_digit = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(is_digit)
}

/// `2026-01-31 23:59:59.5+00` with its T, and Z for the zone.
fn instant(text: &str, zone: &str) -> Option<String> {
    let (day, time) = text.strip_suffix(zone)?.split_once(' ')?;
    let is_time = time.bytes().all(|byte| byte.is_ascii_digit() || byte == b':' || byte == b'.');
    let zone = if zone.is_empty() { "" } else { "Z" };
    if is_day(day) && is_time { Some(format!("{day}T{time}{zone}")) } else { None }
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
        let cases = [
            (16, "t", Value::Boolean(true)),
            (17, "\\x00ff", Value::Bytes(vec![0, 255])),
            (701, "Infinity", Value::Float(f64::INFINITY)),
            (1700, "1.10", Value::Numeric("1.10".into())),
            (1082, "2026-01-31", Value::Date("2026-01-31".into())),
            (1082, "infinity", Value::Text("infinity".into())),
            (1082, "0044-03-15 BC", Value::Text("0044-03-15 BC".into())),
            (1114, "2026-01-31 23:59:59.5", Value::Timestamp("2026-01-31T23:59:59.5".into())),
            (1184, "2026-01-31 23:59:59.5+00", Value::TimestampTz("2026-01-31T23:59:59.5Z".into())),
            (1184, "-infinity", Value::Text("-infinity".into())),
            (1184, "10000-01-01 00:00:00+00", Value::Text("10000-01-01 00:00:00+00".into())),
            (1007, "{1,NULL}", Value::Array(vec![Value::Integer(1), Value::Null])),
            (1007, "{{1},{2}}", Value::Text("{{1},{2}}".into())),
            (3614, "'a'", Value::Text("'a'".into())),
        ];
        for (oid, text, value) in cases {
            assert_eq!(cell(oid, Some(text.to_owned())).ok(), Some(value), "{oid} {text}");
        }
        assert!(cell(20, Some("x".into())).is_err());
    }
}
