//! A statement of an agent in a transaction of its own: one round trip where its connection has it prepared. It doesn't
//! know what becomes of a change; the transaction that it hands out does.

use std::time::Instant;

use casemate_gate::Value;
use casemate_gate::audit::Change;
use casemate_gate::rls::Scope;

use super::collector::{Caps, Collector, Rows};
use super::error::SqlError;
use super::opening::{Access, Door, Opening};
use super::statement::Statement;
use super::transaction::{GRACE, TenantTx};
use super::{Db, Lease};

/// Constraints and triggers that were deferred to the commit have their say while the statement can still be refused.
pub(super) const NOW: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// What a RETURNING may have at most where nobody asked for its rows: it is run and they are dropped, but not without a
/// bound.
pub const DROPPED: Caps = Caps { rows: 1 << 20, bytes: 1 << 24 };

impl Db {
    /// Runs one SELECT or VALUES in a read-only transaction.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn query(
        &self,
        scope: &Scope,
        statement: &str,
        parameters: &[Value],
        caps: Caps,
        deadline: Instant,
    ) -> Result<Rows, SqlError> {
        let opening = Opening::new(self, scope, Access::Read, Door::Sql, deadline)?;
        let statement = Statement::new(statement, parameters)?;
        let (lease, collector) = self.opened(opening, statement, "COMMIT", caps).await?;
        lease.clean();
        Ok(collector.rows)
    }

    /// Runs one statement that changes rows, and says how many; the change waits in the transaction for its commit.
    /// `_change` proves that the call may prepare a change.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn execute(
        &self,
        _change: &Change<'_>,
        scope: &Scope,
        statement: &str,
        parameters: &[Value],
        deadline: Instant,
    ) -> Result<(u64, TenantTx), SqlError> {
        let (collector, tx) = self.changing(scope, statement, parameters, DROPPED, deadline).await?;
        Ok((collector.changed, tx))
    }

    /// The same, and returns the rows of its RETURNING.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn returning(
        &self,
        _change: &Change<'_>,
        scope: &Scope,
        statement: &str,
        parameters: &[Value],
        caps: Caps,
        deadline: Instant,
    ) -> Result<(Rows, TenantTx), SqlError> {
        let (collector, tx) = self.changing(scope, statement, parameters, caps, deadline).await?;
        Ok((collector.rows, tx))
    }

    async fn changing(
        &self,
        scope: &Scope,
        statement: &str,
        parameters: &[Value],
        caps: Caps,
        deadline: Instant,
    ) -> Result<(Collector, TenantTx), SqlError> {
        let opening = Opening::new(self, scope, Access::Write, Door::Sql, deadline)?;
        let deadline = opening.deadline;
        let statement = Statement::new(statement, parameters)?;
        let (lease, collector) = self.opened(opening, statement, NOW, caps).await?;
        Ok((collector, TenantTx::opened(self, lease, scope, Access::Write, Door::Sql, deadline)))
    }

    async fn opened(
        &self,
        opening: Opening,
        statement: Statement,
        after: &'static str,
        caps: Caps,
    ) -> Result<(Lease, Collector), SqlError> {
        let db = self.clone();
        self.while_wanted(async move {
            let mut lease = db.lease(Door::Sql).await.map_err(SqlError::unavailable)?;
            let mut collector = Collector::new(caps);
            let run = statement.run_opening(lease.session(), &opening.message, after, &mut collector);
            let limit = tokio::time::Instant::from_std(opening.deadline + GRACE);
            match tokio::time::timeout_at(limit, run).await {
                Ok(Ok(())) => Ok((lease, collector)),
                Ok(Err(error)) => {
                    if error.is_recoverable() {
                        lease.recover().await;
                    }
                    Err(error)
                }
                Err(_) => Err(SqlError::Deadline),
            }
        })
        .await
    }
}
