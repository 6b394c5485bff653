//! A parameter of a statement or a cell of a row. It doesn't know Postgres's notation; the store does.

use serde::{Deserialize, Deserializer, Serialize};

/// A parameter of a statement or a cell of a row. Variants are appended, never reordered: the journal stores their
/// position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `smallint`, `integer`, `bigint`.
    Integer(i64),
    /// `real`, `double precision`.
    Float(f64),
    /// Text, and every type that is not listed, in Postgres's notation.
    Text(String),
    /// A UUID in its usual notation (RFC 9562).
    Uuid(String),
    /// A JSON document (RFC 8259).
    Json(String),
    /// `bytea`.
    Bytes(Vec<u8>),
    /// `numeric`, in decimal digits.
    Numeric(String),
    /// `date`: `2026-01-31`.
    Date(String),
    /// `time`: `23:59:59.5`.
    Time(String),
    /// `timestamp`: `2026-01-31T23:59:59.5`.
    Timestamp(String),
    /// `timestamptz`: `2026-01-31T23:59:59.5Z` (RFC 3339).
    TimestampTz(String),
    /// An array of one dimension; none of its elements is an array.
    Array(#[serde(deserialize_with = "flat")] Vec<Value>),
}

/// An element of an array, as it is read: the same in the same order, and no array in it, so that a stranger's bytes can't
/// make the reader go deep.
#[derive(Deserialize)]
enum Element {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Uuid(String),
    Json(String),
    Bytes(Vec<u8>),
    Numeric(String),
    Date(String),
    Time(String),
    Timestamp(String),
    TimestampTz(String),
}

fn flat<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    let elements = Vec::<Element>::deserialize(deserializer)?;
    Ok(elements.into_iter().map(Value::from).collect())
}

impl From<Element> for Value {
    fn from(element: Element) -> Self {
        match element {
            Element::Null => Self::Null,
            Element::Boolean(value) => Self::Boolean(value),
            Element::Integer(value) => Self::Integer(value),
            Element::Float(value) => Self::Float(value),
            Element::Text(text) => Self::Text(text),
            Element::Uuid(text) => Self::Uuid(text),
            Element::Json(text) => Self::Json(text),
            Element::Bytes(bytes) => Self::Bytes(bytes),
            Element::Numeric(text) => Self::Numeric(text),
            Element::Date(text) => Self::Date(text),
            Element::Time(text) => Self::Time(text),
            Element::Timestamp(text) => Self::Timestamp(text),
            Element::TimestampTz(text) => Self::TimestampTz(text),
        }
    }
}

impl Value {
    /// Bytes that the value takes, for budgets.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Boolean(_) => 1,
            Self::Integer(_) | Self::Float(_) => 8,
            Self::Text(text)
            | Self::Uuid(text)
            | Self::Json(text)
            | Self::Numeric(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::Timestamp(text)
            | Self::TimestampTz(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Array(elements) => elements.iter().map(Self::size).fold(1, usize::saturating_add),
        }
    }

    /// How many values it is, with those in it: each takes room of its own.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Array(elements) => elements.len().saturating_add(1),
            _ => 1,
        }
    }
}
