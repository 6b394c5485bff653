//! The `sql` tool: one statement on the tenant's rows, in one transaction, as the role that holds the granted tables.
//! It doesn't parse SQL: Postgres says what kind a statement is and which tables it may touch.

use std::time::{Duration, Instant};

use casemate_abi::{Code, limits};
use casemate_gate::audit::Permit;
use casemate_gate::{Refusal, Reply, Value};
use casemate_store::{Access, Caps, Db, Door, SqlError, TenantTx};

use super::{Answer, PendingEffect};

/// Longest time that one statement may take in Postgres.
const STATEMENT: Duration = Duration::from_secs(30);

pub(super) async fn query(
    database: &Db,
    permit: &Permit,
    statement: &str,
    parameters: &[Value],
) -> Result<Answer, Refusal> {
    let mut transaction = begin(database, permit, Access::Read).await?;
    let bytes = usize::try_from(permit.result_bytes()).unwrap_or(usize::MAX);
    let caps = Caps { rows: limits::SQL_ROWS, bytes };
    let found = transaction.query(statement, parameters, caps).await.map_err(refusal)?;
    transaction.rollback().await.map_err(refusal)?;
    Ok(Answer::done(Reply::Rows { columns: found.columns, rows: found.rows }))
}

pub(super) async fn execute(
    database: &Db,
    permit: &Permit,
    statement: &str,
    parameters: &[Value],
) -> Result<Answer, Refusal> {
    let change = permit.change()?;
    let mut transaction = begin(database, permit, Access::Write).await?;
    let changed = transaction.execute(&change, statement, parameters).await.map_err(refusal)?;
    Ok(Answer::Done { reply: Reply::Changed(changed), effect: Some(PendingEffect(transaction)) })
}

async fn begin(database: &Db, permit: &Permit, access: Access) -> Result<TenantTx, Refusal> {
    let deadline = Instant::now() + STATEMENT;
    TenantTx::begin(database, permit.scope(), access, Door::Sql, deadline).await.map_err(refusal)
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
        SqlError::Deadline => (Code::RowsStatement, format!("the statement took longer than {STATEMENT:?}")),
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
