//! Runs as they are recorded: one that begins now, one with its journal, all of a tenant. It doesn't know what a run does or
//! how it is replayed, nor which of them is whose turn.

mod record;

use std::time::{Duration, Instant};

use casemate_gate::job::NewRun;
use casemate_gate::journal::Row;
use casemate_gate::rls::Scope;
use casemate_gate::{Digest, Epoch, RunId};
use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Postgres, Row as _};
use uuid::Uuid;

use crate::error::StoreError;
use crate::session::{Access, Db, Door, SqlError, TenantTx};
use record::digest;
pub(crate) use record::state;
pub(crate) use record::{JOURNAL_COLUMNS, RUN_COLUMNS, journal_row, run_record};
pub use record::{RunRecord, RunState};

/// How long one of these may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// Most bytes of a journal that is loaded.
const JOURNAL: usize = 256 * 1024 * 1024;
/// Most runs that are listed at once.
const LISTED: i64 = 10_000;

type Query = sqlx::query::Query<'static, Postgres, PgArguments>;

impl Db {
    /// Records a run that begins now and holds it, in one transaction with the first row of its journal: a host that
    /// dies leaves a run that can begin again, or none. With `host` others take it over when that one is lost.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn begin_run(
        &self,
        scope: &Scope,
        run: NewRun,
        start: Row,
        host: Option<Uuid>,
    ) -> Result<(), StoreError> {
        let begin = "insert into casemate.runs (id, agent, component_digest, policy_digest, wrapped_key, job_id, state, epoch, host)
            values ($1, $2, $3, $4, $5, $1, 'running', $6, $7)";
        let insert = sqlx::query(begin)
            .bind(run.id.as_uuid())
            .bind(String::from(run.agent))
            .bind(run.component.as_bytes().to_vec())
            .bind(run.policy.as_bytes().to_vec())
            .bind(run.wrapped_key)
            .bind(signed(start.epoch))
            .bind(host);
        let mut tx = self.records_of(scope, Access::Write).await?;
        let begun = tx.records(true, move |conn| {
            Box::pin(async move { insert.execute(conn).await.map(drop).map_err(SqlError::from_postgres) })
        });
        begun.await?;
        tx.append_and_commit(vec![start]).await.map_err(StoreError::unreachable)
    }

    /// A run with its whole journal in the order (call, claim, kind).
    ///
    /// # Errors
    /// [`StoreError::NoRun`], [`StoreError::TooLarge`].
    pub async fn load_run(&self, scope: &Scope, run: RunId) -> Result<(RunRecord, Vec<Row>), StoreError> {
        let find = format!("select {RUN_COLUMNS} from casemate.runs r where id = $1");
        let found = self.in_tenant(scope, Access::Read, query(find).bind(run.as_uuid())).await?;
        let record = run_record(found.first().ok_or(StoreError::NoRun)?, 0).map_err(StoreError::unreachable)?;
        let mut tx = self.records_of(scope, Access::Read).await?;
        let rows = tx.records(false, move |conn| {
            Box::pin(async move {
                let journal = format!(
                    "select {JOURNAL_COLUMNS} from casemate.journal j where run_id = $1 order by seq, epoch, kind"
                );
                let mut found = query(journal).bind(run.as_uuid()).fetch(conn);
                let mut rows = Vec::new();
                let mut bytes = 0_usize;
                while let Some(row) = found.try_next().await.map_err(SqlError::from_postgres)? {
                    let row = journal_row(&row).map_err(SqlError::unavailable)?;
                    bytes = bytes.saturating_add(row.sealed.len());
                    if bytes > JOURNAL {
                        return Err(SqlError::TooManyBytes { limit: JOURNAL });
                    }
                    rows.push(row);
                }
                Ok(rows)
            })
        });
        let rows = rows.await.map_err(|error| match error {
            SqlError::TooManyBytes { limit } => StoreError::TooLarge { limit },
            error => error.into(),
        })?;
        tx.rollback().await?;
        Ok((record, rows))
    }

    /// The tenant's runs, the newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list_runs(&self, scope: &Scope, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        let list = format!("select {RUN_COLUMNS} from casemate.runs r order by created_at desc, id desc limit $1");
        let rows = self.in_tenant(scope, Access::Read, query(list).bind(i64::from(limit).min(LISTED))).await?;
        rows.iter().map(|row| run_record(row, 0)).collect::<Result<_, _>>().map_err(StoreError::unreachable)
    }

    /// How many runs the tenant has in which state.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn count_runs(&self, scope: &Scope) -> Result<Vec<(RunState, u64)>, StoreError> {
        let count = "select state, count(*) from casemate.runs group by state order by state";
        let rows = self.in_tenant(scope, Access::Read, sqlx::query(count)).await?;
        let read = |row: &PgRow| {
            let count: i64 = row.try_get(1)?;
            Ok((state(row.try_get(0)?)?, u64::try_from(count).unwrap_or_default()))
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }

    /// Digests of the components and policies with which the tenant's runs began, each once.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn artefacts(&self, scope: &Scope) -> Result<Vec<Digest>, StoreError> {
        let find = "select component_digest from casemate.runs union select policy_digest from casemate.runs";
        let rows = self.in_tenant(scope, Access::Read, sqlx::query(find)).await?;
        let read = |row: &PgRow| digest(row.try_get(0)?);
        rows.iter().map(read).collect::<Result<_, _>>().map_err(StoreError::unreachable)
    }

    pub(crate) async fn records_of(&self, scope: &Scope, access: Access) -> Result<TenantTx, SqlError> {
        TenantTx::begin(self, scope, access, Door::Records, Instant::now() + LIMIT).await
    }

    /// One statement of the host's own in a transaction of its own.
    pub(crate) async fn in_tenant(
        &self,
        scope: &Scope,
        access: Access,
        query: Query,
    ) -> Result<Vec<PgRow>, StoreError> {
        let mut tx = self.records_of(scope, access).await?;
        let rows = tx.records(access == Access::Write, move |conn| {
            Box::pin(async move { query.fetch_all(conn).await.map_err(SqlError::from_postgres) })
        });
        let rows = rows.await?;
        tx.commit().await?;
        Ok(rows)
    }
}

/// A statement put together from the literals of this file.
fn query(text: String) -> Query {
    crate::wire::query(text)
}

pub(crate) fn signed(epoch: Epoch) -> i64 {
    // An epoch that doesn't fit is held by nobody.
    i64::try_from(epoch.get()).unwrap_or(-1)
}
