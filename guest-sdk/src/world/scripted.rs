//! The calls of a test that is run without a host: each is answered by its script. It doesn't know where scripts come
//! from.

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
