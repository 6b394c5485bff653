//! What an agent asked for, to be compared and to be told. It doesn't know how it is answered.

use std::fmt;

use crate::log::Level;
use crate::sql::Value;

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    Query(String, Vec<Value>),
    Execute(String, Vec<Value>),
    Returning(String, Vec<Value>),
    Stream(String, Vec<Value>),
    Begin,
    Commit,
    Get(String),
    Set(String, Vec<u8>),
    Delete(String),
    Add(String, i64),
    Log(Level, String),
    Now,
    Sleep(u64),
    Random(u32),
}

impl Asked {
    /// Whether a call is the one that is expected. Statements may be laid out otherwise: SQL doesn't mind white space,
    /// except within quotes, where a test should have none of its own.
    pub(super) fn fits(&self, made: &Self) -> bool {
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        match (self, made) {
            (Self::Query(expected, ours), Self::Query(statement, theirs))
            | (Self::Execute(expected, ours), Self::Execute(statement, theirs))
            | (Self::Returning(expected, ours), Self::Returning(statement, theirs))
            | (Self::Stream(expected, ours), Self::Stream(statement, theirs)) => {
                words(expected) == words(statement) && ours == theirs
            }
            (expected, made) => expected == made,
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(statement, parameters) => write!(formatter, "sql::query({statement:?}) with {parameters:?}"),
            Self::Execute(statement, parameters) => {
                write!(formatter, "sql::execute({statement:?}) with {parameters:?}")
            }
            Self::Returning(statement, parameters) => {
                write!(formatter, "sql::execute({statement:?}) with {parameters:?}, for its rows")
            }
            Self::Stream(statement, parameters) => {
                write!(formatter, "sql::query({statement:?}) with {parameters:?}, as a stream")
            }
            Self::Begin => formatter.write_str("sql::begin()"),
            Self::Commit => formatter.write_str("a transaction's commit()"),
            Self::Get(key) => write!(formatter, "kv::get({key:?})"),
            Self::Set(key, value) => write!(formatter, "kv::set({key:?}, {:?})", String::from_utf8_lossy(value)),
            Self::Delete(key) => write!(formatter, "kv::delete({key:?})"),
            Self::Add(key, delta) => write!(formatter, "kv::add({key:?}, {delta})"),
            Self::Log(level, message) => write!(formatter, "log::emit({level:?}, {message:?})"),
            Self::Now => formatter.write_str("clock::now()"),
            Self::Sleep(milliseconds) => write!(formatter, "clock::sleep() of {milliseconds} ms"),
            Self::Random(length) => write!(formatter, "random::bytes::<{length}>()"),
        }
    }
}
