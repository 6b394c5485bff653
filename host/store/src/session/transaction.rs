//! A tenant transaction: opened in one message with the signed claim, the deadline and the role; closed by an append
//! to the journal and COMMIT in one message. It can't be opened without a `Scope`. It doesn't know what an agent's
//! statement says.

use std::time::{Duration, Instant};

use casemate_gate::Value;
use casemate_gate::audit::{Change, Durable};
use casemate_gate::journal::{JournalError, Row};
use casemate_gate::rls::Scope;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use super::collector::{Caps, Collector, Rows};
use super::error::SqlError;
use super::opening::{self, Access, Door, Opening};
use super::pool::Session;
use super::statement::Statement;
use super::{Db, Held, Lease};
use crate::journal::{self, Append};
use crate::wire;

/// How much later than Postgres the host gives up, so that usually Postgres does, and keeps the connection.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// An open transaction of one tenant. Dropped without `commit_with` or `rollback`, its connection is closed and
/// Postgres rolls back.
#[derive(Debug)]
#[must_use]
pub struct TenantTx {
    db: Db,
    lease: Option<Lease>,
    scope: Scope,
    access: Access,
    door: Door,
    deadline: Instant,
    /// Of one that is kept between calls.
    _held: Option<Held>,
}

impl TenantTx {
    /// Opens one in one round trip. Postgres ends any statement that runs past `deadline`.
    ///
    /// # Errors
    /// [`SqlError::Door`] when the scope has no role for `sql`; [`SqlError::Unavailable`], [`SqlError::Claim`].
    pub async fn begin(
        db: &Db,
        scope: &Scope,
        access: Access,
        door: Door,
        deadline: Instant,
    ) -> Result<Self, SqlError> {
        let Opening { message, deadline } = Opening::new(db, scope, access, door, deadline)?;
        let pool = db.clone();
        let opened = db.while_wanted(async move {
            let mut lease = pool.lease(door).await.map_err(SqlError::unavailable)?;
            lease.session().open(message).await?;
            Ok(lease)
        });
        Ok(Self::opened(db, opened.await?, scope, access, door, deadline))
    }

    /// Opens one that an agent keeps between calls, for several statements.
    ///
    /// # Errors
    /// [`SqlError::Crowded`], and as for [`TenantTx::begin`].
    pub async fn begin_held(db: &Db, scope: &Scope, deadline: Instant) -> Result<Self, SqlError> {
        let held = db.hold(scope.tenant())?;
        let tx = Self::begin(db, scope, Access::Write, Door::Sql, deadline).await?;
        Ok(Self { _held: Some(held), ..tx })
    }

    pub(super) fn opened(db: &Db, lease: Lease, scope: &Scope, access: Access, door: Door, deadline: Instant) -> Self {
        Self { db: db.clone(), lease: Some(lease), scope: scope.clone(), access, door, deadline, _held: None }
    }

    /// Runs one SELECT or VALUES, read-only even in a transaction that may write.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn query(&mut self, statement: &str, parameters: &[Value], caps: Caps) -> Result<Rows, SqlError> {
        self.statement(statement, parameters, true, caps).await.map(|collected| collected.rows)
    }

    /// Runs one statement that changes rows, and returns the number of them and the rows of its RETURNING. `_change`
    /// proves that the call may prepare a change.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn execute(
        &mut self,
        _change: &Change<'_>,
        statement: &str,
        parameters: &[Value],
        caps: Caps,
    ) -> Result<(u64, Rows), SqlError> {
        if self.access == Access::Read {
            return Err(SqlError::ReadOnly);
        }
        self.statement(statement, parameters, false, caps).await.map(|collected| (collected.changed, collected.rows))
    }

    /// Has everything that was deferred to the commit say now whether it would stand in the way.
    ///
    /// # Errors
    /// See [`SqlError`]; the transaction can't be committed any more then.
    pub async fn settle(&mut self) -> Result<(), SqlError> {
        self.with(|session| {
            Box::pin(async move {
                let settled = wire::simple(&mut session.conn, super::once::NOW.to_owned()).await;
                settled.map(drop).map_err(SqlError::from_postgres)
            })
        })
        .await
    }

    /// Appends the rows and commits, together or not at all, in one round trip. `_intent` proves that the call's intent
    /// is durable in the ledger.
    ///
    /// # Errors
    /// [`JournalError::Fenced`] when another claim holds the run: everything was rolled back.
    /// [`JournalError::Unavailable`] when the answer is not known, too: the run has to be claimed anew, and its
    /// journal says what was kept.
    pub async fn commit_with(self, _intent: &Durable, rows: Vec<Row>) -> Result<(), JournalError> {
        self.append_and_commit(rows).await
    }

    pub(crate) async fn append_and_commit(mut self, rows: Vec<Row>) -> Result<(), JournalError> {
        let unavailable = |error: SqlError| JournalError::Unavailable(error.into());
        let append = Append::new(self.db.keyring(), &self.scope, &rows)?;
        let message = match self.access {
            Access::Write => format!("{}; COMMIT", append.statement()),
            Access::Read => {
                let open = opening::message(&self.db, &self.scope, Access::Write, Door::Records, self.left());
                format!("COMMIT; {}; {}; COMMIT", open.map_err(unavailable)?, append.statement())
            }
        };
        let lease = self.lease.take().ok_or_else(|| unavailable(SqlError::Over))?;
        self.db.on_host(finish(lease, message)).await.map_err(journal::unavailable)?
    }

    /// Ends it without a change.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`]; it is rolled back all the same.
    pub async fn rollback(mut self) -> Result<(), SqlError> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        self.db.on_host(close(lease, "ROLLBACK")).await.map_err(SqlError::unavailable)?
    }

    /// Commits the host's own records, which are not part of a run's journal.
    pub(crate) async fn commit(mut self) -> Result<(), SqlError> {
        let lease = self.lease.take().ok_or(SqlError::Over)?;
        self.db.on_host(close(lease, "COMMIT")).await.map_err(SqlError::unavailable)?
    }

    #[cfg(test)]
    pub(crate) async fn change(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, SqlError> {
        if self.access == Access::Read {
            return Err(SqlError::ReadOnly);
        }
        let caps = Caps { rows: 1000, bytes: 1 << 20 };
        self.statement(statement, parameters, false, caps).await.map(|collected| collected.changed)
    }

    /// Whether an error ended it: nothing more can be done in it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.lease.is_none()
    }

    pub(crate) const fn scope(&self) -> &Scope {
        &self.scope
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1))
    }

    async fn statement(
        &mut self,
        text: &str,
        parameters: &[Value],
        read_only: bool,
        caps: Caps,
    ) -> Result<Collector, SqlError> {
        if self.door != Door::Sql {
            return Err(SqlError::Door);
        }
        let statement = Statement::new(text, parameters)?;
        let mut collector = Collector::new(caps);
        self.with(move |session| {
            Box::pin(async move {
                statement.run_within(session, read_only, &mut collector).await?;
                Ok(collector)
            })
        })
        .await
    }

    /// Work on the host's own tables.
    pub(crate) async fn records<T, W>(&mut self, writes: bool, work: W) -> Result<T, SqlError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, SqlError>> + Send + 'static,
    {
        match (self.door, self.access) {
            (Door::Sql, _) => Err(SqlError::Door),
            (Door::Records, Access::Read) if writes => Err(SqlError::ReadOnly),
            (Door::Records, _) => {
                let result = self.with(|session| work(&mut session.conn)).await;
                if result.is_err() {
                    // Postgres has given the transaction up, and would answer COMMIT by a rollback.
                    self.lease = None;
                }
                result
            }
        }
    }

    /// Moves the connection to the host's runtime and back. If the caller goes away meanwhile, it is closed there.
    async fn with<T, W>(&mut self, work: W) -> Result<T, SqlError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Session) -> BoxFuture<'c, Result<T, SqlError>> + Send + 'static,
    {
        let mut lease = self.lease.take().ok_or(SqlError::Over)?;
        let limit = tokio::time::Instant::from_std(self.deadline + GRACE);
        let worked = self.db.while_wanted(async move {
            let result = match tokio::time::timeout_at(limit, work(lease.session())).await {
                Ok(result) => result,
                Err(_) => return Err(SqlError::Deadline),
            };
            match result {
                Err(error) if !error.is_recoverable() => Err(error),
                result => Ok((lease, result)),
            }
        });
        let (lease, result) = worked.await?;
        self.lease = Some(lease);
        result
    }
}

/// The last message: on any error the connection is closed and Postgres rolls back.
async fn finish(mut lease: Lease, message: String) -> Result<(), JournalError> {
    let conn = lease.get();
    wire::simple(conn, message).await.map_err(journal::refused)?;
    lease.clean();
    Ok(())
}

async fn close(mut lease: Lease, message: &'static str) -> Result<(), SqlError> {
    let conn = lease.get();
    wire::simple(conn, message.to_owned()).await.map_err(SqlError::unavailable)?;
    lease.clean();
    Ok(())
}
