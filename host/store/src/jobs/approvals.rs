//! Questions to a person for which runs wait, and what was said. A decision is one transaction with the event that wakes the
//! run, and locks that event's row as whoever parks does: so the first decision stays, and none is missed. It doesn't know
//! what is asked, and can't open what was said.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casemate_gate::rls::Scope;
use casemate_gate::{AgentName, RunId, Seq};
use casemate_jobs::{Cause, Command};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::command::put;
use super::row::Which;
use crate::error::StoreError;
use crate::runs::{RunState, state};
use crate::session::{Access, Db, SqlError};
use crate::wire;

/// Most approvals that are listed at once.
const LISTED: u32 = 10_000;

/// What a run that parks asks.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its id: the event's.
    pub id: Uuid,
    /// Which call asks.
    pub seq: Seq,
    /// Its operation.
    pub operation: String,
    /// Keyed digest of what is asked.
    pub bound: [u8; 32],
    /// Until when an answer counts, in milliseconds since 1970-01-01T00:00:00Z.
    pub until_ms: u64,
}

impl Question {
    /// Keeps it, in the transaction in which the run parks. A run that asks once more has the same question.
    pub(super) async fn keep(self, conn: &mut PgConnection, run: RunId) -> Result<(), SqlError> {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let keep = "insert into casemate.approvals (id, run_id, seq, operation, bound, deadline)
            values ($1, $2, $3, $4, $5, to_timestamp($6 / 1000.0)) on conflict do nothing";
        let keep = sqlx::query(keep)
            .bind(self.id)
            .bind(run.as_uuid())
            .bind(signed(self.seq.get()))
            .bind(self.operation)
            .bind(self.bound.to_vec())
            .bind(signed(self.until_ms));
        keep.execute(conn).await.map(drop).map_err(SqlError::from_postgres)
    }
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Yes.
    Approved,
    /// No.
    Denied,
    /// Nobody said anything in time.
    Expired,
}

impl Word {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Approved, Self::Denied, Self::Expired].into_iter().find(|word| word.name() == name)
    }
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It holds.
    Now,
    /// There is no such question.
    Unknown,
    /// Another decision came first.
    Before,
    /// Its time was over.
    Late,
    /// The run has ended.
    Over,
}

/// Where a question stands, for the host that holds the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Nobody has said anything.
    Open,
    /// Somebody has: sealed.
    Said(Vec<u8>),
    /// Nobody did in time.
    Expired,
}

/// An approval as it stands.
#[derive(Debug, Clone)]
pub struct ApprovalRecord {
    /// Its id.
    pub id: Uuid,
    /// The run that asks.
    pub run: RunId,
    /// Its job.
    pub job: RunId,
    /// Where the run stands.
    pub state: RunState,
    /// Whose run it is.
    pub agent: AgentName,
    /// Which call asks.
    pub seq: Seq,
    /// Its operation.
    pub operation: String,
    /// Keyed digest of what is asked.
    pub bound: Vec<u8>,
    /// When.
    pub asked_at: SystemTime,
    /// Until when an answer counts.
    pub deadline: SystemTime,
    /// What was decided.
    pub word: Option<Word>,
    /// When.
    pub decided_at: Option<SystemTime>,
    /// What was said, sealed.
    pub content: Option<Vec<u8>>,
    /// Whether it can be decided now.
    pub is_open: bool,
}

/// Which approvals.
#[derive(Debug, Clone, Copy)]
pub struct ApprovalFilter {
    /// Those that are over, too.
    pub all: bool,
    /// Older than this one.
    pub before: Option<Uuid>,
    /// How many.
    pub limit: u32,
}

const OPEN: &str = "(a.decision is null and a.deadline > now() and r.finished_at is null and r.ending is null)";

fn listing(condition: &str) -> String {
    format!(
        "select a.id, a.run_id, r.job_id, r.state, r.agent, a.seq, a.operation, a.bound,
           (extract(epoch from a.asked_at) * 1000)::bigint, (extract(epoch from a.deadline) * 1000)::bigint, a.decision,
           (extract(epoch from a.decided_at) * 1000)::bigint, e.content, {OPEN}
         from casemate.approvals a join casemate.runs r on r.id = a.run_id left join casemate.events e on e.id = a.id
         where {condition}"
    )
}

impl Db {
    /// The tenant's approvals, the newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn approvals(&self, scope: &Scope, filter: ApprovalFilter) -> Result<Vec<ApprovalRecord>, StoreError> {
        let list = listing(&format!(
            "($1 or {OPEN}) and ($2::uuid is null
               or (a.asked_at, a.id) < (select b.asked_at, b.id from casemate.approvals b where b.id = $2))
             order by a.asked_at desc, a.id desc limit $3"
        ));
        let list = wire::query(list).bind(filter.all).bind(filter.before).bind(i64::from(filter.limit.min(LISTED)));
        let rows = self.in_tenant(scope, Access::Read, list).await?;
        rows.iter().map(record).collect::<Result<_, _>>().map_err(StoreError::unreachable)
    }

    /// One approval.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn approval(&self, scope: &Scope, id: Uuid) -> Result<Option<ApprovalRecord>, StoreError> {
        let rows = self.in_tenant(scope, Access::Read, wire::query(listing("a.id = $1")).bind(id)).await?;
        rows.first().map(record).transpose().map_err(StoreError::unreachable)
    }

    /// Whether a run waits: for a time, or for something to happen.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn waits(&self, scope: &Scope, run: RunId) -> Result<bool, StoreError> {
        let find = "select state = 'waiting' from casemate.runs where id = $1";
        let rows = self.in_tenant(scope, Access::Read, sqlx::query(find).bind(run.as_uuid())).await?;
        let waits: Option<Option<bool>> =
            rows.first().map(|row| row.try_get(0)).transpose().map_err(StoreError::unreachable)?;
        Ok(waits.flatten().unwrap_or_default())
    }

    /// Decides, once, and wakes the run. `content` is what is said, sealed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn decide(&self, scope: &Scope, id: Uuid, word: Word, content: Vec<u8>) -> Result<Decided, StoreError> {
        let mut tx = self.records_of(scope, Access::Write).await?;
        let decided = tx.records(true, move |conn| Box::pin(async move { decide(conn, id, word, content).await }));
        let decided = decided.await?;
        if decided == Decided::Now {
            tx.commit().await?;
        }
        Ok(decided)
    }

    /// Where a question stands. With `is_late` one that nobody has answered is over from here on, and no answer counts any
    /// more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn asked(&self, scope: &Scope, id: Uuid, is_late: bool) -> Result<Asked, StoreError> {
        let mut tx = self.records_of(scope, Access::Write).await?;
        let asked = tx.records(true, move |conn| Box::pin(async move { asked(conn, id, is_late).await }));
        let asked = asked.await?;
        tx.commit().await?;
        Ok(asked)
    }
}

async fn decide(conn: &mut PgConnection, id: Uuid, word: Word, content: Vec<u8>) -> Result<Decided, SqlError> {
    let failed = SqlError::from_postgres;
    // Before the run's row, as whoever parks does.
    let lock = "select happened_at is not null from casemate.events where id = $1 for update";
    let happened: Option<bool> = sqlx::query_scalar(lock).bind(id).fetch_optional(&mut *conn).await.map_err(failed)?;
    let find = format!(
        "select a.decision is not null, a.deadline <= now(), not {OPEN}
         from casemate.approvals a join casemate.runs r on r.id = a.run_id where a.id = $1"
    );
    let found = wire::query(find).bind(id).fetch_optional(&mut *conn).await.map_err(failed)?;
    let (Some(happened), Some(found)) = (happened, found) else { return Ok(Decided::Unknown) };
    let is = |at: usize| found.try_get::<bool, _>(at).map_err(SqlError::unavailable);
    if happened || is(0)? {
        return Ok(Decided::Before);
    }
    if is(1)? {
        return Ok(Decided::Late);
    }
    if is(2)? {
        return Ok(Decided::Over);
    }
    write(conn, id, word, Some(content)).await?;
    put(conn, Which::Event(id), &|_| Command::Wake(Cause::Event(id))).await?;
    Ok(Decided::Now)
}

async fn asked(conn: &mut PgConnection, id: Uuid, is_late: bool) -> Result<Asked, SqlError> {
    let lock = "select happened_at is not null, content from casemate.events where id = $1 for update";
    let row = sqlx::query(lock).bind(id).fetch_optional(&mut *conn).await.map_err(SqlError::from_postgres)?;
    // Of a host that died before it parked the run, nobody could be asked yet.
    let Some(row) = row else { return Ok(if is_late { Asked::Expired } else { Asked::Open }) };
    let (happened, content): (bool, Option<Vec<u8>>) =
        (row.try_get(0).map_err(SqlError::unavailable)?, row.try_get(1).map_err(SqlError::unavailable)?);
    match (happened, content) {
        (true, Some(content)) => Ok(Asked::Said(content)),
        (true, None) => Ok(Asked::Expired),
        (false, _) if is_late => {
            write(conn, id, Word::Expired, None).await?;
            Ok(Asked::Expired)
        }
        (false, _) => Ok(Asked::Open),
    }
}

async fn write(conn: &mut PgConnection, id: Uuid, word: Word, content: Option<Vec<u8>>) -> Result<(), SqlError> {
    let happen = "update casemate.events set happened_at = now(), content = $2 where id = $1";
    let happen = sqlx::query(happen).bind(id).bind(content).execute(&mut *conn);
    happen.await.map_err(SqlError::from_postgres)?;
    let decide = "update casemate.approvals set decision = $2, decided_at = now() where id = $1 and decision is null";
    let decide = sqlx::query(decide).bind(id).bind(word.name()).execute(&mut *conn);
    decide.await.map(drop).map_err(SqlError::from_postgres)
}

fn record(row: &PgRow) -> Result<ApprovalRecord, sqlx::Error> {
    let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
    let time = |ms: i64| UNIX_EPOCH + Duration::from_millis(unsigned(ms));
    let strange = |what: &str| sqlx::Error::Decode(format!("an {what} that is none").into());
    let (run, job): (Uuid, Uuid) = (row.try_get(1)?, row.try_get(2)?);
    let agent: String = row.try_get(4)?;
    Ok(ApprovalRecord {
        id: row.try_get(0)?,
        run: run.into(),
        job: job.into(),
        state: state(row.try_get(3)?)?,
        agent: AgentName::try_from(agent).map_err(|_| strange("agent"))?,
        seq: Seq::new(unsigned(row.try_get(5)?)),
        operation: row.try_get(6)?,
        bound: row.try_get(7)?,
        asked_at: time(row.try_get(8)?),
        deadline: time(row.try_get(9)?),
        word: row.try_get::<Option<&str>, _>(10)?.and_then(Word::parse),
        decided_at: row.try_get::<Option<i64>, _>(11)?.map(time),
        content: row.try_get(12)?,
        is_open: row.try_get(13)?,
    })
}
