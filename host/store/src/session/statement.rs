//! One statement of an agent, from untrusted text to rows. Postgres's own grammar is the filter: the text is only ever
//! run as what `PREPARE … AS <text>` made of it, so SET, COMMIT, COPY, DO, EXPLAIN and the like can't be reached. It
//! doesn't know the tenant; the transaction around it does.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use casemate_gate::Value;
use futures_util::TryStreamExt;
use sqlx::{Either, PgConnection};

use super::error::SqlError;
use super::values::{Collector, argument, declared};
use crate::wire;

/// Most bytes of statement and parameters: each is copied a few times on its way.
const INPUT_BYTES: usize = 8 * 1024 * 1024;
/// Most parameters.
const PARAMETERS: usize = 1000;
/// Most texts that are remembered as passed, and the longest that is.
const REMEMBERED: usize = 1024;
const REMEMBERED_BYTES: usize = 16 * 1024;
/// A statement that fails takes back its own work and leaves the transaction usable.
const SAVEPOINT: &str = "SAVEPOINT casemate;";
const RECOVER: &str = "ROLLBACK TO SAVEPOINT casemate; RELEASE SAVEPOINT casemate; DEALLOCATE ALL";

/// Texts that Postgres has parsed as exactly one statement of a permitted kind. Grammar doesn't depend on tenant,
/// role or tables, so this is safe to share; rights are checked at each run.
#[derive(Debug, Default)]
pub(super) struct Passed(Mutex<HashSet<String>>);

impl Passed {
    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, text: &str) -> bool {
        self.lock().contains(text)
    }

    fn add(&self, text: &str) {
        if text.len() <= REMEMBERED_BYTES {
            let mut texts = self.lock();
            if texts.len() >= REMEMBERED {
                texts.clear();
            }
            texts.insert(text.to_owned());
        }
    }
}

/// A statement with its parameters, ready to send.
pub(super) struct Statement {
    text: String,
    /// `(unknown, bigint)`, or nothing.
    types: String,
    /// `(E'a', E'1')`, or nothing.
    arguments: String,
}

impl Statement {
    pub(super) fn new(text: &str, parameters: &[Value]) -> Result<Self, SqlError> {
        let refused = || SqlError::Input { bytes: INPUT_BYTES, parameters: PARAMETERS };
        let bytes = parameters.iter().map(Value::size).fold(text.len(), usize::saturating_add);
        if bytes > INPUT_BYTES || parameters.len() > PARAMETERS || text.contains('\0') {
            return Err(refused());
        }
        let arguments = parameters.iter().map(argument).collect::<Option<Vec<_>>>().ok_or_else(refused)?;
        let types: Vec<_> = parameters.iter().map(declared).collect();
        Ok(Self { text: text.to_owned(), types: list(&types.join(", ")), arguments: list(&arguments.join(", ")) })
    }

    /// Runs it behind a savepoint. After an error that `is_recoverable` the transaction goes on without it.
    pub(super) async fn run(
        &self,
        conn: &mut PgConnection,
        passed: &Passed,
        read_only: bool,
        collector: &mut Collector,
    ) -> Result<(), SqlError> {
        let result = self.attempt(conn, passed, read_only, collector).await;
        if result.as_ref().is_err_and(SqlError::is_recoverable) {
            wire::simple(conn, RECOVER.to_owned()).await.map_err(SqlError::unavailable)?;
        }
        result
    }

    async fn attempt(
        &self,
        conn: &mut PgConnection,
        passed: &Passed,
        read_only: bool,
        collector: &mut Collector,
    ) -> Result<(), SqlError> {
        let Self { text, types, arguments } = self;
        let mut message = SAVEPOINT.to_owned();
        if !passed.has(text) {
            wire::simple(conn, message).await.map_err(SqlError::unavailable)?;
            // The extended protocol takes one statement; what PREPARE can't hold is a syntax error.
            let filter = format!("PREPARE casemate_filter{types} AS {text}");
            wire::single(conn, filter).await.map_err(SqlError::from_postgres)?;
            passed.add(text);
            message = "DEALLOCATE ALL;".to_owned();
        }
        if read_only {
            // Ends with the savepoint: Postgres restores the outer transaction's mode.
            message.push_str("SET LOCAL transaction_read_only = on;");
        }
        // A text that passed ends outside of any quote; the line break ends a comment.
        message.push_str(&format!(
            "PREPARE casemate_run{types} AS {text}\n;EXECUTE casemate_run{arguments};DEALLOCATE ALL;\
             RELEASE SAVEPOINT casemate"
        ));
        let mut results = wire::stream(conn, message);
        while let Some(result) = results.try_next().await.map_err(SqlError::from_postgres)? {
            match result {
                Either::Left(done) => collector.changed = collector.changed.saturating_add(done.rows_affected()),
                Either::Right(row) => collector.take(&row)?,
            }
        }
        Ok(())
    }
}

fn list(items: &str) -> String {
    if items.is_empty() { String::new() } else { format!("({items})") }
}
