//! How a run and its journal's rows are read from Postgres. It doesn't know the statements.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casemate_gate::journal::{Row, RowKind};
use casemate_gate::{AgentName, Digest, Epoch, RunId, Seq, TenantId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// What [`run_record`] reads, in its order, of a table that is called `r`. Times are microseconds, which are exact in
/// `bigint`.
pub(crate) const RUN_COLUMNS: &str =
    "r.id, r.tenant_id, r.agent, r.component_digest, r.policy_digest, r.state, r.epoch,
    r.wrapped_key, case when isfinite(r.wake_at) then (extract(epoch from r.wake_at) * 1000000)::bigint end,
    (extract(epoch from r.created_at) * 1000000)::bigint, (extract(epoch from r.finished_at) * 1000000)::bigint";
/// What [`journal_row`] reads, in its order, of a table that is called `j`.
pub(crate) const JOURNAL_COLUMNS: &str = "j.run_id, j.seq, j.epoch, j.kind, j.frame";

/// Where a run stands.
pub use casemate_jobs::State as RunState;

pub(crate) fn state(name: &str) -> Result<RunState, sqlx::Error> {
    RunState::parse(name).ok_or_else(|| strange("state"))
}

/// A run as recorded.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// Whose.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentName,
    /// Which component.
    pub component: Digest,
    /// Under which policy.
    pub policy: Digest,
    /// Where it stands.
    pub state: RunState,
    /// The newest claim.
    pub epoch: Epoch,
    /// The run's data key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// When it should go on.
    pub wake_at: Option<SystemTime>,
    /// When it was accepted.
    pub created_at: SystemTime,
    /// When it ended.
    pub finished_at: Option<SystemTime>,
}

/// A run whose columns begin at a place.
pub(crate) fn run_record(row: &PgRow, from: usize) -> Result<RunRecord, sqlx::Error> {
    let (id, tenant): (Uuid, Uuid) = (row.try_get(from)?, row.try_get(from + 1)?);
    let agent: String = row.try_get(from + 2)?;
    Ok(RunRecord {
        id: id.into(),
        tenant: tenant.into(),
        agent: AgentName::try_from(agent).map_err(|_| strange("agent"))?,
        component: digest(row.try_get(from + 3)?)?,
        policy: digest(row.try_get(from + 4)?)?,
        state: state(row.try_get(from + 5)?)?,
        epoch: Epoch::new(unsigned(row.try_get(from + 6)?)?),
        wrapped_key: row.try_get(from + 7)?,
        wake_at: row.try_get::<Option<i64>, _>(from + 8)?.map(time).transpose()?,
        created_at: time(row.try_get(from + 9)?)?,
        finished_at: row.try_get::<Option<i64>, _>(from + 10)?.map(time).transpose()?,
    })
}

/// Columns run_id, seq, epoch, kind, frame.
pub(crate) fn journal_row(row: &PgRow) -> Result<Row, sqlx::Error> {
    let run: Uuid = row.try_get(0)?;
    Ok(Row {
        run: run.into(),
        seq: Seq::new(unsigned(row.try_get(1)?)?),
        epoch: Epoch::new(unsigned(row.try_get(2)?)?),
        kind: RowKind::from_number(row.try_get(3)?).ok_or_else(|| strange("kind"))?,
        sealed: row.try_get(4)?,
    })
}

pub(super) fn digest(bytes: &[u8]) -> Result<Digest, sqlx::Error> {
    <[u8; 32]>::try_from(bytes).map(Digest::from).map_err(|_| strange("digest"))
}

fn unsigned(number: i64) -> Result<u64, sqlx::Error> {
    u64::try_from(number).map_err(|_| strange("number"))
}

fn time(microseconds: i64) -> Result<SystemTime, sqlx::Error> {
    Ok(UNIX_EPOCH + Duration::from_micros(unsigned(microseconds)?))
}

/// The table's checks were passed by, or it was changed by hand.
fn strange(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}
