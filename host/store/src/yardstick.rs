//! What `cargo xtask bench sql` holds the tenant's door against: sqlx with nothing around it, and the transaction that
//! PostgREST makes, whose claims anybody in it can change. Compiled for that benchmark only, here because nothing else
//! may name sqlx. It doesn't know the gates.

use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{Executor, Row};
use uuid::Uuid;

use crate::error::StoreError;
use crate::provision::ConnectInfo;

/// As many connections as the door has.
const SIZE: u32 = 16;

/// Tables with the same rows: `plain` without row-level security, `claimed` under an unsigned claim, `points` under the
/// signed one.
const TABLES: &str = "
    create table public.points (
        id uuid not null, tenant_id uuid not null default app.tenant(), bucket integer not null, name text not null,
        amount integer not null, seen timestamptz not null, primary key (tenant_id, id));
    create index on public.points (tenant_id, bucket);
    create table public.plain (like public.points including all);
    create table public.claimed (like public.points including all);
    insert into public.plain
        select ('00000000-0000-7001-' || lpad(to_hex(t), 4, '0') || '-' || lpad(to_hex(n), 12, '0'))::uuid,
            ('00000000-0000-7000-8000-' || lpad(to_hex(t), 12, '0'))::uuid,
            n / 1000, 'item number ' || n, n, timestamptz '2026-01-01Z' + n * interval '1 s'
        from generate_series(1, 10) t, generate_series(0, 9999) n;
    insert into public.claimed select * from public.plain;
    insert into public.points select * from public.plain;
    alter table public.points enable row level security;
    alter table public.points force row level security;
    create policy tenant_floor on public.points as restrictive to public
        using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
    create policy tenant_rows on public.points to casemate_agent using (true) with check (true);
    alter table public.claimed enable row level security;
    create policy tenant on public.claimed to public
        using (tenant_id = (select (current_setting('request.jwt.claims', true)::json ->> 'tenant_id')::uuid));
    create role yardstick nologin;
    grant yardstick to casemate_migrate;
    grant usage on schema public to yardstick;
    grant select on public.claimed to yardstick;
    analyze public.points; analyze public.plain; analyze public.claimed;";

/// A pool of sqlx's own.
#[derive(Debug, Clone)]
pub struct Yardstick {
    pool: PgPool,
}

impl Yardstick {
    /// Makes the tables and connects.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn new(info: &ConnectInfo) -> Result<Self, StoreError> {
        info.apply_sql(TABLES).await?;
        let options = PgPoolOptions::new().max_connections(SIZE).min_connections(SIZE).test_before_acquire(false);
        let pool = options.connect_with(info.migrate()).await.map_err(StoreError::unreachable)?;
        Ok(Self { pool })
    }

    /// A tenant that has rows: 1 to 10.
    #[must_use]
    pub const fn tenant(number: u64) -> Uuid {
        Uuid::from_u128(0x7000_8000_0000_0000_0000 | number as u128)
    }

    /// One of its rows: 0 to 9,999, a thousand to a bucket.
    #[must_use]
    pub const fn row(tenant: u64, number: u64) -> Uuid {
        Uuid::from_u128(0x7001_0000_0000_0000_0000 | (tenant as u128) << 48 | number as u128)
    }

    /// One prepared query, nothing else. `query` names one of the tables and has the parameters `$1` and `$2`: the tenant
    /// and a key.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn bare(&self, query: &'static str, tenant: Uuid, key: &Key) -> Result<usize, StoreError> {
        let rows = bound(query, tenant, key).fetch_all(&self.pool).await.map_err(StoreError::unreachable)?;
        Ok(rows.iter().map(sqlx::postgres::PgRow::len).sum())
    }

    /// BEGIN; role, claims and search path by `set_config`; the query; COMMIT.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn unsigned(&self, query: &'static str, tenant: Uuid, key: &Key) -> Result<usize, StoreError> {
        let claims = format!(r#"{{"tenant_id":"{tenant}","agent":"bench","run":"{tenant}"}}"#);
        let set = "select set_config('search_path', $1, true), set_config('role', $2, true), \
                   set_config('request.jwt.claims', $3, true), set_config('statement_timeout', '30000', true)";
        let transaction = async {
            let mut tx = self.pool.begin().await?;
            tx.execute(sqlx::query(set).bind("public").bind("yardstick").bind(claims)).await?;
            let rows = bound(query, tenant, key).fetch_all(&mut *tx).await?;
            tx.commit().await?;
            Ok(rows.iter().map(sqlx::postgres::PgRow::len).sum())
        };
        transaction.await.map_err(|error: sqlx::Error| StoreError::unreachable(error))
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    /// One row.
    Id(Uuid),
    /// A thousand.
    Bucket(i64),
}

fn bound(
    query: &'static str,
    tenant: Uuid,
    key: &Key,
) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
    let query = sqlx::query(query).bind(tenant);
    match key {
        Key::Id(id) => query.bind(*id),
        Key::Bucket(bucket) => query.bind(*bucket),
    }
}
