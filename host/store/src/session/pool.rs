//! A small pool of one login's connections. Not sqlx's: that one tries every connection on its way back and hands out
//! the one that was idle longest, which costs a round trip and a cold session per transaction (0.2 of 1.2 ms of an
//! append, measured). Here the last one used is the next one taken. It doesn't know what is sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::lease::Lease;
use crate::wire;

/// Connections of each login. More than the disk can commit at once only makes them wait inside Postgres.
const SIZE: usize = 16;
/// How long a caller waits for a free connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is tried before it is handed out: the server may have been restarted.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// See the file's head.
#[derive(Debug)]
pub(super) struct Pool {
    options: PgConnectOptions,
    /// Sent between two transactions, if the login needs it.
    hygiene: Option<&'static str>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(PgConnection, Instant)>>,
    runtime: Handle,
}

impl Pool {
    pub(super) fn new(options: PgConnectOptions, hygiene: Option<&'static str>, runtime: Handle) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(SIZE));
        Arc::new(Self { options, hygiene, permits, idle: Mutex::default(), runtime })
    }

    // Held to push or take one connection.
    fn idle(&self) -> MutexGuard<'_, Vec<(PgConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that no transaction is open on.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, sqlx::Error> {
        tokio::time::timeout(ACQUIRE, self.take()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn take(self: &Arc<Self>) -> Result<Lease, sqlx::Error> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        loop {
            let Some((mut conn, since)) = self.idle().pop() else { break };
            if since.elapsed() < TRUSTED_IDLE || conn.ping().await.is_ok() {
                return Ok(Lease::new(conn, permit, self.clone()));
            }
        }
        Ok(Lease::new(self.options.connect().await?, permit, self.clone()))
    }

    /// Takes a connection back; one that can't be made clean is closed.
    pub(super) fn give(self: &Arc<Self>, mut conn: PgConnection, permit: OwnedSemaphorePermit) {
        match self.hygiene {
            None => self.idle().push((conn, Instant::now())),
            Some(message) => {
                let pool = self.clone();
                self.runtime.spawn(async move {
                    if wire::simple(&mut conn, message.to_owned()).await.is_ok() && !pool.permits.is_closed() {
                        pool.idle().push((conn, Instant::now()));
                    }
                    drop(permit);
                });
            }
        }
    }

    /// Closes what is idle, and hands out no more.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for (conn, _) in idle {
            drop(conn.close().await);
        }
    }
}
