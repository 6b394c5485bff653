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
