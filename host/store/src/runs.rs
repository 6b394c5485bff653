//! Runs and who holds them. A claim raises the run's epoch, which fences out whoever held it before. It doesn't know
//! what a run does or how it is replayed.

mod record;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use casemate_gate::journal::Row;
use casemate_gate::rls::Scope;
use casemate_gate::{AgentName, Digest, Epoch, RunId, TenantId};
use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Postgres, Row as _};
use uuid::Uuid;

use crate::error::StoreError;
use crate::session::{Access, Db, Door, SqlError, TenantTx};
use record::digest;
pub(crate) use record::{JOURNAL_COLUMNS, RUN_COLUMNS, journal_row, run_record};
pub use record::{RunRecord, RunState};

/// How long one of these may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Most bytes of a journal that is loaded.
const JOURNAL: usize = 256 * 1024 * 1024;
/// Most runs that are listed at once.
const LISTED: i64 = 10_000;

/// Takes hold of a run that has not ended.
const CLAIM: &str = "update casemate.runs r set epoch = epoch + 1, state = 'running', wake_at = null
    where id = $1 and state in ('ready', 'running', 'waiting')";

type Query = sqlx::query::Query<'static, Postgres, PgArguments>;

/// What is recorded when a run is accepted.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id, made by the caller.
    pub id: RunId,
    /// Which agent.
    pub agent: AgentName,
    /// Which component.
    pub component: Digest,
    /// Under which policy.
    pub policy: Digest,
    /// The run's data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// A run that is not finished, as a scheduler sees it without a tenant's claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRun {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub run: RunId,
    /// Ready, running or waiting. A running one that this host doesn't hold was left by a host that died.
    pub state: RunState,
}

impl Db {
    /// Records a run as ready, at epoch 0.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn create_run(&self, scope: &Scope, run: NewRun) -> Result<(), StoreError> {
        self.in_tenant(scope, Access::Write, insert(run)).await.map(drop)
    }

    /// Records a run that begins now and holds it, in one transaction with the first row of its journal: a host that
    /// dies leaves a run that can begin again, or none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn begin_run(&self, scope: &Scope, run: NewRun, start: Row) -> Result<(), StoreError> {
        let id = run.id.as_uuid();
        let (insert, claim) = (insert(run), sqlx::query(CLAIM).bind(id));
        let mut tx = self.records_of(scope, Access::Write).await?;
        let begun = tx.records(true, move |conn| {
            Box::pin(async move {
                insert.execute(&mut *conn).await.map_err(SqlError::from_postgres)?;
                claim.execute(conn).await.map(drop).map_err(SqlError::from_postgres)
            })
        });
        begun.await?;
        tx.append_and_commit(vec![start]).await.map_err(StoreError::unreachable)
    }

    /// Takes hold of a run: its epoch is raised, and nothing is appended or finished under an earlier one.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the run isn't there or has ended.
    pub async fn claim_run(&self, scope: &Scope, run: RunId) -> Result<RunRecord, StoreError> {
        self.change(scope, run, CLAIM, |query| query).await
    }

    /// Ends a run that is held under this epoch.
    ///
    /// # Errors
    /// [`StoreError::Fenced`].
    pub async fn finish_run(&self, scope: &Scope, run: RunId, epoch: Epoch, state: RunState) -> Result<(), StoreError> {
        if !state.is_end() {
            return Err(StoreError::Fenced);
        }
        let finish = "update casemate.runs r set state = $3, finished_at = now()
            where id = $1 and epoch = $2 and state = 'running'";
        self.change(scope, run, finish, |query| query.bind(signed(epoch)).bind(state.name())).await.map(drop)
    }

    /// Lets go of a run that waits, until `wake_at` or, without one, until it is claimed.
    ///
    /// # Errors
    /// [`StoreError::Fenced`].
    pub async fn park_run(
        &self,
        scope: &Scope,
        run: RunId,
        epoch: Epoch,
        wake_at: Option<SystemTime>,
    ) -> Result<(), StoreError> {
        let park =
            "update casemate.runs r set state = 'waiting', wake_at = to_timestamp(coalesce($3, 'infinity'::float8))
            where id = $1 and epoch = $2 and state = 'running'";
        let seconds = wake_at.map(|at| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
        self.change(scope, run, park, |query| query.bind(signed(epoch)).bind(seconds)).await.map(drop)
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
            Ok((RunState::parse(row.try_get(0)?)?, u64::try_from(count).unwrap_or_default()))
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

    /// Runs of all tenants that are due: ids and states only, hence without a claim.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn due_runs(&self, limit: u32) -> Result<Vec<DueRun>, StoreError> {
        let db = self.clone();
        let rows = self.on_host(async move {
            let due = "select tenant_id, run_id, state from casemate.ready where due <= now() order by due limit $1";
            let mut lease = db.lease(Door::Records).await?;
            let rows = sqlx::query(due).bind(i64::from(limit).min(LISTED)).fetch_all(lease.get()).await?;
            lease.clean();
            Ok(rows)
        });
        let rows = rows
            .await
            .map_err(StoreError::unreachable)?
            .map_err(|error: sqlx::Error| StoreError::unreachable(error))?;
        let due = |row: &PgRow| {
            let (tenant, run): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
            Ok(DueRun { tenant: tenant.into(), run: run.into(), state: RunState::parse(row.try_get(2)?)? })
        };
        rows.iter().map(due).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }

    /// An update of one run that is refused unless it finds the run as it expects it.
    async fn change(
        &self,
        scope: &Scope,
        run: RunId,
        update: &str,
        bind: impl FnOnce(Query) -> Query,
    ) -> Result<RunRecord, StoreError> {
        let update = query(format!("{update} returning {RUN_COLUMNS}")).bind(run.as_uuid());
        let rows = self.in_tenant(scope, Access::Write, bind(update)).await?;
        run_record(rows.first().ok_or(StoreError::Fenced)?, 0).map_err(StoreError::unreachable)
    }

    async fn records_of(&self, scope: &Scope, access: Access) -> Result<TenantTx, SqlError> {
        TenantTx::begin(self, scope, access, Door::Records, Instant::now() + LIMIT).await
    }

    /// One statement of the host's own in a transaction of its own.
    async fn in_tenant(&self, scope: &Scope, access: Access, query: Query) -> Result<Vec<PgRow>, StoreError> {
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

fn signed(epoch: Epoch) -> i64 {
    // An epoch that doesn't fit is held by nobody.
    i64::try_from(epoch.get()).unwrap_or(-1)
}

fn insert(run: NewRun) -> Query {
    let insert = "insert into casemate.runs (id, agent, component_digest, policy_digest, wrapped_key)
        values ($1, $2, $3, $4, $5)";
    sqlx::query(insert)
        .bind(run.id.as_uuid())
        .bind(String::from(run.agent))
        .bind(run.component.as_bytes().to_vec())
        .bind(run.policy.as_bytes().to_vec())
        .bind(run.wrapped_key)
}
