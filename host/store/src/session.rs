//! The one door to tenants' rows: two pools, and transactions that can only be opened with a `Scope`. All I/O runs on
//! the runtime that connected, whoever asks: a caller may sit on a runtime whose threads are busy with guests. It
//! doesn't know which tables exist.

mod array;
mod collector;
mod cursor;
mod error;
mod held;
mod kv;
mod lease;
mod once;
mod opening;
mod pool;
mod prepared;
mod statement;
mod transaction;
mod values;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::TenantId;
use casemate_gate::rls::Scope;
use sqlx::Connection;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};

pub use collector::{Caps, Rows};
pub use cursor::Cursor;
pub use error::SqlError;
use held::{Held, Holders};
pub(crate) use lease::Lease;
pub use once::DROPPED;
pub use opening::{Access, Door};
use pool::Pool;
pub use transaction::TenantTx;

use crate::claims::Keyring;
use crate::error::StoreError;
use crate::provision::ConnectInfo;

/// The database, as this start of the host uses it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    runtime: Handle,
    records: Arc<Pool>,
    sql: Arc<Pool>,
    keyring: Keyring,
    holders: Arc<Holders>,
    /// When each agents' role was last made what it should be.
    roles: tokio::sync::Mutex<HashMap<String, Instant>>,
    info: ConnectInfo,
}

impl Db {
    /// Connects, and gives the database this start's keys; an earlier start's are valid for five more minutes. I/O
    /// stays on the runtime that this is called on.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] or [`StoreError::Keys`].
    pub async fn connect(info: &ConnectInfo) -> Result<Self, StoreError> {
        Self::connect_for(info, None).await
    }

    /// The same for a process that is no host: its keys are valid for an hour.
    ///
    /// # Errors
    /// As [`Db::connect`].
    pub async fn visit(info: &ConnectInfo) -> Result<Self, StoreError> {
        Self::connect_for(info, Some(Duration::from_secs(3600))).await
    }

    async fn connect_for(info: &ConnectInfo, lifetime: Option<Duration>) -> Result<Self, StoreError> {
        let keyring = Keyring::generate()?;
        let mut owner = info.owner().await?;
        let rotated = sqlx::query("select app.rotate($1, $2, $3, $4)")
            .bind(info.host_name())
            .bind(keyring.id())
            .bind(keyring.claims_key())
            .bind(keyring.journal_key())
            .execute(&mut owner)
            .await;
        rotated.map_err(StoreError::unreachable)?;
        if let Some(lifetime) = lifetime {
            let end = "update app.keys set not_after = clock_timestamp() + make_interval(secs => $2) where id = $1";
            let ended = sqlx::query(end).bind(keyring.id()).bind(lifetime.as_secs_f64()).execute(&mut owner).await;
            ended.map_err(StoreError::unreachable)?;
        }
        owner.close().await.map_err(StoreError::unreachable)?;
        let runtime = Handle::current();
        Ok(Self(Arc::new(Inner {
            records: Pool::new(info.host(), false),
            // Behind a pooler the next transaction may be on another server connection: nothing is kept for it.
            sql: Pool::new(info.sql(), !info.is_pooled()),
            runtime,
            keyring,
            holders: Arc::default(),
            roles: tokio::sync::Mutex::default(),
            info: info.clone(),
        })))
    }

    /// How the logins reach the database.
    #[must_use]
    pub fn info(&self) -> &ConnectInfo {
        &self.0.info
    }

    /// Closes idle connections and hands out no more.
    pub async fn close(&self) {
        self.0.records.close().await;
        self.0.sql.close().await;
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    pub(crate) fn known_roles(&self) -> &tokio::sync::Mutex<HashMap<String, Instant>> {
        &self.0.roles
    }

    /// Leave to keep a connection between calls.
    fn hold(&self, tenant: TenantId) -> Result<Held, SqlError> {
        self.0.holders.hold(tenant)
    }

    /// A connection of one login, not yet in a transaction.
    pub(crate) async fn lease(&self, door: Door) -> Result<Lease, sqlx::Error> {
        match door {
            Door::Records => self.0.records.lease().await,
            Door::Sql => self.0.sql.lease().await,
        }
    }

    /// Runs I/O on the host's runtime, to its end even if the caller goes away: for what must not stop in the middle.
    pub(crate) async fn on_host<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, JoinError> {
        self.0.runtime.spawn(work).await
    }

    /// Work that goes on by itself.
    fn spawn(&self, work: impl Future<Output: Send> + Send + 'static) {
        self.0.runtime.spawn(work);
    }

    /// The same, but given up with the caller: what it held is dropped, a connection closed, and its server told so.
    pub(crate) async fn while_wanted<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, SqlError>> + Send + 'static,
    ) -> Result<T, SqlError> {
        let mut task = JoinSet::new();
        task.spawn_on(work, &self.0.runtime);
        match task.join_next().await {
            Some(joined) => joined.map_err(SqlError::unavailable)?,
            None => Err(SqlError::Over),
        }
    }
}

/// Everything that opens a transaction, as statements of a message.
pub(crate) fn opening(db: &Db, scope: &Scope, access: Access, door: Door, left: Duration) -> Result<String, SqlError> {
    opening::message(db, scope, access, door, left)
}
