//! Which hosts there are on this Postgres, and how long each is believed to be up, by the database's clock alone. A host that
//! isn't seen for longer than its lease loses what it held: whoever claims a run of it next raises the run's epoch. It
//! doesn't know what a host does about its own lease.

use std::time::Duration;

use casemate_gate::{RunId, TenantId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::error::StoreError;
use crate::session::Db;

/// Most runs that are taken from lost hosts at once.
const LOST: i64 = 10_000;

/// A host, as it registers.
#[derive(Debug, Clone)]
pub struct NewHost {
    /// Its id, which stays the same over its starts.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Version of its program.
    pub version: String,
    /// Most runs that it holds at once.
    pub slots: u32,
}

/// A host, as others see it.
#[derive(Debug, Clone)]
pub struct HostRecord {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Version of its program.
    pub version: String,
    /// Most runs that it holds at once.
    pub slots: u32,
    /// How many it holds.
    pub running: u32,
    /// Whether it takes no more.
    pub is_draining: bool,
    /// Whether its lease is over.
    pub is_lost: bool,
    /// When it was last seen, before now.
    pub seen: Duration,
    /// How long it is up.
    pub up: Duration,
}

/// A run that a lost host held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orphan {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub run: RunId,
    /// Who held it.
    pub host: Uuid,
}

impl Db {
    /// Registers a host whose lease lasts so long, and returns the number of this start, by which it is known from now on.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn register_host(&self, host: NewHost, lease: Duration) -> Result<i64, StoreError> {
        let register = "insert into casemate.hosts as h (id, name, version, start, slots, expires_at)
            values ($1, $2, $3, 1, $4, now() + make_interval(secs => $5))
            on conflict (id) do update set name = excluded.name, version = excluded.version, start = h.start + 1,
              slots = excluded.slots, running = 0, draining = false, started_at = now(), seen_at = now(),
              expires_at = excluded.expires_at
            returning start";
        let register = sqlx::query(register)
            .bind(host.id)
            .bind(host.name)
            .bind(host.version)
            .bind(i32::try_from(host.slots).unwrap_or(i32::MAX))
            .bind(lease.as_secs_f64());
        // Those that nobody has heard of for so long that nobody will.
        let forget = "delete from casemate.hosts h where expires_at < now() - interval '7 days'
            and not exists (select from casemate.leases l where l.host = h.id)";
        let rows = self.host_rows(sqlx::query(forget), Some(register)).await?;
        rows.first().ok_or(StoreError::Fenced)?.try_get(0).map_err(StoreError::unreachable)
    }

    /// Says how many runs a host takes at once.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn offer_slots(&self, id: Uuid, slots: u32) -> Result<(), StoreError> {
        let offer = "update casemate.hosts set slots = $2 where id = $1";
        let slots = i32::try_from(slots).unwrap_or(i32::MAX);
        self.host_rows(sqlx::query(offer).bind(id).bind(slots), None).await.map(drop)
    }

    /// Renews a host's lease. `false` when it was given up: it holds nothing any more.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn renew_host(
        &self,
        id: Uuid,
        start: i64,
        lease: Duration,
        running: u32,
        is_draining: bool,
    ) -> Result<bool, StoreError> {
        // One whose lease is over may have been seen so: what it held may be somebody else's by now.
        let renew = "update casemate.hosts
            set seen_at = now(), expires_at = now() + make_interval(secs => $3), running = $4, draining = $5
            where id = $1 and start = $2 and expires_at > now() returning 1";
        let renew = sqlx::query(renew)
            .bind(id)
            .bind(start)
            .bind(lease.as_secs_f64())
            .bind(i32::try_from(running).unwrap_or(i32::MAX))
            .bind(is_draining);
        Ok(!self.host_rows(renew, None).await?.is_empty())
    }

    /// Takes a host off the list that holds nothing any more.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn leave(&self, id: Uuid, start: i64) -> Result<(), StoreError> {
        let leave = "delete from casemate.hosts h where id = $1 and start = $2
            and not exists (select from casemate.leases l where l.host = h.id)";
        self.host_rows(sqlx::query(leave).bind(id).bind(start), None).await.map(drop)
    }

    /// All hosts by name.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        let list = "select id, name, version, slots, running, draining, expires_at <= now(),
              (extract(epoch from now() - seen_at) * 1000)::bigint, (extract(epoch from now() - started_at) * 1000)::bigint
            from casemate.hosts order by name, id limit 10000";
        let rows = self.host_rows(sqlx::query(list), None).await?;
        let read = |row: &PgRow| {
            let number = |at: usize| row.try_get::<i32, _>(at).map(|number| u32::try_from(number).unwrap_or_default());
            let time = |at: usize| {
                row.try_get::<i64, _>(at).map(|number| Duration::from_millis(u64::try_from(number).unwrap_or_default()))
            };
            Ok(HostRecord {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                version: row.try_get(2)?,
                slots: number(3)?,
                running: number(4)?,
                is_draining: row.try_get(5)?,
                is_lost: row.try_get(6)?,
                seen: time(7)?,
                up: time(8)?,
            })
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }

    /// Runs that are held by hosts whose lease is over, or by this one from before its present start.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn orphans(&self, of: Option<Uuid>) -> Result<Vec<Orphan>, StoreError> {
        let find = "select l.tenant_id, l.run_id, l.host from casemate.leases l
            where case when $1::uuid is null
              then not exists (select from casemate.hosts h where h.id = l.host and h.expires_at > now()) else l.host = $1 end
            order by l.tenant_id limit $2";
        let rows = self.host_rows(sqlx::query(find).bind(of).bind(LOST), None).await?;
        let read = |row: &PgRow| {
            let (tenant, run): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
            Ok(Orphan { tenant: tenant.into(), run: run.into(), host: row.try_get(2)? })
        };
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }
}
