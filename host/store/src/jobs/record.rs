//! Jobs as they are listed. It doesn't know how they are shown.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casemate_gate::rls::Scope;
use casemate_gate::{AgentName, RunId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::error::StoreError;
use crate::runs::{RUN_COLUMNS, RunRecord, RunState, run_record};
use crate::session::{Access, Db};
use crate::wire;

/// Most jobs that are listed at once.
const LISTED: u32 = 10_000;

/// A job as it stands.
#[derive(Debug, Clone)]
pub struct JobRecord {
    /// Its name: the id of its first run.
    pub id: RunId,
    /// Its newest run.
    pub run: RunRecord,
    /// Which attempt that is, from 1, and of how many.
    pub attempt: (u32, u32),
    /// How long the second attempt waits; each later one twice as long.
    pub backoff: Duration,
    /// −100 to 100; the higher, the earlier.
    pub priority: i16,
    /// Not after.
    pub deadline: Option<SystemTime>,
    /// The caller's name for it.
    pub key: Option<String>,
    /// How it has to end, once that was decided: `cancelled`, or why it was given up.
    pub ending: Option<String>,
    /// Number of the refusal because of which it is where it is; 0 for none.
    pub reason: u16,
    /// What it waits for beside a time.
    pub wake_event: Option<Uuid>,
    /// Who holds it.
    pub host: Option<Uuid>,
}

/// Which jobs.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// In these states; all where there are none.
    pub states: Vec<RunState>,
    /// Of this agent.
    pub agent: Option<AgentName>,
    /// Older than this one.
    pub before: Option<RunId>,
    /// How many.
    pub limit: u32,
}

const COLUMNS: &str =
    "r.job_id, r.attempt, r.attempts, r.backoff_ms, r.priority, (extract(epoch from r.deadline) * 1000000)::bigint,
    (select f.idempotency_key from casemate.runs f where f.job_id = r.job_id and f.attempt = 1), r.ending, r.reason,
    r.wake_event, r.host";

impl Db {
    /// The tenant's jobs, the newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list_jobs(&self, scope: &Scope, filter: &JobFilter) -> Result<Vec<JobRecord>, StoreError> {
        let list = format!(
            "select {RUN_COLUMNS}, {COLUMNS} from casemate.runs r
             where ($1::text[] = '{{}}' or state = any($1)) and ($2::text is null or agent = $2) and ($3::uuid is null or job_id < $3)
               and not exists (select from casemate.runs n where n.job_id = r.job_id and n.attempt = r.attempt + 1)
             order by job_id desc limit $4"
        );
        let states: Vec<String> = filter.states.iter().map(|state| state.name().to_owned()).collect();
        let list = wire::query(list)
            .bind(states)
            .bind(filter.agent.clone().map(String::from))
            .bind(filter.before.map(|before| before.as_uuid()))
            .bind(i64::from(filter.limit.min(LISTED)));
        let rows = self.in_tenant(scope, Access::Read, list).await?;
        rows.iter().map(job_record).collect::<Result<_, _>>().map_err(StoreError::unreachable)
    }

    /// A job by its name or by that of one of its runs, as it stands.
    ///
    /// # Errors
    /// [`StoreError::NoRun`].
    pub async fn job(&self, scope: &Scope, id: RunId) -> Result<JobRecord, StoreError> {
        let find = format!(
            "select {RUN_COLUMNS}, {COLUMNS} from casemate.runs r
             where job_id = (select job_id from casemate.runs where id = $1) order by attempt desc limit 1"
        );
        let rows = self.in_tenant(scope, Access::Read, wire::query(find).bind(id.as_uuid())).await?;
        job_record(rows.first().ok_or(StoreError::NoRun)?).map_err(StoreError::unreachable)
    }

    /// Every run of a job, the first first.
    ///
    /// # Errors
    /// [`StoreError::NoRun`].
    pub async fn attempts(&self, scope: &Scope, job: RunId) -> Result<Vec<(RunRecord, u16)>, StoreError> {
        let find = format!("select {RUN_COLUMNS}, r.reason from casemate.runs r where job_id = $1 order by attempt");
        let rows = self.in_tenant(scope, Access::Read, wire::query(find).bind(job.as_uuid())).await?;
        let read = |row: &PgRow| Ok((run_record(row, 0)?, reason(row, 11)?));
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }

    /// Takes jobs away, runs and journals, that ended before a time: so many at most. How many went. What the ledger has of
    /// them stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn forget_jobs(&self, scope: &Scope, before: SystemTime, most: u32) -> Result<u64, StoreError> {
        let forget = "select casemate.forget(to_timestamp($1), $2)";
        let forget = sqlx::query(forget).bind(super::seconds(before)).bind(i64::from(most));
        let rows = self.in_tenant(scope, Access::Write, forget).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(StoreError::unreachable)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

fn reason(row: &PgRow, at: usize) -> Result<u16, sqlx::Error> {
    let reason: i32 = row.try_get(at)?;
    Ok(u16::try_from(reason).unwrap_or_default())
}

fn job_record(row: &PgRow) -> Result<JobRecord, sqlx::Error> {
    let id: Uuid = row.try_get(11)?;
    let (attempt, attempts): (i32, i32) = (row.try_get(12)?, row.try_get(13)?);
    let (backoff, deadline): (i64, Option<i64>) = (row.try_get(14)?, row.try_get(16)?);
    let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(JobRecord {
        id: id.into(),
        run: run_record(row, 0)?,
        attempt: (u32::try_from(attempt).unwrap_or(1), u32::try_from(attempts).unwrap_or(1)),
        backoff: Duration::from_millis(unsigned(backoff)),
        priority: row.try_get(15)?,
        deadline: deadline.map(|at| UNIX_EPOCH + Duration::from_micros(unsigned(at))),
        key: row.try_get(17)?,
        ending: row.try_get(18)?,
        reason: reason(row, 19)?,
        wake_event: row.try_get(20)?,
        host: row.try_get(21)?,
    })
}
