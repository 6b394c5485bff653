//! A small pool of one login's connections. Not sqlx's: that one tries every connection on its way back and hands out
//! the one that was idle longest, which costs a round trip and a cold session per transaction (0.2 of 1.2 ms of an
//! append, measured). Here the last one used is the next one taken. It doesn't know what is sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::SqlError;
use super::lease::Lease;
use super::prepared::Prepared;
use crate::wire;

/// Connections of each login. More than the disk can commit at once only makes them wait inside Postgres.
const SIZE: usize = 16;
/// How long a caller waits for a free connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is tried before it is handed out: the server may have been restarted.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// After an error, what an agent's statement may have left on its session is unknown: settings, statements, cursors and
/// locks all go.
const FORGET: &str = "DISCARD ALL";

/// A connection, with what it has prepared for agents.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) conn: PgConnection,
    pub(super) prepared: Prepared,
    /// Whether statements outlive their transaction. Behind a pooler the next one may be on another server connection.
    pub(super) keeps_statements: bool,
}

impl Session {
    /// Opens a transaction with a message whose only row is the answer to its claim.
    pub(super) async fn open(&mut self, message: String) -> Result<(), SqlError> {
        let opened = wire::simple(&mut self.conn, message).await.map_err(SqlError::unavailable)?;
        match opened.first() {
            Some(Some(answer)) if answer == "t" => Ok(()),
            _ => Err(SqlError::Claim),
        }
    }

    /// Ends a transaction in which something went wrong. Behind a pooler the session may be somebody else's right after it,
    /// so what was prepared goes in the same message, and the rest isn't ours.
    pub(super) async fn abandon(&mut self) -> Result<(), sqlx::Error> {
        self.prepared.clear();
        let end = if self.keeps_statements { "ROLLBACK" } else { "ROLLBACK; DEALLOCATE ALL" };
        wire::simple(&mut self.conn, end.to_owned()).await?;
        if self.keeps_statements {
            wire::simple(&mut self.conn, FORGET.to_owned()).await?;
        }
        Ok(())
    }
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Pool {
    options: PgConnectOptions,
    keeps_statements: bool,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Session, Instant)>>,
}

impl Pool {
    pub(super) fn new(options: PgConnectOptions, keeps_statements: bool) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(SIZE));
        Arc::new(Self { options, keeps_statements, permits, idle: Mutex::default() })
    }

    // Held to push or take one connection.
    fn idle(&self) -> MutexGuard<'_, Vec<(Session, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that no transaction is open on.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, sqlx::Error> {
        tokio::time::timeout(ACQUIRE, self.take()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn take(self: &Arc<Self>) -> Result<Lease, sqlx::Error> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        loop {
            let Some((mut session, since)) = self.idle().pop() else { break };
            if since.elapsed() < TRUSTED_IDLE || session.conn.ping().await.is_ok() {
                return Ok(Lease::new(session, permit, self.clone()));
            }
        }
        let conn = self.options.connect().await?;
        let session = Session { conn, prepared: Prepared::default(), keeps_statements: self.keeps_statements };
        Ok(Lease::new(session, permit, self.clone()))
    }

    /// Takes a connection back on which no transaction is open.
    pub(super) fn give(&self, session: Session, permit: OwnedSemaphorePermit) {
        if !self.permits.is_closed() {
            self.idle().push((session, Instant::now()));
        }
        drop(permit);
    }

    /// Closes what is idle, and hands out no more.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for (session, _) in idle {
            drop(session.conn.close().await);
        }
    }
}
