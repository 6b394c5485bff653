//! One cell on its way into a field: which Rust types each kind of cell fits. It doesn't know rows.

use serde::Deserializer;
use serde::de::value::{Error, SeqDeserializer, StringDeserializer};
use serde::de::{Error as _, IntoDeserializer, Unexpected, Visitor};

use super::value::Value;

/// A cell and the name of its column, for errors.
pub(super) struct Cell<'c> {
    pub(super) name: &'c str,
    pub(super) value: Value,
}

impl Cell<'_> {
    /// Hands the value over as what it is.
    fn plain<'de, V: Visitor<'de>>(value: Value, visitor: V) -> Result<V::Value, Error> {
        match value {
            Value::Null => visitor.visit_none(),
            Value::Boolean(value) => visitor.visit_bool(value),
            Value::Integer(value) => visitor.visit_i64(value),
            Value::Float(value) => visitor.visit_f64(value),
            Value::Text(value)
            | Value::Uuid(value)
            | Value::Numeric(value)
            | Value::Date(value)
            | Value::Time(value)
            | Value::Timestamp(value)
            | Value::TimestampTz(value) => visitor.visit_string(value),
            Value::Array(elements) => {
                let cells = elements.into_iter().map(|element| Cell { name: "element", value: element.into() });
                let mut sequence = SeqDeserializer::new(cells);
                let value = visitor.visit_seq(&mut sequence)?;
                sequence.end()?;
                Ok(value)
            }
            Value::Bytes(value) => visitor.visit_byte_buf(value),
            Value::Json(document) => parse(&document)?.deserialize_any(visitor).map_err(Error::custom),
        }
    }

    /// Hands text over as a whole number, everything else as what it is.
    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let name = self.name;
        let result = match self.value {
            Value::Text(text) | Value::Numeric(text) => match text.parse() {
                Ok(number) => visitor.visit_i64(number),
                Err(_) => Err(Error::invalid_value(Unexpected::Str(&text), &"a number")),
            },
            value => Self::plain(value, visitor),
        };
        in_column(name, result)
    }

    /// Hands text over as a floating-point number, everything else as what it is.
    fn real<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let name = self.name;
        let result = match self.value {
            Value::Text(text) | Value::Numeric(text) => match text.parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(Error::invalid_value(Unexpected::Str(&text), &"a number")),
            },
            value => Self::plain(value, visitor),
        };
        in_column(name, result)
    }
}

/// A JSON document, on its own so that fields can own what they read from it.
fn parse(document: &str) -> Result<serde_json::Value, Error> {
    serde_json::from_str(document).map_err(Error::custom)
}

/// Says in an error which column it is about.
fn in_column<T>(name: &str, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| Error::custom(format_args!("column `{name}`: {error}")))
}

/// Methods that all do the same.
macro_rules! forward {
    ($($method:ident),+ => $to:ident) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$to(visitor)
        })+
    };
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        in_column(self.name, Self::plain(self.value, visitor))
    }

    forward! {
        deserialize_i8, deserialize_i16, deserialize_i32, deserialize_i64, deserialize_i128,
        deserialize_u8, deserialize_u16, deserialize_u32, deserialize_u64, deserialize_u128 => whole
    }

    forward! { deserialize_f32, deserialize_f64 => real }

    forward! {
        deserialize_bool, deserialize_char, deserialize_str, deserialize_string, deserialize_bytes,
        deserialize_byte_buf, deserialize_unit, deserialize_map, deserialize_identifier,
        deserialize_ignored_any => deserialize_any
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Null => visitor.visit_none(),
            Value::Json(document) if document.trim() == "null" => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Bytes(bytes) => in_column(self.name, visitor.visit_seq(SeqDeserializer::new(bytes.into_iter()))),
            value => Cell { name: self.name, value }.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let result = match self.value {
            Value::Text(text) => {
                let text: StringDeserializer<Error> = text.into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            Value::Json(document) => {
                let document = parse(&document);
                document.and_then(|json| json.deserialize_enum(name, variants, visitor).map_err(Error::custom))
            }
            value => Self::plain(value, visitor),
        };
        in_column(self.name, result)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
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

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }
}
