//! The calls of a test that is run without a host: each is answered by its script. It doesn't know where scripts come
//! from.

use std::cell::RefCell;

use crate::Refusal;
use crate::clock::Time;
use crate::log::Level;
use crate::sql::{Rows, Value};
use crate::testing::{Asked, answer};

pub(crate) fn sql_query(statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
    answer(Asked::Query(statement.to_owned(), parameters.to_vec()))
}

pub(crate) fn sql_execute(statement: &str, parameters: &[Value]) -> Result<u64, Refusal> {
    answer(Asked::Execute(statement.to_owned(), parameters.to_vec()))
}

pub(crate) fn sql_returning(statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
    answer(Asked::Returning(statement.to_owned(), parameters.to_vec()))
}

pub(crate) fn sql_open(statement: &str, parameters: &[Value]) -> Result<OpenRows, Refusal> {
    answer(Asked::Stream(statement.to_owned(), parameters.to_vec())).map(|rows| OpenRows(RefCell::new(rows)))
}

pub(crate) fn sql_begin() -> Result<OpenTransaction, Refusal> {
    answer(Asked::Begin).map(|()| OpenTransaction)
}

/// The rows that the script has.
#[derive(Debug)]
pub(crate) struct OpenRows(RefCell<Rows>);

impl OpenRows {
    /// The next of them. A script doesn't say in which pieces a host hands them out.
    #[expect(clippy::unnecessary_wraps, reason = "a host may refuse it")]
    pub(crate) fn next(&self, limit: u32) -> Result<Rows, Refusal> {
        let mut left = self.0.borrow_mut();
        let count = left.rows.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Rows { columns: left.columns.clone(), rows: left.rows.drain(..count).collect() })
    }
}

/// A transaction of the script's: its statements are calls like any other.
#[derive(Debug, PartialEq)]
pub(crate) struct OpenTransaction;

#[expect(clippy::unused_self, reason = "a host has several")]
impl OpenTransaction {
    pub(crate) fn query(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
        sql_query(statement, parameters)
    }

    pub(crate) fn execute(&self, statement: &str, parameters: &[Value]) -> Result<u64, Refusal> {
        sql_execute(statement, parameters)
    }

    pub(crate) fn returning(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
        sql_returning(statement, parameters)
    }

    pub(crate) fn commit(&self) -> Result<(), Refusal> {
        answer(Asked::Commit)
    }
}

pub(crate) fn kv_get(key: &str) -> Result<Option<Vec<u8>>, Refusal> {
    answer(Asked::Get(key.to_owned()))
}

pub(crate) fn kv_set(key: &str, value: &[u8]) -> Result<(), Refusal> {
    answer(Asked::Set(key.to_owned(), value.to_vec()))
}

pub(crate) fn kv_delete(key: &str) -> Result<bool, Refusal> {
    answer(Asked::Delete(key.to_owned()))
}

pub(crate) fn kv_add(key: &str, delta: i64) -> Result<i64, Refusal> {
    answer(Asked::Add(key.to_owned(), delta))
}

pub(crate) fn log_emit(level: Level, message: &str) -> Result<(), Refusal> {
    answer(Asked::Log(level, message.to_owned()))
}

pub(crate) fn clock_now() -> Result<u64, Refusal> {
    answer::<Time>(Asked::Now).map(Time::milliseconds)
}

pub(crate) fn clock_sleep(milliseconds: u64) -> Result<(), Refusal> {
    answer(Asked::Sleep(milliseconds))
}

pub(crate) fn random_bytes(length: u32) -> Result<Vec<u8>, Refusal> {
    answer(Asked::Random(length))
}
