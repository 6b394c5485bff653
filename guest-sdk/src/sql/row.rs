//! One row as a serde map (for structs) or sequence (for tuples).

use serde::Deserializer;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::cell::Cell;
use super::value::Value;

/// Reads one row.
pub(super) fn read<T: DeserializeOwned>(columns: &[String], cells: Vec<Value>) -> Result<T, Error> {
    if columns.len() != cells.len() {
        return Err(Error::custom(format_args!("{} columns, {} cells", columns.len(), cells.len())));
    }
    T::deserialize(Row { columns, cells })
}

/// A row on its way into a type.
struct Row<'c> {
    columns: &'c [String],
    cells: Vec<Value>,
}

impl<'de> Deserializer<'de> for Row<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let names = self.columns.iter().map(String::as_str);
        let cells = names.zip(self.cells).map(|(name, value)| (name, Cell { name, value }));
        visitor.visit_map(MapDeserializer::new(cells))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let names = self.columns.iter().map(String::as_str);
        let cells = names.zip(self.cells).map(|(name, value)| Cell { name, value });
        let mut sequence = SeqDeserializer::new(cells);
        let value = visitor.visit_seq(&mut sequence)?;
        sequence.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Cell<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::sql::{Element, Value};
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Status {
        Open,
        Done,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Case {
        id: String,
        amount: i32,
        mean: f64,
        note: Option<String>,
        status: Status,
        answers: BTreeMap<String, bool>,
        seal: Vec<u8>,
    }

    /// Names and cells of a row.
    fn row(cells: Vec<(&str, Value)>) -> (Vec<String>, Vec<Value>) {
        cells.into_iter().map(|(name, value)| (name.to_owned(), value)).unzip()
    }

    #[test]
    fn a_struct_is_read_by_column_name() {
        let (columns, cells) = row(vec![
            ("unknown", Value::Boolean(true)),
            ("status", Value::from("done")),
            ("mean", Value::from("12.50")),
            ("id", Value::uuid("0190163d-8694-739b-aea5-966c26f8ad91")),
            ("note", Value::Null),
            ("amount", Value::Integer(7)),
            ("answers", Value::Json("{\"a\": true}".to_owned())),
            ("seal", Value::Bytes(vec![0, 255])),
        ]);
        let expected = Case {
            id: "0190163d-8694-739b-aea5-966c26f8ad91".to_owned(),
            amount: 7,
            mean: 12.5,
            note: None,
            status: Status::Done,
            answers: BTreeMap::from([("a".to_owned(), true)]),
            seal: vec![0, 255],
        };
        assert_eq!(read(&columns, cells), Ok(expected));
    }

    #[test]
    fn a_tuple_is_read_by_position() {
        let (columns, cells) = row(vec![("a", Value::Integer(-3)), ("b", Value::Float(0.5))]);
        assert_eq!(read(&columns, cells.clone()), Ok((-3_i64, 0.5_f64)));
        assert!(read::<(i64,)>(&columns, cells).is_err());
    }

    #[test]
    fn json_is_read_as_what_it_holds() {
        let (columns, cells) = row(vec![("a", Value::Json("[1, null]".to_owned()))]);
        assert_eq!(read(&columns, cells), Ok((vec![Some(1), None::<u8>],)));
        let (columns, cells) = row(vec![("a", Value::Json("null".to_owned()))]);
        assert_eq!(read(&columns, cells), Ok((None::<Vec<u8>>,)));
    }

    #[test]
    fn typed_cells_are_read() {
        let numeric = |digits: &str| Value::Numeric(digits.to_owned());
        let (columns, cells) = row(vec![
            ("sum", numeric("12.50")),
            ("exact", numeric("12.50")),
            ("whole", numeric("7")),
            ("at", Value::instant("2026-01-31T00:00:00Z")),
            ("tags", vec!["a", "b"].into()),
            ("gaps", Value::Array(vec![Element::Integer(1), Element::Null])),
        ]);
        let expected = (
            12.5,
            "12.50".to_owned(),
            7,
            "2026-01-31T00:00:00Z".to_owned(),
            vec!["a".to_owned(), "b".to_owned()],
            vec![Some(1), None],
        );
        assert_eq!(read::<(f64, String, u8, String, Vec<String>, Vec<Option<i32>>)>(&columns, cells), Ok(expected));
    }

    #[test]
    fn an_error_names_its_column() {
        let cases = [
            (Value::Null, "column `amount`: invalid type: Option value, expected i32"),
            (Value::from("x"), "column `amount`: invalid value: string \"x\", expected a number"),
            (Value::Integer(1 << 40), "column `amount`: invalid value: integer `1099511627776`, expected i32"),
        ];
        for (value, expected) in cases {
            let (columns, cells) = row(vec![("amount", value)]);
            let error = read::<Case>(&columns, cells).map_err(|error| error.to_string());
            assert_eq!(error, Err(expected.to_owned()));
        }
        let (columns, cells) = row(vec![("amount", Value::Integer(1))]);
        let error = read::<Case>(&columns, cells).map_err(|error| error.to_string());
        assert_eq!(error, Err("missing field `id`".to_owned()));
    }
}
