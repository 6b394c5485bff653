//! Taking hold of runs: hints are taken out of a tenant's queue and the runs that they name are claimed, in one
//! transaction, so that a host that dies in between leaves them where they were. Each claim raises the run's epoch, which
//! fences out whoever held it before. It doesn't know whose turn it is.

use std::collections::HashMap;
use std::time::Duration;

use casemate_gate::journal::Row;
use casemate_gate::rls::Scope;
use casemate_gate::{Epoch, RunId};
use casemate_jobs::{Cause, Command, Job, Refused, State, Transition};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::hint::Place;
use super::row::{self, Locked, MORE, Which, Written};
use crate::error::StoreError;
use crate::runs::{JOURNAL_COLUMNS, RUN_COLUMNS, RunRecord, journal_row, run_record};
use crate::session::{Access, Db, SqlError};
use crate::wire;

/// Most bytes of journals that one claim loads; those that don't fit are loaded by themselves.
const JOURNALS: i64 = 64 * 1024 * 1024;

/// A run that this host holds now.
#[derive(Debug, Clone)]
pub struct Held {
    /// The run, as claimed.
    pub run: RunRecord,
    /// The job that it is an attempt of.
    pub name: RunId,
    /// What may happen to it.
    pub job: Job,
    /// The database's time at the claim, in milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: u64,
    /// How long the second attempt waits; each later one twice as long.
    pub backoff: Duration,
    /// Its priority.
    pub priority: i16,
    /// Time in guests and gates until it was parked last.
    pub running: Duration,
    /// The host whose hold on it did not end in good order, if there was one.
    pub lost_by: Option<Uuid>,
    /// Its journal; none where it has to be loaded by itself.
    pub journal: Option<Vec<Row>>,
}

/// What a claim came to.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    /// What is held now.
    pub runs: Vec<Held>,
    /// Hints that were taken, those that were out of date included.
    pub taken: usize,
    /// How far each rank's queue was taken.
    pub places: Vec<Place>,
}

/// So that hosts that claim for the same tenant, where it has a cap, do so one after the other.
const CAP: &str = "select concurrency from casemate.shares where tenant_id = $1 and concurrency is not null for update";

/// $1 tenant, $2 ranks, $3 places, $4 most hints.
const TAKE: &str = "with found as (
      select q.slot, q.rank, q.place, q.run_id
      from unnest($2::smallint[], $3::bigint[]) as c (rank, place)
      cross join lateral (
        select slot, rank, place, run_id from casemate.queue
        where tenant_id = $1 and rank = c.rank and place > c.place
        order by place limit $4 for update skip locked) q
      order by q.rank, q.place limit $4
    )
    delete from casemate.queue q using found f
    where q.slot = f.slot and q.tenant_id = $1 and q.rank = f.rank and q.place = f.place
    returning q.rank, q.place, q.run_id";

/// The runs' journals, of those that fit: $1 runs, $2 bytes. A run is there with all of its rows or with none.
const LOAD: &str = "from (
      select *, sum(octet_length(frame)) over (order by run_id range unbounded preceding) as bytes
      from casemate.journal where run_id = any($1)) j
    where j.bytes <= $2 order by j.run_id, j.seq, j.epoch, j.kind";

/// Columns of a held run beside those that its state is in, of a table that is called `r`.
fn columns() -> String {
    format!(", {RUN_COLUMNS}, r.job_id, r.backoff_ms, r.priority, r.running_ms")
}

impl Db {
    /// Claims runs of the scope's tenant for a host, at most so many, the most urgent first.
    ///
    /// # Errors
    /// See [`StoreError`]: then nothing was claimed, or the answer is not known, and the host's lease will run out on it.
    pub async fn claim(&self, scope: &Scope, host: Uuid, from: &[Place], most: u32) -> Result<Claimed, StoreError> {
        let tenant = scope.tenant().as_uuid();
        let (ranks, places): (Vec<i16>, Vec<i64>) = from.iter().map(|at| (at.rank, at.place)).unzip();
        let mut reached: HashMap<i16, i64> = from.iter().map(|at| (at.rank, at.place)).collect();
        let mut tx = self.records_of(scope, Access::Write).await?;
        let done = tx.records(true, move |conn| {
            Box::pin(async move {
                let mut most = i64::from(most);
                let cap =
                    sqlx::query(CAP).bind(tenant).fetch_optional(&mut *conn).await.map_err(SqlError::from_postgres)?;
                if let Some(cap) = cap {
                    let cap: i32 = cap.try_get(0).map_err(SqlError::unavailable)?;
                    let count = "select count(*) from casemate.leases where tenant_id = $1";
                    let held: i64 = sqlx::query_scalar(count)
                        .bind(tenant)
                        .fetch_one(&mut *conn)
                        .await
                        .map_err(SqlError::from_postgres)?;
                    most = most.min(i64::from(cap).saturating_sub(held)).max(0);
                }
                let taken =
                    sqlx::query(TAKE).bind(tenant).bind(ranks).bind(places).bind(most).fetch_all(&mut *conn).await;
                let taken = taken.map_err(SqlError::from_postgres)?;
                let mut hints = Vec::with_capacity(taken.len());
                for row in &taken {
                    let (rank, place) = rank_and_place(row)?;
                    let furthest = reached.entry(rank).or_default();
                    *furthest = place.max(*furthest);
                    hints.push((rank, place, row.try_get::<Uuid, _>(2).map_err(SqlError::unavailable)?));
                }
                hints.sort_unstable();
                let runs: Vec<Uuid> = hints.into_iter().map(|(.., run)| run).collect();
                let mut claimed = Claimed {
                    runs: Vec::new(),
                    taken: taken.len(),
                    places: reached.into_iter().map(|(rank, place)| Place { rank, place }).collect(),
                };
                if runs.is_empty() {
                    return Ok(claimed);
                }
                let locked = row::lock_with(conn, Which::Runs(runs.clone()), &columns()).await?;
                let rows = locked.into_iter().map(|(locked, row)| (locked, self::claimed(&locked), row));
                // What neither changes nor is claimed is left alone.
                let rows: Vec<_> = rows.filter(|(locked, job, _)| locked.job != *job).collect();
                claimed.runs = hold(conn, &rows, Some(host)).await?;
                // In the order in which they were taken.
                claimed.runs.sort_by_key(|held| runs.iter().position(|run| *run == held.run.id.as_uuid()));
                Ok(claimed)
            })
        });
        let claimed = done.await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Takes hold of one run that has not ended, whoever holds it now.
    ///
    /// # Errors
    /// [`StoreError::NoRun`]; [`StoreError::Job`] when its state doesn't let it be claimed.
    pub async fn take_over(&self, scope: &Scope, host: Option<Uuid>, run: RunId) -> Result<Held, StoreError> {
        let mut tx = self.records_of(scope, Access::Write).await?;
        let done = tx.records(true, move |conn| {
            Box::pin(async move {
                let locked = row::lock_with(conn, Which::Runs(vec![run.as_uuid()]), &columns()).await?.pop();
                let Some((locked, row)) = locked else { return Ok(None) };
                match taken_over(&locked) {
                    Ok(job) => Ok(Some(Ok(hold(conn, &[(locked, job, row)], host).await?.pop()))),
                    Err(refused) => Ok(Some(Err(refused))),
                }
            })
        });
        let held = done.await?;
        tx.commit().await?;
        let mut held = held.ok_or(StoreError::NoRun)?.map_err(StoreError::Job)?.ok_or(StoreError::NoRun)?;
        if held.journal.is_none() {
            held.journal = Some(self.load_run(scope, run).await?.1);
        }
        Ok(held)
    }
}

/// What is due with it by now, and then the claim.
fn claimed(locked: &Locked) -> Job {
    let mut job = locked.job;
    for due in [Command::Expire, Command::Wake(Cause::Time)] {
        if let Ok(Transition { job: next, .. }) = job.apply(due, locked.now_ms) {
            job = next;
        }
    }
    job.apply(Command::Claim, locked.now_ms).map_or(job, |claimed| claimed.job)
}

/// By somebody who doesn't wait until it is due, nor until its holder is lost.
fn taken_over(locked: &Locked) -> Result<Job, Refused> {
    let mut job = locked.job;
    if job.state == State::Running {
        job = job.apply(Command::Lose { epoch: job.epoch }, locked.now_ms)?.job;
    }
    if job.state == State::Waiting {
        job = Job { state: State::Ready, wake: None, ..job };
    }
    let job = Job { not_before_ms: job.not_before_ms.min(locked.now_ms), ..job };
    Ok(job.apply(Command::Claim, locked.now_ms)?.job)
}

/// Writes what the rows are from now on; what of them is held.
async fn hold(
    conn: &mut sqlx::PgConnection,
    rows: &[(Locked, Job, PgRow)],
    host: Option<Uuid>,
) -> Result<Vec<Held>, SqlError> {
    let written: Vec<Written> = rows
        .iter()
        .map(|(locked, job, _)| match job.state {
            State::Running => Written {
                run: locked.run,
                job: *job,
                host,
                lost_by: if locked.job.state == State::Running { locked.host } else { locked.lost_by },
            },
            _ => Written { run: locked.run, job: *job, host: None, lost_by: locked.lost_by },
        })
        .collect();
    row::write(conn, &written).await?;
    let ids: Vec<Uuid> =
        written.iter().filter(|row| row.job.state == State::Running).map(|row| row.run.as_uuid()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut journals = journals(conn, ids).await?;
    let held = written.iter().zip(rows).filter(|(written, _)| written.job.state == State::Running);
    held.map(|(written, (locked, _, row))| {
        let journal = journals.remove(&written.run.as_uuid());
        held_run(written, locked, row, journal).map_err(SqlError::unavailable)
    })
    .collect()
}

fn held_run(written: &Written, locked: &Locked, row: &PgRow, journal: Option<Vec<Row>>) -> Result<Held, sqlx::Error> {
    // The row is from before the claim.
    let (state, epoch) = (written.job.state, Epoch::new(written.job.epoch));
    let run = RunRecord { state, epoch, ..run_record(row, MORE)? };
    let name: Uuid = row.try_get(MORE + 11)?;
    let milliseconds = |at: usize| {
        let number: i64 = row.try_get(at)?;
        Ok::<_, sqlx::Error>(Duration::from_millis(u64::try_from(number).unwrap_or_default()))
    };
    Ok(Held {
        journal,
        run,
        name: name.into(),
        job: written.job,
        now_ms: locked.now_ms,
        backoff: milliseconds(MORE + 12)?,
        priority: row.try_get(MORE + 13)?,
        running: milliseconds(MORE + 14)?,
        lost_by: written.lost_by,
    })
}

/// The journals of these runs, as many as fit.
async fn journals(conn: &mut sqlx::PgConnection, runs: Vec<Uuid>) -> Result<HashMap<Uuid, Vec<Row>>, SqlError> {
    let load = wire::query(format!("select {JOURNAL_COLUMNS} {LOAD}")).bind(runs).bind(JOURNALS);
    let rows = load.fetch_all(conn).await.map_err(SqlError::from_postgres)?;
    let mut journals: HashMap<Uuid, Vec<Row>> = HashMap::new();
    for row in &rows {
        let row = journal_row(row).map_err(SqlError::unavailable)?;
        journals.entry(row.run.as_uuid()).or_default().push(row);
    }
    Ok(journals)
}

fn rank_and_place(row: &PgRow) -> Result<(i16, i64), SqlError> {
    let read = || Ok((row.try_get(0)?, row.try_get(1)?));
    read().map_err(|error: sqlx::Error| SqlError::unavailable(error))
}
