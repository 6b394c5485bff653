//! Tenants by name. The directory holds no tenant's data, so it is read without a claim. It doesn't know what a
//! suspended tenant's runs do about it; the identity gate does.

mod export;
pub(crate) mod keeper;
mod tables;

use casemate_gate::TenantId;
use sqlx::Row;
use uuid::Uuid;

use crate::error::{StoreError, sqlstate};
use crate::session::{Db, Door};
pub use export::{Piece, TableHead};
pub use keeper::Erasure;

/// Most tenants that are listed at once.
const LISTED: i64 = 10_000;

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, unique.
    pub name: String,
    /// Whether its runs are refused.
    pub suspended: bool,
}

impl Db {
    /// Adds a tenant.
    ///
    /// # Errors
    /// [`StoreError::TenantExists`], [`StoreError::TenantName`].
    pub async fn add_tenant(&self, name: &str) -> Result<TenantId, StoreError> {
        let id = Uuid::now_v7();
        let add = "insert into casemate.tenants (id, name) values ($1, $2) returning id, name, false";
        self.directory(sqlx::query(add).bind(id).bind(name.to_owned())).await?;
        Ok(TenantId::from(id))
    }

    /// Makes the directory agree with a host's own list: adds the tenant if it isn't there. Returns it as it is there.
    ///
    /// # Errors
    /// [`StoreError::TenantExists`] when the name is another tenant's, [`StoreError::TenantName`].
    pub async fn ensure_tenant(&self, id: TenantId, name: &str) -> Result<Tenant, StoreError> {
        if let Some(tenant) = self.tenant_by_name(name).await?.filter(|tenant| tenant.id == id) {
            return Ok(tenant);
        }
        let add = "insert into casemate.tenants (id, name) values ($1, $2) returning id, name, false";
        let added = self.directory(sqlx::query(add).bind(id.as_uuid()).bind(name.to_owned())).await?.pop();
        added.ok_or(StoreError::NoTenant(id))
    }

    /// The tenant with this name.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        let find = "select id, name, suspended_at is not null from casemate.tenants where name = $1";
        Ok(self.directory(sqlx::query(find).bind(name.to_owned())).await?.pop())
    }

    /// All tenants by name.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn list_tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let list = "select id, name, suspended_at is not null from casemate.tenants order by name limit $1";
        self.directory(sqlx::query(list).bind(LISTED)).await
    }

    /// Suspends a tenant, or lets it work again. The caller revokes its running agents.
    ///
    /// # Errors
    /// [`StoreError::NoTenant`].
    pub async fn suspend_tenant(&self, tenant: TenantId, suspended: bool) -> Result<(), StoreError> {
        let suspend = "update casemate.tenants
            set suspended_at = case when $2 then coalesce(suspended_at, now()) end
            where id = $1 returning id, name, suspended_at is not null";
        let found = self.directory(sqlx::query(suspend).bind(tenant.as_uuid()).bind(suspended)).await?;
        if found.is_empty() { Err(StoreError::NoTenant(tenant)) } else { Ok(()) }
    }

    async fn directory(
        &self,
        query: sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>,
    ) -> Result<Vec<Tenant>, StoreError> {
        let db = self.clone();
        let rows = self.on_host(async move {
            let mut lease = db.lease(Door::Records).await?;
            let rows = query.fetch_all(lease.get()).await?;
            lease.clean();
            Ok(rows)
        });
        let rows = rows.await.map_err(StoreError::unreachable)?.map_err(|error: sqlx::Error| {
            match sqlstate(&error).as_deref() {
                Some("23505") => StoreError::TenantExists,
                Some("23514") => StoreError::TenantName,
                _ => StoreError::unreachable(error),
            }
        })?;
        let tenant = |row: &sqlx::postgres::PgRow| {
            let id: Uuid = row.try_get(0)?;
            Ok(Tenant { id: TenantId::from(id), name: row.try_get(1)?, suspended: row.try_get(2)? })
        };
        rows.iter().map(tenant).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }
}
