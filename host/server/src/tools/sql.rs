//! The `sql` tool: statements on the tenant's rows, as the role that holds the granted tables. It doesn't parse SQL:
//! Postgres says what kind a statement is and which tables it may touch.

use std::time::{Duration, Instant};

use casemate_abi::{Code, limits};
use casemate_gate::audit::Permit;
use casemate_gate::{Ask, Refusal, Reply, Seq, Value};
use casemate_store::{Caps, DROPPED, Db, Rows, SqlError, TenantTx};

use super::open::{self, Open};
use super::{Answer, PendingEffect};

/// Longest time that one statement may take in Postgres.
const STATEMENT: Duration = Duration::from_secs(30);

/// A statement with its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent<'p> {
    pub(super) text: &'p str,
    pub(super) parameters: &'p [Value],
}

impl<'p> Sent<'p> {
    pub(super) const fn new(text: &'p str, parameters: &'p [Value]) -> Self {
        Self { text, parameters }
    }
}

pub(super) async fn query(database: &Db, permit: &Permit, sent: Sent<'_>) -> Result<Answer, Refusal> {
    let found = database.query(permit.scope(), sent.text, sent.parameters, caps(permit), by(STATEMENT)).await;
    Ok(Answer::done(rows(found.map_err(refusal)?)))
}

pub(super) async fn execute(database: &Db, permit: &Permit, sent: Sent<'_>) -> Result<Answer, Refusal> {
    let change = permit.change()?;
    let made = database.execute(&change, permit.scope(), sent.text, sent.parameters, by(STATEMENT)).await;
    let (changed, transaction) = made.map_err(refusal)?;
    Ok(pending(Reply::Changed(changed), Box::new(transaction)))
}

pub(super) async fn returning(database: &Db, permit: &Permit, sent: Sent<'_>) -> Result<Answer, Refusal> {
    let change = permit.change()?;
    let made =
        database.returning(&change, permit.scope(), sent.text, sent.parameters, caps(permit), by(STATEMENT)).await;
    let (returned, transaction) = made.map_err(refusal)?;
    Ok(pending(rows(returned), Box::new(transaction)))
}

pub(super) async fn open(database: &Db, permit: &Permit, sent: Sent<'_>, open: &mut Open) -> Result<Answer, Refusal> {
    open.has_room()?;
    let cursor = database.open(permit.scope(), sent.text, sent.parameters, by(open::LONGEST)).await.map_err(refusal)?;
    Ok(Answer::done(open.cursor(permit.seq(), cursor)))
}

pub(super) async fn next(permit: &Permit, opened: Seq, limit: u32, open: &mut Open) -> Result<Answer, Refusal> {
    let caps = caps(permit);
    let caps = Caps { rows: caps.rows.min(limit as usize), ..caps };
    match open.cursor_of(opened)?.next(caps).await {
        Ok(piece) => Ok(Answer::done(rows(piece))),
        Err(error) => {
            open.close(opened);
            Err(refusal(error))
        }
    }
}

pub(super) async fn begin(database: &Db, permit: &Permit, open: &mut Open) -> Result<Answer, Refusal> {
    open.has_room()?;
    let transaction = TenantTx::begin_held(database, permit.scope(), by(open::LONGEST)).await.map_err(refusal)?;
    Ok(Answer::done(open.transaction(permit.seq(), transaction)))
}

pub(super) async fn within(
    permit: &Permit,
    opened: Seq,
    ask: Ask,
    sent: Sent<'_>,
    open: &mut Open,
) -> Result<Answer, Refusal> {
    let transaction = open.transaction_of(opened)?;
    let Sent { text, parameters } = sent;
    let answered = match ask {
        Ask::Query => transaction.query(text, parameters, caps(permit)).await.map(rows),
        Ask::Execute => {
            let change = permit.change()?;
            let done = transaction.execute(&change, text, parameters, DROPPED).await;
            done.map(|(changed, _)| Reply::Changed(changed))
        }
        Ask::Returning => {
            let change = permit.change()?;
            transaction.execute(&change, text, parameters, caps(permit)).await.map(|(_, found)| rows(found))
        }
    };
    if transaction.is_over() {
        open.close(opened);
    }
    answered.map(Answer::done).map_err(refusal)
}

pub(super) async fn commit(permit: &Permit, opened: Seq, open: &mut Open) -> Result<Answer, Refusal> {
    let mut transaction = open.take_transaction(opened)?;
    permit.change()?;
    transaction.settle().await.map_err(refusal)?;
    Ok(pending(Reply::Unit, transaction))
}

const fn pending(reply: Reply, transaction: Box<TenantTx>) -> Answer {
    Answer::Done { reply, effect: Some(PendingEffect(transaction)) }
}

fn rows(found: Rows) -> Reply {
    Reply::Rows { columns: found.columns, rows: found.rows }
}

fn caps(permit: &Permit) -> Caps {
    Caps { rows: limits::SQL_ROWS, bytes: usize::try_from(permit.result_bytes()).unwrap_or(usize::MAX) }
}

fn by(limit: Duration) -> Instant {
    Instant::now() + limit
}

/// What the guest is told: its own mistake with the SQLSTATE, never Postgres's text, which may quote rows.
pub(super) fn refusal(error: SqlError) -> Refusal {
    let (code, message) = match &error {
        SqlError::Statement { sqlstate, .. } => {
            (Code::RowsStatementKind, format!("Postgres does not prepare this statement (SQLSTATE {sqlstate})"))
        }
        SqlError::Refused { sqlstate, .. } => {
            (Code::RowsStatement, format!("Postgres refused the statement (SQLSTATE {sqlstate})"))
        }
        SqlError::TooManyRows { limit } => (Code::RowsTooMany, format!("the query returns more than {limit} rows")),
        SqlError::TooManyBytes { limit } => (Code::RowsTooMany, format!("the query returns more than {limit} bytes")),
        SqlError::Deadline => (Code::RowsDeadline, "the statement, its transaction or a lock took too long".to_owned()),
        SqlError::Over => (Code::RowsTransactionLost, "an earlier error ended the transaction or query".to_owned()),
        SqlError::Crowded { tenant } => (
            Code::RowsOpen,
            format!("the tenant's runs have {tenant} transactions and queries open, or the host's all it can"),
        ),
        SqlError::NotACounter => (Code::ToolCounter, "the value under the key is no counter".to_owned()),
        SqlError::Overflow => (Code::ToolCounter, "the counter would pass 64 bits".to_owned()),
        SqlError::Input { .. } | SqlError::KeyValue { .. } => (Code::ToolArgument, error.to_string()),
        SqlError::Door => (Code::CapabilityNotGranted, "no table is granted to this agent".to_owned()),
        _ => (Code::RowsUnavailable, "the database can't be reached".to_owned()),
    };
    let refusal = Refusal::new(code, message);
    match std::error::Error::source(&error) {
        Some(cause) => refusal.with_internal(format!("{error}: {cause}")),
        None => refusal.with_internal(error),
    }
}
