//! The host's imports, one function each. It doesn't know that there are tests.

use crate::Refusal;
use crate::bindings::casemate::agent::{clock, kv, log, random, sql};
use crate::log::Level;
use crate::sql::{Rows, Value};

pub(crate) fn sql_query(statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
    sql::query(statement, parameters).map(rows)
}

pub(crate) fn sql_returning(statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
    sql::returning(statement, parameters).map(rows)
}

pub(crate) fn sql_open(statement: &str, parameters: &[Value]) -> Result<OpenRows, Refusal> {
    sql::open(statement, parameters).map(OpenRows)
}

pub(crate) fn sql_begin() -> Result<OpenTransaction, Refusal> {
    sql::begin().map(OpenTransaction)
}

/// Rows that the host reads piece by piece.
#[derive(Debug)]
pub(crate) struct OpenRows(sql::Rows);

impl OpenRows {
    pub(crate) fn next(&self, limit: u32) -> Result<Rows, Refusal> {
        self.0.next(limit).map(rows)
    }
}

/// A transaction of the host's.
#[derive(Debug)]
pub(crate) struct OpenTransaction(sql::Transaction);

impl PartialEq for OpenTransaction {
    fn eq(&self, other: &Self) -> bool {
        self.0.handle() == other.0.handle()
    }
}

impl OpenTransaction {
    pub(crate) fn query(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
        self.0.query(statement, parameters).map(rows)
    }

    pub(crate) fn execute(&self, statement: &str, parameters: &[Value]) -> Result<u64, Refusal> {
        self.0.execute(statement, parameters)
    }

    pub(crate) fn returning(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
        self.0.returning(statement, parameters).map(rows)
    }

    pub(crate) fn commit(&self) -> Result<(), Refusal> {
        self.0.commit()
    }
}

fn rows(set: sql::RowSet) -> Rows {
    Rows { columns: set.columns, rows: set.rows }
}

pub(crate) fn sql_execute(statement: &str, parameters: &[Value]) -> Result<u64, Refusal> {
    sql::execute(statement, parameters)
}

pub(crate) fn kv_get(key: &str) -> Result<Option<Vec<u8>>, Refusal> {
    kv::get(key)
}

pub(crate) fn kv_set(key: &str, value: &[u8]) -> Result<(), Refusal> {
    kv::set(key, value)
}

pub(crate) fn kv_delete(key: &str) -> Result<bool, Refusal> {
    kv::delete(key)
}

pub(crate) fn kv_add(key: &str, delta: i64) -> Result<i64, Refusal> {
    kv::add(key, delta)
}

pub(crate) fn log_emit(level: Level, message: &str) -> Result<(), Refusal> {
    let level = match level {
        Level::Debug => log::Level::Debug,
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
        Level::Error => log::Level::Error,
    };
    log::emit(level, message)
}

pub(crate) fn clock_now() -> Result<u64, Refusal> {
    clock::now()
}

pub(crate) fn clock_sleep(milliseconds: u64) -> Result<(), Refusal> {
    clock::sleep(milliseconds)
}

pub(crate) fn random_bytes(length: u32) -> Result<Vec<u8>, Refusal> {
    random::bytes(length)
}
