//! Budgets that hosts spend from at once: what is gone of an agent's and a tenant's hours, days and months, and what stretches
//! of runs hold of them. The windows' rows are locked, whoever asked decides by what they say, and what it holds is written, in
//! one transaction. It doesn't know limits, nor what a stretch is worth.

use std::time::Duration;

use casemate_gate::budget::{Amounts, PerSpan, Period, Resource, Span};
use casemate_gate::rls::Scope;
use casemate_gate::{AgentName, RunId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::error::StoreError;
use crate::session::{Access, Db, SqlError, TenantTx};

/// Spans that are kept, in the order of their names, and for how long windows of each are.
const SPANS: [(Span, Duration); 3] = [(Span::Day, days(62)), (Span::Hour, days(3)), (Span::Month, days(36 * 31))];
/// Most rows that are read for one tenant.
const WINDOWS: i64 = 100_000;

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

/// A stretch of a run that holds a part of its windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowStretch {
    /// Which run's.
    pub run: RunId,
    /// Which agent's.
    pub agent: AgentName,
    /// When it began, in milliseconds since 1970-01-01T00:00:00Z: it counts in the windows of that moment.
    pub at_ms: u64,
    /// What the run had used before.
    pub before: Amounts,
    /// The most that it may use.
    pub held: Amounts,
}

/// What is gone of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowWindow {
    /// Which agent's; none for the tenant's own.
    pub agent: Option<AgentName>,
    /// Hour, day or month.
    pub span: Span,
    /// Its first millisecond, since 1970-01-01T00:00:00Z.
    pub begins_ms: u64,
    /// What was used by stretches that ended.
    pub spent: Amounts,
    /// What stretches hold that have not.
    pub held: Amounts,
}

/// The windows of one moment of an agent and its tenant, locked until this is closed.
#[derive(Debug)]
#[must_use]
pub struct Escrow {
    tx: TenantTx,
    agent: AgentName,
    at_ms: u64,
    of_agent: PerSpan<Amounts>,
    of_tenant: PerSpan<Amounts>,
}

/// $1 agent, $2 spans, $3 their beginnings.
const LOCK: &str = "select w.agent, w.span, casemate.plus(w.spent, w.held)
    from casemate.windows w join unnest($2::text[], $3::bigint[]) as k (span, begins_ms)
      on w.span = k.span and w.begins_ms = k.begins_ms
    where w.agent in ('', $1) order by w.agent, w.span, w.begins_ms for update of w";

/// The rows that aren't there: as [`LOCK`].
const MAKE: &str = "insert into casemate.windows (agent, span, begins_ms)
    select a.agent, k.span, k.begins_ms
    from (values (''), ($1)) as a (agent), unnest($2::text[], $3::bigint[]) as k (span, begins_ms)
    order by a.agent collate \"C\", k.span collate \"C\", k.begins_ms
    on conflict do nothing";

/// Windows that are over for so long that nobody asks for them: $1 spans, $2 the first that are kept.
const FORGET: &str = "delete from casemate.windows w using unnest($1::text[], $2::bigint[]) as k (span, begins_ms)
    where w.span = k.span and w.begins_ms < k.begins_ms";

/// Gives back what was held for runs that never came to be, since whoever held it died before they were on record: $1 before when.
const ORPHANS: &str = "select casemate.settle(s.run_id, s.epoch, '{0,0,0,0,0}') from casemate.stretches s
    where s.at_ms < $1 and not exists (select from casemate.runs r where r.id = s.run_id)";
/// How old they are at least.
const ORPHANED: Duration = Duration::from_secs(60 * 60);

/// Holds, for a run that this claim holds; for one that has ended since, or is another's, nothing would ever be settled:
/// $1 run, $2 epoch, $3 agent, $4 when, $5 beginnings of hour, day and month, $6 before, $7 held, $8 whether the run is on
/// record. How many windows know of it: all six, or none.
const HOLD: &str = "with mine as (
      select 1 from casemate.runs r where r.id = $1 and r.epoch = $2 and r.state = 'running' for share),
    kept as (
      insert into casemate.stretches as s (run_id, epoch, agent, at_ms, begins_ms, before, held)
      select $1, $2, $3, $4, $5, $6, $7 where not $8 or exists (select from mine)
      on conflict (tenant_id, run_id) do update set held = casemate.plus(s.held, excluded.held)
        where s.epoch = excluded.epoch and s.at_ms = excluded.at_ms
      returning 1)
    update casemate.windows w set held = casemate.plus(w.held, $7)
    from kept, (values ('hour', ($5::bigint[])[1]), ('day', ($5::bigint[])[2]), ('month', ($5::bigint[])[3])) as k (span, begins_ms)
    where w.agent in ('', $3) and w.span = k.span and w.begins_ms = k.begins_ms";

impl Db {
    /// Locks the windows of a moment.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn escrow(&self, scope: &Scope, agent: &AgentName, at_ms: u64) -> Result<Escrow, StoreError> {
        let mut tx = self.records_of(scope, Access::Write).await?;
        let name = agent.to_string();
        let rows = tx.records(true, move |conn| {
            Box::pin(async move {
                let spans: Vec<_> = SPANS.iter().map(|(span, _)| span.name().to_owned()).collect();
                let begins: Vec<_> = SPANS.iter().map(|(span, _)| signed(Period::of(*span, at_ms).begins_ms)).collect();
                let lock = || sqlx::query(LOCK).bind(name.clone()).bind(spans.clone()).bind(begins.clone());
                let rows = lock().fetch_all(&mut *conn).await.map_err(SqlError::from_postgres)?;
                // A row for the agent and one for its tenant, of each span.
                if rows.len() == 2 * SPANS.len() {
                    return Ok(rows);
                }
                let make = sqlx::query(MAKE).bind(name.clone()).bind(spans.clone()).bind(begins.clone());
                make.execute(&mut *conn).await.map_err(SqlError::from_postgres)?;
                let first =
                    |kept: Duration| signed(at_ms.saturating_sub(kept.as_millis().try_into().unwrap_or(u64::MAX)));
                let kept: Vec<_> = SPANS.iter().map(|(_, kept)| first(*kept)).collect();
                let forget = sqlx::query(FORGET).bind(spans.clone()).bind(kept);
                forget.execute(&mut *conn).await.map_err(SqlError::from_postgres)?;
                let orphans = sqlx::query(ORPHANS).bind(first(ORPHANED));
                orphans.execute(&mut *conn).await.map_err(SqlError::from_postgres)?;
                lock().fetch_all(conn).await.map_err(SqlError::from_postgres)
            })
        });
        let rows = rows.await?;
        let (mut of_agent, mut of_tenant) = (PerSpan::default(), PerSpan::default());
        for row in &rows {
            let (of, span, used) = used(row).map_err(StoreError::unreachable)?;
            *(if of.is_empty() { &mut of_tenant } else { &mut of_agent }).get_mut(span) = used;
        }
        Ok(Escrow { tx, agent: agent.clone(), at_ms, of_agent, of_tenant })
    }

    /// The stretch that a run left behind, which belongs to this claim from now on.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn adopt_stretch(
        &self,
        scope: &Scope,
        run: RunId,
        epoch: u64,
    ) -> Result<Option<EscrowStretch>, StoreError> {
        let adopt = "update casemate.stretches s set epoch = $2 where run_id = $1
              and exists (select from casemate.runs r where r.id = $1 and r.epoch = $2)
            returning run_id, agent, at_ms, before, held";
        let rows =
            self.in_tenant(scope, Access::Write, sqlx::query(adopt).bind(run.as_uuid()).bind(signed(epoch))).await?;
        rows.first().map(stretch).transpose().map_err(StoreError::unreachable)
    }

    /// Ends a stretch that used so much; whether it was this claim's.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn settle_stretch(
        &self,
        scope: &Scope,
        run: RunId,
        epoch: u64,
        spent: &Amounts,
    ) -> Result<bool, StoreError> {
        let settle = sqlx::query("select casemate.settle($1, $2, $3)");
        let settle = settle.bind(run.as_uuid()).bind(signed(epoch)).bind(listed(spent));
        let rows = self.in_tenant(scope, Access::Write, settle).await?;
        rows.first().map_or(Ok(false), |row| row.try_get(0)).map_err(StoreError::unreachable)
    }

    /// What is gone of the tenant's windows, and what is held of them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn escrowed(&self, scope: &Scope) -> Result<(Vec<EscrowWindow>, Vec<EscrowStretch>), StoreError> {
        let windows = sqlx::query(
            "select agent, span, begins_ms, spent, held from casemate.windows order by agent, span, begins_ms desc limit $1",
        );
        let rows = self.in_tenant(scope, Access::Read, windows.bind(WINDOWS)).await?;
        let windows = rows.iter().map(window).collect::<Result<_, _>>().map_err(StoreError::unreachable)?;
        let stretches = sqlx::query(
            "select run_id, agent, at_ms, before, held from casemate.stretches order by at_ms, run_id limit $1",
        );
        let rows = self.in_tenant(scope, Access::Read, stretches.bind(WINDOWS)).await?;
        Ok((windows, rows.iter().map(stretch).collect::<Result<_, _>>().map_err(StoreError::unreachable)?))
    }
}

impl Escrow {
    /// What is gone or held of the agent's windows.
    #[must_use]
    pub const fn of_agent(&self) -> &PerSpan<Amounts> {
        &self.of_agent
    }

    /// The same of the tenant's.
    #[must_use]
    pub const fn of_tenant(&self) -> &PerSpan<Amounts> {
        &self.of_tenant
    }

    /// Holds so much for a stretch of a run, durably; added to what it holds already, if it does.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when this claim doesn't hold the run any more. One that is not recorded yet is nobody else's.
    pub async fn hold(
        mut self,
        (run, epoch, is_recorded): (RunId, u64, bool),
        before: &Amounts,
        held: &Amounts,
    ) -> Result<(), StoreError> {
        let begins: Vec<_> = [Span::Hour, Span::Day, Span::Month]
            .iter()
            .map(|span| signed(Period::of(*span, self.at_ms).begins_ms))
            .collect();
        let hold = sqlx::query(HOLD)
            .bind(run.as_uuid())
            .bind(signed(epoch))
            .bind(self.agent.to_string())
            .bind(signed(self.at_ms))
            .bind(begins)
            .bind(listed(before))
            .bind(listed(held))
            .bind(is_recorded);
        let known = self.tx.records(true, move |conn| {
            Box::pin(async move { Ok(hold.execute(conn).await.map_err(SqlError::from_postgres)?.rows_affected()) })
        });
        match known.await? {
            0 => {
                self.tx.rollback().await?;
                Err(StoreError::Fenced)
            }
            _ => Ok(self.tx.commit().await?),
        }
    }

    /// Holds nothing.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing is held all the same.
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.tx.rollback().await?)
    }
}

/// The statement by which a run's end settles its stretch, in the same transaction.
pub(crate) fn settlement(run: RunId, epoch: impl std::fmt::Display, spent: &Amounts) -> String {
    let spent = listed(spent).iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    format!("SELECT casemate.settle('{run}', {epoch}, ARRAY[{spent}]::bigint[])")
}

fn used(row: &PgRow) -> Result<(String, Span, Amounts), sqlx::Error> {
    Ok((row.try_get(0)?, span(row.try_get(1)?)?, amounts(&row.try_get::<Vec<i64>, _>(2)?)?))
}

fn window(row: &PgRow) -> Result<EscrowWindow, sqlx::Error> {
    let agent: String = row.try_get(0)?;
    Ok(EscrowWindow {
        agent: if agent.is_empty() { None } else { Some(named(agent)?) },
        span: span(row.try_get(1)?)?,
        begins_ms: unsigned(row.try_get(2)?),
        spent: amounts(&row.try_get::<Vec<i64>, _>(3)?)?,
        held: amounts(&row.try_get::<Vec<i64>, _>(4)?)?,
    })
}

fn stretch(row: &PgRow) -> Result<EscrowStretch, sqlx::Error> {
    Ok(EscrowStretch {
        run: row.try_get::<uuid::Uuid, _>(0)?.into(),
        agent: named(row.try_get(1)?)?,
        at_ms: unsigned(row.try_get(2)?),
        before: amounts(&row.try_get::<Vec<i64>, _>(3)?)?,
        held: amounts(&row.try_get::<Vec<i64>, _>(4)?)?,
    })
}

fn named(agent: String) -> Result<AgentName, sqlx::Error> {
    AgentName::try_from(agent).map_err(|_| strange("agent"))
}

fn span(name: &str) -> Result<Span, sqlx::Error> {
    Span::ALL.into_iter().find(|span| span.name() == name).ok_or_else(|| strange("span"))
}

/// In the order of [`Resource::SUMMED`].
fn listed(amounts: &Amounts) -> Vec<i64> {
    Resource::SUMMED.iter().map(|resource| signed(*amounts.get(*resource))).collect()
}

fn amounts(listed: &[i64]) -> Result<Amounts, sqlx::Error> {
    if listed.len() != Resource::SUMMED.len() {
        return Err(strange("amounts"));
    }
    let mut amounts = Amounts::default();
    for (resource, amount) in Resource::SUMMED.iter().zip(listed) {
        *amounts.get_mut(*resource) = unsigned(*amount);
    }
    Ok(amounts)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn strange(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}
