//! A pool's connection while a transaction may be open on it. Only an explicit `clean` gives it back; dropped in any
//! other way, by an error or because its caller went away, it is closed, and Postgres rolls back. It doesn't know what
//! was sent.

use std::sync::Arc;

use sqlx::PgConnection;
use tokio::sync::OwnedSemaphorePermit;

use super::pool::{Pool, Session};

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Lease {
    session: Session,
    permit: OwnedSemaphorePermit,
    pool: Arc<Pool>,
}

impl Lease {
    pub(super) const fn new(session: Session, permit: OwnedSemaphorePermit, pool: Arc<Pool>) -> Self {
        Self { session, permit, pool }
    }

    /// The connection.
    pub(crate) const fn get(&mut self) -> &mut PgConnection {
        &mut self.session.conn
    }

    /// The connection with what it has prepared.
    pub(super) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Back to the pool: the transaction is known to be over.
    pub(crate) fn clean(self) {
        let Self { session, permit, pool } = self;
        pool.give(session, permit);
    }

    /// Back to the pool after an error after which Postgres still answers; else closed.
    pub(super) async fn recover(mut self) {
        if self.session.abandon().await.is_ok() {
            self.clean();
        }
    }
}
