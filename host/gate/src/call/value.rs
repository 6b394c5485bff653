//! A parameter of a statement or a cell of a row. It doesn't know Postgres's notation; the store does.

use serde::{Deserialize, Serialize};

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
    Array(Vec<Value>),
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
