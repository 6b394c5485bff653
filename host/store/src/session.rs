//! The one door to tenants' rows: two pools, and transactions that can only be opened with a `Scope`. All I/O runs on
//! the runtime that connected, whoever asks: a caller may sit on a runtime whose threads are busy with guests. It
//! doesn't know which tables exist.

mod error;
mod kv;
mod lease;
mod pool;
mod statement;
mod transaction;
mod values;

use std::future::Future;
use std::sync::Arc;

use sqlx::Connection;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};

pub use error::SqlError;
pub(crate) use lease::Lease;
use pool::Pool;
use statement::Passed;
pub use transaction::{Access, Door, TenantTx};
pub use values::{Caps, Rows};

use crate::claims::Keyring;
use crate::error::StoreError;
use crate::provision::ConnectInfo;

/// Statements of agents run on the `sql` login. What they may send can't change a session, and this says so once more
/// between any two transactions: no setting, role, prepared statement, cursor or lock outlives one. Behind a pooler it
/// would clean a session that somebody else has by then, so there the first half has to do: settings, roles and
/// prepared statements of the host end with their transaction, and whatever an agent could call that outlives one
/// is closed to it (`tests/pooled.rs`).
const HYGIENE: &str = "discard all";

/// The database, as this start of the host uses it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    runtime: Handle,
    records: Arc<Pool>,
    sql: Arc<Pool>,
    keyring: Keyring,
    passed: Passed,
    info: ConnectInfo,
}

impl Db {
    /// Connects, and gives the database this start's keys; an earlier start's are valid for five more minutes. I/O
    /// stays on the runtime that this is called on.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] or [`StoreError::Keys`].
    pub async fn connect(info: &ConnectInfo) -> Result<Self, StoreError> {
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
        owner.close().await.map_err(StoreError::unreachable)?;
        let runtime = Handle::current();
        let hygiene = (!info.is_pooled()).then_some(HYGIENE);
        Ok(Self(Arc::new(Inner {
            records: Pool::new(info.host(), None, runtime.clone()),
            sql: Pool::new(info.sql(), hygiene, runtime.clone()),
            runtime,
            keyring,
            passed: Passed::default(),
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

    fn passed(&self) -> &Passed {
        &self.0.passed
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
