//! A pool's connection while a transaction may be open on it. Only an explicit `clean` gives it back; dropped in any
//! other way, by an error or because its caller went away, it is closed, and Postgres rolls back. It doesn't know what
//! was sent.

use std::sync::Arc;

use sqlx::PgConnection;
use tokio::sync::OwnedSemaphorePermit;

use super::pool::Pool;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Lease {
    conn: PgConnection,
    permit: OwnedSemaphorePermit,
    pool: Arc<Pool>,
}

impl Lease {
    pub(super) const fn new(conn: PgConnection, permit: OwnedSemaphorePermit, pool: Arc<Pool>) -> Self {
        Self { conn, permit, pool }
    }

    /// The connection.
    pub(crate) const fn get(&mut self) -> &mut PgConnection {
        &mut self.conn
    }

    /// Back to the pool: the transaction is known to be over.
    pub(crate) fn clean(self) {
        let Self { conn, permit, pool } = self;
        pool.give(conn, permit);
    }
}
