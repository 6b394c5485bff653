//! A parameter or a cell, and how Rust's own types become one.

/// A parameter or a cell. What has no variant of its own travels as text in Postgres's notation.
///
/// ```
/// use casemate::sql::Value;
///
/// assert_eq!(Value::from(7), Value::Integer(7));
/// assert_eq!(Value::from(None::<i64>), Value::Null);
/// let id = Value::Uuid("0190163d-8694-739b-aea5-966c26f8ad91".to_owned());
/// ```
// The variants' names and order are those of the WIT variant, as the generated bindings need them.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL's null.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number of 64 bits.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// Text, and every type that is not listed here.
    Text(String),
    /// A UUID in its usual notation (RFC 9562).
    Uuid(String),
    /// A JSON document as text (RFC 8259).
    Json(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A decimal number of any precision, in digits.
    Numeric(String),
    /// `2026-01-31` (RFC 3339, full-date).
    Date(String),
    /// `23:59:59.5` (RFC 3339, partial-time).
    Time(String),
    /// `2026-01-31T23:59:59.5`: a local time, of no zone.
    Timestamp(String),
    /// `2026-01-31T23:59:59.5Z` (RFC 3339): an instant.
    TimestampTz(String),
    /// An array of one dimension.
    Array(Vec<Element>),
}

/// An element of an array: what a [`Value`] can be, without arrays.
///
/// ```
/// use casemate::sql::{Element, Value};
///
/// assert_eq!(Value::from(vec![1_i64, 2]), Value::Array(vec![Element::Integer(1), Element::Integer(2)]));
/// ```
// The variants' names and order are those of the WIT variant, as the generated bindings need them.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// SQL's null.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number of 64 bits.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// Text, and every type that is not listed here.
    Text(String),
    /// A UUID in its usual notation (RFC 9562).
    Uuid(String),
    /// A JSON document as text (RFC 8259).
    Json(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A decimal number of any precision, in digits.
    Numeric(String),
    /// `2026-01-31` (RFC 3339, full-date).
    Date(String),
    /// `23:59:59.5` (RFC 3339, partial-time).
    Time(String),
    /// `2026-01-31T23:59:59.5`: a local time, of no zone.
    Timestamp(String),
    /// `2026-01-31T23:59:59.5Z` (RFC 3339): an instant.
    TimestampTz(String),
}

impl From<Element> for Value {
    fn from(element: Element) -> Self {
        match element {
            Element::Null => Self::Null,
            Element::Boolean(value) => Self::Boolean(value),
            Element::Integer(value) => Self::Integer(value),
            Element::Float(value) => Self::Float(value),
            Element::Text(value) => Self::Text(value),
            Element::Uuid(value) => Self::Uuid(value),
            Element::Json(value) => Self::Json(value),
            Element::Bytes(value) => Self::Bytes(value),
            Element::Numeric(value) => Self::Numeric(value),
            Element::Date(value) => Self::Date(value),
            Element::Time(value) => Self::Time(value),
            Element::Timestamp(value) => Self::Timestamp(value),
            Element::TimestampTz(value) => Self::TimestampTz(value),
        }
    }
}

impl Value {
    /// A UUID in its usual notation.
    ///
    /// ```
    /// use casemate::sql::Value;
    ///
    /// let id = Value::uuid("0190163d-8694-739b-aea5-966c26f8ad91");
    /// assert_eq!(id, Value::Uuid("0190163d-8694-739b-aea5-966c26f8ad91".to_owned()));
    /// assert_ne!(id, Value::from("0190163d-8694-739b-aea5-966c26f8ad91"));
    /// ```
    #[must_use]
    pub fn uuid(id: impl Into<String>) -> Self {
        Self::Uuid(id.into())
    }

    /// A decimal number of any precision, in digits.
    ///
    /// ```
    /// use casemate::sql::Value;
    ///
    /// assert_eq!(Value::numeric("12.50"), Value::Numeric("12.50".to_owned()));
    /// ```
    #[must_use]
    pub fn numeric(digits: impl Into<String>) -> Self {
        Self::Numeric(digits.into())
    }

    /// An instant: `2026-01-31T23:59:59Z`, or with another offset (RFC 3339).
    ///
    /// ```
    /// use casemate::sql::Value;
    ///
    /// assert_eq!(Value::instant("2026-01-31T00:00:00Z"), Value::TimestampTz("2026-01-31T00:00:00Z".to_owned()));
    /// ```
    #[must_use]
    pub fn instant(time: impl Into<String>) -> Self {
        Self::TimestampTz(time.into())
    }

    /// Anything that serde can write, as a JSON document.
    ///
    /// ```
    /// let value = casemate::sql::Value::json(&[1, 2])?;
    /// assert_eq!(value, casemate::sql::Value::Json("[1,2]".to_owned()));
    /// # Ok::<(), casemate::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// `tool-argument` when serde can't write it as JSON.
    pub fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, crate::Refusal> {
        serde_json::to_string(value).map(Self::Json).map_err(|error| {
            let message = format!("the parameter can't be written as JSON: {error}");
            crate::Refusal::new(casemate_abi::Code::ToolArgument, message)
        })
    }
}

/// `From` for types that one variant takes as they are, or after a lossless conversion.
macro_rules! from {
    ($($type:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })+
    };
}

from! {
    bool => Boolean,
    i8 => Integer, i16 => Integer, i32 => Integer, i64 => Integer,
    u8 => Integer, u16 => Integer, u32 => Integer,
    f32 => Float, f64 => Float,
    String => Text, &str => Text, &String => Text,
    Vec<u8> => Bytes, &[u8] => Bytes,
}

/// `From` for elements, and for arrays of them. Bytes are one value and no array.
macro_rules! elements {
    ($($type:ty => $variant:ident),+ $(,)?) => {
        $(
            impl From<$type> for Element {
                fn from(value: $type) -> Self {
                    Self::$variant(value.into())
                }
            }

            impl From<Vec<$type>> for Value {
                fn from(values: Vec<$type>) -> Self {
                    Self::Array(values.into_iter().map(Element::from).collect())
                }
            }
        )+
    };
}

elements! {
    bool => Boolean,
    i16 => Integer, i32 => Integer, i64 => Integer, u32 => Integer,
    f32 => Float, f64 => Float,
    String => Text, &str => Text,
}

impl From<Vec<Element>> for Value {
    fn from(elements: Vec<Element>) -> Self {
        Self::Array(elements)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        Self::Json(value.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
