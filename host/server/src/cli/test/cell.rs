//! One cell of SQL, one value of `kv` and one text as they stand in a case: JSON's own notation where it has one, an
//! object with one field where it has none. Nothing is lost either way. It doesn't know calls.

use casemate_gate::Value as Cell;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A parameter or a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub(super) struct CellNote(pub(super) Cell);

/// A value of `kv` or random bytes: text, or `{"hex": "…"}` where it is no text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub(super) struct BytesNote(pub(super) Vec<u8>);

/// Text, as one string or as a list of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Lines", into = "Lines")]
pub(super) struct TextNote(pub(super) String);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Many(Vec<String>),
}

impl TryFrom<Value> for CellNote {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        Ok(Self(match value {
            Value::Null => Cell::Null,
            Value::Bool(value) => Cell::Boolean(value),
            Value::String(text) => Cell::Text(text),
            Value::Number(number) => match (number.as_i64(), number.is_f64(), number.as_f64()) {
                (Some(integer), ..) => Cell::Integer(integer),
                (None, true, Some(float)) => Cell::Float(float),
                _ => return Err(format!("write {number} as text: an integer has 64 bits")),
            },
            Value::Array(_) => {
                return Err(
                    "write a list as `{\"json\": […]}` or `{\"array\": […]}`: a cell holds one value".to_owned()
                );
            }
            Value::Object(fields) => {
                let mut fields = fields.into_iter();
                match (fields.next(), fields.next()) {
                    (Some((name, value)), None) => special(&name, value)?,
                    _ => return Err("write one field in a cell's object, such as `{\"uuid\": \"…\"}`".to_owned()),
                }
            }
        }))
    }
}

/// A cell that JSON has no notation for.
fn special(name: &str, value: Value) -> Result<Cell, String> {
    Ok(match (name, value) {
        ("uuid", Value::String(text)) => Cell::Uuid(text),
        ("json", document) => Cell::Json(document.to_string()),
        ("jsonb", document) => Cell::Json(as_postgres_shows(&document)),
        ("json-text", Value::String(text)) => Cell::Json(text),
        ("bytes", Value::String(digits)) => Cell::Bytes(hex::decode(digits).map_err(|error| error.to_string())?),
        ("numeric", Value::String(text)) => Cell::Numeric(text),
        ("date", Value::String(text)) => Cell::Date(text),
        ("time", Value::String(text)) => Cell::Time(text),
        ("timestamp", Value::String(text)) => Cell::Timestamp(text),
        ("timestamptz", Value::String(text)) => Cell::TimestampTz(text),
        ("array", Value::Array(elements)) => {
            let elements = elements.into_iter().map(|element| CellNote::try_from(element).map(|note| note.0));
            let elements = elements.collect::<Result<Vec<_>, _>>()?;
            if elements.iter().any(|element| matches!(element, Cell::Array(_))) {
                return Err("write an array of several dimensions as text, in Postgres's notation".to_owned());
            }
            Cell::Array(elements)
        }
        ("float", Value::String(text)) => Cell::Float(text.parse().map_err(|_| format!("`{text}` is no number"))?),
        (name, _) => {
            return Err(format!(
                "write a cell as `uuid`, `json`, `jsonb`, `json-text`, `bytes` (hexadecimal), `float`, `numeric` (as text), \
                 `date`, `time`, `timestamp`, `timestamptz` or `array`: `{name}` with this value is none of them"
            ));
        }
    })
}

impl From<CellNote> for Value {
    fn from(CellNote(cell): CellNote) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Boolean(value) => value.into(),
            Cell::Integer(value) => value.into(),
            Cell::Float(value) if is_read_again(value) => value.into(),
            Cell::Float(value) => json!({"float": value.to_string()}),
            Cell::Text(text) => text.into(),
            Cell::Uuid(text) => json!({"uuid": text}),
            Cell::Bytes(bytes) => json!({"bytes": hex::encode(bytes)}),
            Cell::Numeric(text) => json!({"numeric": text}),
            Cell::Date(text) => json!({"date": text}),
            Cell::Time(text) => json!({"time": text}),
            Cell::Timestamp(text) => json!({"timestamp": text}),
            Cell::TimestampTz(text) => json!({"timestamptz": text}),
            Cell::Array(elements) => {
                json!({"array": elements.into_iter().map(|element| Self::from(CellNote(element))).collect::<Vec<_>>()})
            }
            Cell::Json(text) => match serde_json::from_str::<Self>(&text) {
                Ok(document) if text == compact(&document) => json!({"json": document}),
                Ok(document) if text == as_postgres_shows(&document) => json!({"jsonb": document}),
                _ => json!({"json-text": text}),
            },
        }
    }
}

/// Whether JSON has a notation for it that is read as the very same number.
fn is_read_again(value: f64) -> bool {
    let text = serde_json::to_string(&value).unwrap_or_default();
    serde_json::from_str::<f64>(&text).is_ok_and(|read| read.to_bits() == value.to_bits())
}

/// The text that serde writes.
fn compact(document: &Value) -> String {
    document.to_string()
}

/// The text of a `jsonb`: short keys before long ones, a space behind each comma and colon.
fn as_postgres_shows(document: &Value) -> String {
    match document {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(as_postgres_shows).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| (key.len(), *key));
            let field = |(key, value): &(&String, &Value)| {
                format!("{}: {}", Value::from(key.as_str()), as_postgres_shows(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

impl TryFrom<Value> for BytesNote {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(Self(text.into_bytes())),
            Value::Object(fields) if fields.len() == 1 => match fields.get("hex") {
                Some(Value::String(digits)) => hex::decode(digits).map(Self).map_err(|error| error.to_string()),
                _ => Err("write a value that is no text as `{\"hex\": \"…\"}`".to_owned()),
            },
            _ => Err("write a value as text, or as `{\"hex\": \"…\"}`".to_owned()),
        }
    }
}

impl From<BytesNote> for Value {
    fn from(BytesNote(bytes): BytesNote) -> Self {
        String::from_utf8(bytes).map_or_else(|error| json!({"hex": hex::encode(error.as_bytes())}), Self::from)
    }
}

impl From<Lines> for TextNote {
    fn from(lines: Lines) -> Self {
        match lines {
            Lines::One(text) => Self(text),
            Lines::Many(lines) => Self(lines.join("\n")),
        }
    }
}

impl From<TextNote> for Lines {
    fn from(TextNote(text): TextNote) -> Self {
        if text.contains('\n') {
            Self::Many(text.split('\n').map(ToOwned::to_owned).collect())
        } else {
            Self::One(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BytesNote, Cell, CellNote, TextNote};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn cell() -> impl Strategy<Value = Cell> {
        let array = proptest::collection::vec(single(), 0..4).prop_map(Cell::Array);
        prop_oneof![4 => single(), 1 => array]
    }

    fn single() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            any::<bool>().prop_map(Cell::Boolean),
            any::<i64>().prop_map(Cell::Integer),
            any::<f64>().prop_filter("is no NaN, which equals nothing", |float| !float.is_nan()).prop_map(Cell::Float),
            any::<String>().prop_map(Cell::Numeric),
            any::<String>().prop_map(Cell::Date),
            any::<String>().prop_map(Cell::Time),
            any::<String>().prop_map(Cell::Timestamp),
            any::<String>().prop_map(Cell::TimestampTz),
            any::<String>().prop_map(Cell::Text),
            any::<String>().prop_map(Cell::Uuid),
            any::<String>().prop_map(Cell::Json),
            any::<Vec<u8>>().prop_map(Cell::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_lost(cell in cell(), bytes in any::<Vec<u8>>(), text in any::<String>()) {
            let written = serde_json::to_string(&CellNote(cell.clone())).unwrap();
            let read: CellNote = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(read.0, cell);
            let written = serde_json::to_string(&BytesNote(bytes.clone())).unwrap();
            prop_assert_eq!(serde_json::from_str::<BytesNote>(&written).unwrap().0, bytes);
            let written = serde_json::to_string(&TextNote(text.clone())).unwrap();
            prop_assert_eq!(serde_json::from_str::<TextNote>(&written).unwrap().0, text);
        }
    }

    #[test]
    fn a_number_that_is_none_comes_back() {
        let written = Value::from(CellNote(Cell::Float(f64::NAN)));
        assert!(matches!(CellNote::try_from(written), Ok(CellNote(Cell::Float(read))) if read.is_nan()));
    }

    #[test]
    fn documents_are_written_as_documents() {
        for (text, expected) in [
            (r#"{"a":1}"#, json!({"json": {"a": 1}})),
            (r#"{"b": [1, 2], "aa": null}"#, json!({"jsonb": {"b": [1, 2], "aa": null}})),
            (r#"{ "a":1}"#, json!({"json-text": r#"{ "a":1}"#})),
            ("1.50", json!({"json-text": "1.50"})),
            ("no json", json!({"json-text": "no json"})),
        ] {
            assert_eq!(Value::from(CellNote(Cell::Json(text.to_owned()))), expected);
            let read = CellNote::try_from(expected).unwrap();
            assert_eq!(read.0, Cell::Json(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_cell_says_what_would_be_one() {
        for (note, word) in [
            (json!([1]), "json"),
            (json!({}), "one field"),
            (json!({"uuid": 1}), "`uuid`"),
            (json!({"money": "x"}), "`money`"),
            (json!({"array": [{"array": []}]}), "dimensions"),
            (json!({"bytes": "0"}), "Odd"),
            (json!(18_446_744_073_709_551_615_u64), "64 bits"),
        ] {
            let error = CellNote::try_from(note.clone()).unwrap_err();
            assert!(error.contains(word), "{note}: {error}");
        }
    }
}
