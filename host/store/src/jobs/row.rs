//! A job's row: locked, read as what `casemate-jobs` decides by, and written as it decided. The times are the database's. It
//! doesn't know what was asked.

use casemate_gate::RunId;
use casemate_jobs::{Call, End, Job, Reason, Resolution, Unsettled, Wake};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::runs::state;
use crate::session::SqlError;
use crate::wire;

/// What [`read`] reads, in its order, of a table that is called `r`. The time is that of the lock: a hint can be taken whose
/// run became due after this transaction began, and would be gone with the run left where it is.
const COLUMNS: &str =
    "r.id, r.state, r.epoch, r.attempt, r.attempts, r.ending, (extract(epoch from r.not_before) * 1000)::bigint,
    (extract(epoch from r.deadline) * 1000)::bigint,
    case when isfinite(r.wake_at) then (extract(epoch from r.wake_at) * 1000)::bigint end, r.wake_event, r.losses,
    r.unsettled_seq, r.unsettled_epoch, r.resolution, r.host, r.lost_by,
    (extract(epoch from r.left_at) * 1000)::bigint, (extract(epoch from clock_timestamp()) * 1000)::bigint";

/// Where columns begin that [`lock_with`] is asked for.
pub(super) const MORE: usize = 18;

/// A locked row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Locked {
    pub(super) run: RunId,
    pub(super) job: Job,
    /// Who holds it.
    pub(super) host: Option<Uuid>,
    /// Whose hold did not end in good order.
    pub(super) lost_by: Option<Uuid>,
    /// The database's time, when it was locked.
    pub(super) now_ms: u64,
}

/// A row as it is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) run: RunId,
    pub(super) job: Job,
    pub(super) host: Option<Uuid>,
    /// Whose hold did not end in good order.
    pub(super) lost_by: Option<Uuid>,
}

/// Runs by id, or the newest runs of jobs, locked until the transaction ends.
pub(super) enum Which {
    /// These runs.
    Runs(Vec<Uuid>),
    /// The newest run of this job.
    Job(Uuid),
    /// Whoever waits for this event.
    Event(Uuid),
}

pub(super) async fn lock(conn: &mut PgConnection, which: Which) -> Result<Vec<Locked>, SqlError> {
    Ok(lock_with(conn, which, "").await?.into_iter().map(|(locked, _)| locked).collect())
}

/// The same with more columns, which begin with a comma and are read from [`MORE`] on.
pub(super) async fn lock_with(
    conn: &mut PgConnection,
    which: Which,
    more: &str,
) -> Result<Vec<(Locked, PgRow)>, SqlError> {
    let (condition, ids) = match which {
        Which::Runs(ids) => ("r.id = any($1)", ids),
        Which::Job(id) => (
            "r.job_id = any($1) and not exists
               (select from casemate.runs n where n.job_id = r.job_id and n.attempt = r.attempt + 1)",
            vec![id],
        ),
        Which::Event(id) => ("r.wake_event = any($1)", vec![id]),
    };
    let find = wire::query(format!(
        "select {COLUMNS}{more} from casemate.runs r where {condition} order by r.id for update of r"
    ));
    let rows = find.bind(ids).fetch_all(conn).await.map_err(SqlError::from_postgres)?;
    rows.into_iter().map(|row| Ok((read(&row).map_err(SqlError::unavailable)?, row))).collect()
}

const WRITE: &str = "update casemate.runs r set state = n.state, epoch = n.epoch, ending = n.ending,
      not_before = to_timestamp(n.not_before / 1000.0),
      wake_at = case when n.wake is null and n.state = 'waiting' then 'infinity' else to_timestamp(n.wake / 1000.0) end,
      wake_event = n.event, losses = n.losses, unsettled_seq = n.seq, unsettled_epoch = n.under, resolution = n.resolution,
      host = n.host, lost_by = n.lost_by, left_at = to_timestamp(n.left_at / 1000.0)
    from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::uuid[], $8::int[], $9::bigint[],
        $10::bigint[], $11::text[], $12::uuid[], $13::uuid[], $14::bigint[])
      as n (id, state, epoch, ending, not_before, wake, event, losses, seq, under, resolution, host, lost_by, left_at)
    where r.id = n.id";

/// Writes rows that [`lock`] has locked in this transaction.
pub(super) async fn write(conn: &mut PgConnection, rows: &[Written]) -> Result<(), SqlError> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let of = |row: &Written| row.job;
    let query = sqlx::query(WRITE)
        .bind(rows.iter().map(|row| row.run.as_uuid()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| of(row).state.name().to_owned()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| signed(of(row).epoch)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| of(row).ending.and_then(ending_name).map(str::to_owned)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| signed(of(row).not_before_ms)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| of(row).wake.and_then(|wake| wake.at_ms).map(signed)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| of(row).wake.and_then(|wake| wake.event)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| i32::try_from(of(row).lost).unwrap_or(i32::MAX)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| of(row).unsettled.map(|call| signed(call.call.seq))).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| of(row).unsettled.map(|call| signed(call.call.epoch))).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| resolution_name(&of(row)).map(str::to_owned)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.host).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.lost_by).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| signed(of(row).left_ms)).collect::<Vec<_>>());
    query.execute(conn).await.map(drop).map_err(SqlError::from_postgres)
}

fn read(row: &PgRow) -> Result<Locked, sqlx::Error> {
    let unsigned = |at: usize| row.try_get::<i64, _>(at).map(|number| u64::try_from(number).unwrap_or_default());
    let maybe = |at: usize| {
        row.try_get::<Option<i64>, _>(at).map(|number| number.map(|number| u64::try_from(number).unwrap_or_default()))
    };
    let small = |at: usize| row.try_get::<i32, _>(at).map(|number| u32::try_from(number).unwrap_or_default());
    let id: Uuid = row.try_get(0)?;
    let state = state(row.try_get(1)?)?;
    let (ending, resolution): (Option<String>, Option<String>) = (row.try_get(5)?, row.try_get(13)?);
    let (at_ms, event) = (maybe(8)?, row.try_get::<Option<Uuid>, _>(9)?);
    let is_parked = matches!(state, casemate_jobs::State::Waiting) || at_ms.is_some() || event.is_some();
    let unsettled = maybe(11)?.zip(maybe(12)?).map(|(seq, epoch)| Unsettled {
        call: Call { seq, epoch },
        resolution: resolution.as_deref().and_then(resolution_of),
    });
    let job = Job {
        state,
        epoch: unsigned(2)?,
        attempt: small(3)?,
        attempts: small(4)?,
        ending: ending.as_deref().and_then(ending_of),
        not_before_ms: unsigned(6)?,
        deadline_ms: maybe(7)?,
        wake: is_parked.then_some(Wake { at_ms, event }),
        left_ms: unsigned(16)?,
        lost: small(10)?,
        unsettled,
    };
    Ok(Locked { run: id.into(), job, host: row.try_get(14)?, lost_by: row.try_get(15)?, now_ms: unsigned(17)? })
}

/// An end in the row; what ended with a result has none.
const fn ending_name(end: End) -> Option<&'static str> {
    match end {
        End::Done => None,
        End::Cancelled => Some("cancelled"),
        End::Dead(reason) => Some(reason.name()),
    }
}

fn ending_of(name: &str) -> Option<End> {
    if name == "cancelled" { Some(End::Cancelled) } else { Reason::parse(name).map(End::Dead) }
}

fn resolution_name(job: &Job) -> Option<&'static str> {
    job.unsettled.and_then(|unsettled| unsettled.resolution).map(|resolution| match resolution {
        Resolution::Happened => "happened",
        Resolution::DidNotHappen => "did-not-happen",
        Resolution::GiveUp => "give-up",
    })
}

fn resolution_of(name: &str) -> Option<Resolution> {
    match name {
        "happened" => Some(Resolution::Happened),
        "did-not-happen" => Some(Resolution::DidNotHappen),
        "give-up" => Some(Resolution::GiveUp),
        _ => None,
    }
}
