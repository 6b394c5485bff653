//! Hints of which runs are due, as a scheduler sees them of all tenants, without a claim: ids and places only. It doesn't
//! know whether a hint is still true: whoever claims the run finds out.

use std::time::{Duration, Instant};

use casemate_gate::TenantId;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use crate::error::StoreError;
use crate::session::{Db, Door};

/// How soon a connection for notifications is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// A place in a tenant's queue: all before it, of the same rank, were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Minus the priority.
    pub rank: i16,
    /// The number of the last hint that was taken; 0 for none.
    pub place: i64,
}

/// A tenant that has runs which are due, as far as anybody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub tenant: TenantId,
    /// The ranks at which it has some.
    pub ranks: Vec<i16>,
    /// Its weight beside others, from 1.
    pub weight: u32,
    /// Most of its runs that are held at once, if there is a cap.
    pub concurrency: Option<u32>,
}

/// Jumps from one tenant and rank to the next, instead of reading every hint.
const WAITING: &str = "with recursive found as (
      (select tenant_id, rank from casemate.queue order by tenant_id, rank limit 1)
      union all
      select n.tenant_id, n.rank from found f cross join lateral (
        select q.tenant_id, q.rank from casemate.queue q
        where (q.tenant_id, q.rank) > (f.tenant_id, f.rank) order by q.tenant_id, q.rank limit 1) n)
    select f.tenant_id, array_agg(f.rank order by f.rank), coalesce(s.weight, 1), s.concurrency
    from found f join casemate.tenants t on t.id = f.tenant_id and t.suspended_at is null
      left join casemate.shares s on s.tenant_id = f.tenant_id
    group by f.tenant_id, s.weight, s.concurrency";

impl Db {
    /// Who has runs that are due. First, what has become due by now is moved to its queue.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        let rows = self.host_rows(sqlx::query("select casemate.due()"), Some(sqlx::query(WAITING))).await?;
        let read = |row: &sqlx::postgres::PgRow| {
            let tenant: Uuid = row.try_get(0)?;
            let (weight, cap): (i32, Option<i32>) = (row.try_get(2)?, row.try_get(3)?);
            Ok(Waiting {
                tenant: tenant.into(),
                ranks: row.try_get(1)?,
                weight: u32::try_from(weight).unwrap_or(1),
                concurrency: cap.and_then(|cap| u32::try_from(cap).ok()),
            })
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }

    /// Turns to the next slot of the queue, if it is time. Whether it did.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn turn_queue(&self) -> Result<bool, StoreError> {
        let rows = self.host_rows(sqlx::query("select casemate.turn_queue()"), None).await?;
        rows.first().map_or(Ok(false), |row| row.try_get(0)).map_err(StoreError::unreachable)
    }

    /// Sets what a tenant is given beside others.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn set_share(&self, tenant: TenantId, weight: u32, concurrency: Option<u32>) -> Result<(), StoreError> {
        let set = "insert into casemate.shares (tenant_id, weight, concurrency) values ($1, $2, $3)
            on conflict (tenant_id) do update set weight = excluded.weight, concurrency = excluded.concurrency";
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let set = sqlx::query(set).bind(tenant.as_uuid()).bind(number(weight)).bind(concurrency.map(number));
        self.host_rows(set, None).await.map(drop)
    }

    /// What a tenant is given beside others: its weight and its cap.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn share(&self, tenant: TenantId) -> Result<(u32, Option<u32>), StoreError> {
        let find = "select weight, concurrency from casemate.shares where tenant_id = $1";
        let rows = self.host_rows(sqlx::query(find).bind(tenant.as_uuid()), None).await?;
        let Some(row) = rows.first() else { return Ok((1, None)) };
        let read = || Ok::<(i32, Option<i32>), sqlx::Error>((row.try_get(0)?, row.try_get(1)?));
        let (weight, cap) = read().map_err(StoreError::unreachable)?;
        Ok((u32::try_from(weight).unwrap_or(1), cap.and_then(|cap| u32::try_from(cap).ok())))
    }

    /// Tells whoever listens that a tenant has work. Outside of any transaction that holds rows: the lock that a NOTIFY
    /// takes at its commit is one for the whole database.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn notify(&self, tenant: TenantId) -> Result<(), StoreError> {
        let notify = crate::wire::query(format!("notify casemate_work, '{tenant}'"));
        self.host_rows(notify, None).await.map(drop)
    }

    /// Listens for that. Where a connection of its own can't be had, nothing is ever told: whoever listens polls as well.
    pub async fn listen(&self) -> Listening {
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(self.info().listener());
        let mut listening = Listening { pool, listener: None, tried: Instant::now() };
        listening.connect().await;
        listening
    }

    /// Statements on what the host reads without a claim, each in a transaction of its own; the rows of the last.
    pub(crate) async fn host_rows(
        &self,
        first: sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>,
        then: Option<sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>>,
    ) -> Result<Vec<sqlx::postgres::PgRow>, StoreError> {
        let db = self.clone();
        let rows = self.on_host(async move {
            let mut lease = db.lease(Door::Records).await?;
            let mut rows = first.fetch_all(lease.get()).await?;
            if let Some(then) = then {
                rows = then.fetch_all(lease.get()).await?;
            }
            lease.clean();
            Ok(rows)
        });
        rows.await.map_err(StoreError::unreachable)?.map_err(|error: sqlx::Error| StoreError::unreachable(error))
    }
}

/// Hears of tenants that have work.
pub struct Listening {
    pool: PgPool,
    listener: Option<PgListener>,
    tried: Instant,
}

impl Listening {
    /// Waits until somebody tells of work, or may have told of some. However much was told until then is told at once.
    pub async fn next(&mut self) {
        loop {
            if let Some(listener) = &mut self.listener {
                match listener.recv().await {
                    Ok(_) => {
                        while listener.next_buffered().is_some() {}
                        return;
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the connection for notifications is gone");
                        self.listener = None;
                    }
                }
            }
            tokio::time::sleep_until((self.tried + AGAIN).into()).await;
            self.connect().await;
            if self.listener.is_some() {
                return;
            }
        }
    }

    async fn connect(&mut self) {
        self.tried = Instant::now();
        let connected = async {
            let mut listener = PgListener::connect_with(&self.pool).await?;
            listener.listen("casemate_work").await?;
            Ok::<_, sqlx::Error>(listener)
        };
        match connected.await {
            Ok(listener) => self.listener = Some(listener),
            Err(error) => tracing::debug!(%error, "no connection for notifications"),
        }
    }
}
