//! One statement of an agent, from untrusted text to rows. Postgres's own grammar is the filter: the text is only ever
//! sent as `PREPARE … AS <text>`, alone in its message (the extended protocol takes one statement), so SET, COMMIT, COPY,
//! DO, EXPLAIN and the like can't be reached; what is run afterwards is `EXECUTE` by a name of the host's. It doesn't
//! know the tenant; the transaction around it does.

use casemate_gate::Value;
use futures_util::TryStreamExt;
use sqlx::Either;

use super::collector::Collector;
use super::error::SqlError;
use super::pool::Session;
use super::values::{argument, declared};
use crate::wire;

/// Most bytes of statement and parameters: each is copied a few times on its way.
const INPUT_BYTES: usize = 8 * 1024 * 1024;
/// Most parameters.
const PARAMETERS: usize = 1000;
/// A statement that fails takes back its own work and leaves the transaction usable.
const SAVEPOINT: &str = "SAVEPOINT casemate";
const RECOVER: &str = "ROLLBACK TO SAVEPOINT casemate; RELEASE SAVEPOINT casemate; DEALLOCATE ALL";
/// Postgres's "cached plan must not change result type": a table was altered since the statement was prepared.
const STALE: &str = "0A000";

/// A statement with its parameters, ready to send.
#[derive(Debug)]
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

    /// No text holds a NUL.
    fn key(&self) -> String {
        format!("{}\0{}", self.types, self.text)
    }

    /// `EXECUTE` of it, if the connection has it prepared.
    fn prepared(&self, session: &Session) -> Option<String> {
        let number = session.prepared.number(&self.key())?;
        Some(self.execution(number))
    }

    fn execution(&self, number: u32) -> String {
        format!("EXECUTE casemate_{number}{}", self.arguments)
    }

    /// Has Postgres judge the text, in a transaction that is open; returns the `EXECUTE`. Where it isn't to be kept, the
    /// statement is gone with the message that runs it.
    pub(super) async fn prepare(&self, session: &mut Session, keep: bool) -> Result<String, SqlError> {
        if session.prepared.is_full() {
            session.prepared.clear();
            wire::simple(&mut session.conn, "DEALLOCATE ALL".to_owned()).await.map_err(SqlError::unavailable)?;
        }
        let number = session.prepared.next();
        let filter = format!("PREPARE casemate_{number}{} AS {}", self.types, self.text);
        wire::single(&mut session.conn, filter).await.map_err(SqlError::from_postgres)?;
        let execute = self.execution(number);
        if keep && session.keeps_statements && session.prepared.note(self.key(), number) {
            return Ok(execute);
        }
        // After an error, too: then the connection forgets everything.
        Ok(format!("{execute}; DEALLOCATE casemate_{number}"))
    }

    /// Runs between `before`, which opens a transaction, and `after`: in one message where it is prepared already.
    pub(super) async fn run_opening(
        &self,
        session: &mut Session,
        before: &str,
        after: &str,
        collector: &mut Collector,
    ) -> Result<(), SqlError> {
        if let Some(execute) = self.prepared(session) {
            let ran = message(session, format!("{before}; {execute}; {after}"), Some(Claim::Awaited), collector).await;
            if !is_stale(&ran) {
                return ran;
            }
            session.abandon().await.map_err(SqlError::unavailable)?;
        }
        session.open(before.to_owned()).await?;
        let execute = self.prepare(session, true).await?;
        message(session, format!("{execute}; {after}"), None, collector).await
    }

    /// Runs behind a savepoint in a transaction that is open. After an error that `is_recoverable` it goes on without.
    pub(super) async fn run_within(
        &self,
        session: &mut Session,
        read_only: bool,
        collector: &mut Collector,
    ) -> Result<(), SqlError> {
        let result = self.recovered(session, read_only, collector).await;
        // The connection has forgotten it by now, so it is prepared anew.
        if is_stale(&result) { self.recovered(session, read_only, collector).await } else { result }
    }

    async fn recovered(
        &self,
        session: &mut Session,
        read_only: bool,
        collector: &mut Collector,
    ) -> Result<(), SqlError> {
        let result = self.attempt(session, read_only, collector).await;
        if result.as_ref().is_err_and(SqlError::is_recoverable) {
            session.prepared.clear();
            wire::simple(&mut session.conn, RECOVER.to_owned()).await.map_err(SqlError::unavailable)?;
        }
        result
    }

    async fn attempt(&self, session: &mut Session, read_only: bool, collector: &mut Collector) -> Result<(), SqlError> {
        // Ends with the savepoint: Postgres restores the outer transaction's mode.
        let mode = if read_only { "SET LOCAL transaction_read_only = on; " } else { "" };
        let (before, execute) = match self.prepared(session) {
            Some(execute) => (format!("{SAVEPOINT}; "), execute),
            None => {
                wire::simple(&mut session.conn, SAVEPOINT.to_owned()).await.map_err(SqlError::unavailable)?;
                (String::new(), self.prepare(session, true).await?)
            }
        };
        let sent = format!("{before}{mode}{execute}; RELEASE SAVEPOINT casemate");
        message(session, sent, None, collector).await
    }
}

/// Whether the answer to the claim is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Awaited,
    Accepted,
}

/// Sends a message in which one statement gives rows; in one that opens a transaction, so does the claim before it.
async fn message(
    session: &mut Session,
    sql: String,
    mut claim: Option<Claim>,
    collector: &mut Collector,
) -> Result<(), SqlError> {
    let mut results = wire::stream(&mut session.conn, sql);
    while let Some(result) = results.try_next().await.map_err(SqlError::from_postgres)? {
        match (result, claim) {
            (Either::Right(row), Some(Claim::Awaited)) => {
                if wire::text(&row, 0).map_err(SqlError::unavailable)?.as_deref() != Some("t") {
                    return Err(SqlError::Claim);
                }
                claim = Some(Claim::Accepted);
            }
            // The count of the claim's own row.
            (Either::Left(_), Some(Claim::Accepted)) => claim = None,
            (Either::Left(_), Some(Claim::Awaited)) => {}
            (Either::Left(done), None) => collector.changed = collector.changed.saturating_add(done.rows_affected()),
            (Either::Right(row), _) => collector.take(&row)?,
        }
    }
    Ok(())
}

fn is_stale(ran: &Result<(), SqlError>) -> bool {
    matches!(ran, Err(SqlError::Refused { sqlstate, .. }) if sqlstate == STALE)
}

fn list(items: &str) -> String {
    if items.is_empty() { String::new() } else { format!("({items})") }
}
