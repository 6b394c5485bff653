//! Postgres's notation of arrays of one dimension (its manual, "Array Input and Output Syntax"). Arrays of more, or
//! that don't begin at 1, stay text. It doesn't know where an array comes from.

use casemate_gate::Value;

use super::error::SqlError;
use super::values::{self, cell};

/// The type of an array's elements, by their numbers in pg_type, which never change.
pub(super) const fn element(oid: u32) -> Option<u32> {
    Some(match oid {
        199 => 114,
        1000 => 16,
        1001 => 17,
        // name, bpchar, text, varchar
        1003 | 1014 | 1009 | 1015 => 25,
        1005 => 21,
        1007 => 23,
        1016 => 20,
        1021 => 700,
        1022 => 701,
        1028 => 26,
        1115 => 1114,
        1182 => 1082,
        1183 => 1083,
        1185 => 1184,
        1231 => 1700,
        2951 => 2950,
        3807 => 3802,
        _ => return None,
    })
}

/// The type that an array is declared with: its elements', where they have one, else Postgres's to infer.
pub(super) fn declared(elements: &[Value]) -> &'static str {
    let of = |value: &Value| match value {
        Value::Boolean(_) => "boolean[]",
        Value::Integer(_) => "bigint[]",
        Value::Float(_) => "double precision[]",
        Value::Uuid(_) => "uuid[]",
        Value::Json(_) => "jsonb[]",
        Value::Bytes(_) => "bytea[]",
        Value::Numeric(_) => "numeric[]",
        Value::Date(_) => "date[]",
        Value::Time(_) => "time[]",
        Value::Timestamp(_) => "timestamp[]",
        Value::TimestampTz(_) => "timestamptz[]",
        Value::Null | Value::Text(_) | Value::Array(_) => "unknown",
    };
    let mut types = elements.iter().filter(|value| **value != Value::Null).map(of);
    match types.next() {
        Some(first) if types.all(|other| other == first) => first,
        _ => "unknown",
    }
}

/// `{"a","b\"",NULL}`
pub(super) fn notation(elements: &[Value]) -> String {
    let quoted = |value: &Value| match values::notation(value) {
        None => "NULL".to_owned(),
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{{{}}}", elements.iter().map(quoted).collect::<Vec<_>>().join(","))
}

/// Elements of an array's text; none where it has another form than one dimension from 1.
pub(super) fn parse(text: &str, element: u32) -> Result<Option<Vec<Value>>, SqlError> {
    let unreadable = || SqlError::unavailable("an array is not in the text form of its type");
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else { return Ok(None) };
    let mut elements = Vec::new();
    let mut rest = inner.chars().peekable();
    if rest.peek().is_none() {
        return Ok(Some(elements));
    }
    loop {
        let mut read = String::new();
        let quoted = rest.next_if_eq(&'"').is_some();
        loop {
            match rest.next() {
                Some('"') if quoted => break,
                Some('\\') => read.push(rest.next().ok_or_else(unreadable)?),
                Some('{' | '}') if !quoted => return Ok(None),
                Some(character) => read.push(character),
                None => return Err(unreadable()),
            }
            if !quoted && matches!(rest.peek(), None | Some(',')) {
                break;
            }
        }
        let is_null = !quoted && read == "NULL";
        elements.push(cell(element, if is_null { None } else { Some(read) })?);
        match rest.next() {
            None => return Ok(Some(elements)),
            Some(',') => {}
            Some(_) => return Err(unreadable()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn arrays_are_read() {
        let text = |text: &str| Value::Text(text.to_owned());
        let read = |source: &str| parse(source, 25).ok().flatten();
        assert_eq!(read("{}"), Some(vec![]));
        assert_eq!(read("{a,NULL,\"NULL\",\"\",\"a,\\\"b\\\\\"}").unwrap_or_default().len(), 5);
        assert_eq!(read(r#"{a,NULL,"NULL"}"#), Some(vec![text("a"), Value::Null, text("NULL")]));
        assert_eq!(read("[0:1]={a,b}"), None);
        assert_eq!(read("{{a},{b}}"), None);
        assert!(parse("{a,\"}", 25).is_err());
    }

    #[test]
    fn elements_of_one_type_declare_it() {
        assert_eq!(declared(&[Value::Null, Value::Integer(1)]), "bigint[]");
        assert_eq!(declared(&[Value::Integer(1), Value::Float(1.0)]), "unknown");
        assert_eq!(declared(&[]), "unknown");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(elements in proptest::collection::vec(proptest::option::of("[^\0]{0,8}"), 0..6)) {
            let elements: Vec<Value> =
                elements.into_iter().map(|text| text.map_or(Value::Null, Value::Text)).collect();
            prop_assert_eq!(parse(&notation(&elements), 25).ok().flatten(), Some(elements));
        }
    }
}
