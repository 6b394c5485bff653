//! A query whose rows are read in pieces. Its rows stay in Postgres and in the socket until they are asked for: the host
//! holds one row at most that found no room in the piece before. It doesn't know who asks.

use std::time::Instant;

use casemate_gate::Value;
use casemate_gate::rls::Scope;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::Either;
use sqlx::postgres::{PgQueryResult, PgRow};
use tokio::sync::{mpsc, oneshot};

use super::Db;
use super::collector::{Caps, Cells, Collector, Rows, names};
use super::error::SqlError;
use super::opening::{Access, Door, Opening};
use super::statement::Statement;
use crate::wire;

/// Most bytes of a row that the host keeps for the next piece.
const ROW: usize = 512 * 1024;

/// What is asked of the task that has the connection.
struct Ask {
    caps: Caps,
    answer: oneshot::Sender<Result<Rows, SqlError>>,
}

/// An open query. Dropped, its connection is closed unless all rows were read, and Postgres told so.
#[derive(Debug)]
pub struct Cursor {
    asks: mpsc::Sender<Ask>,
}

type Results<'c> = BoxStream<'c, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>;

/// How far a query is read.
struct Reading<'c> {
    results: Results<'c>,
    names: Vec<String>,
    /// A row that found no room in the piece before.
    left: Option<Cells>,
    ended: bool,
}

impl Db {
    /// Opens a SELECT or VALUES. What is read is the database as it is now; all has to be read by `deadline`.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn open(
        &self,
        scope: &Scope,
        statement: &str,
        parameters: &[Value],
        deadline: Instant,
    ) -> Result<Cursor, SqlError> {
        let held = self.hold(scope.tenant())?;
        let Opening { message, deadline } = Opening::new(self, scope, Access::Read, Door::Sql, deadline)?;
        let statement = Statement::new(statement, parameters)?;
        let db = self.clone();
        let prepared = self.while_wanted(async move {
            let mut lease = db.lease(Door::Sql).await.map_err(SqlError::unavailable)?;
            let prepared = async {
                lease.session().open(message).await?;
                // Rows are read later, when a plan that is out of date could not be made anew: so it isn't kept.
                statement.prepare(lease.session(), false).await
            };
            match prepared.await {
                Ok(execute) => Ok((lease, execute)),
                Err(error) => {
                    if error.is_recoverable() {
                        lease.recover().await;
                    }
                    Err(error)
                }
            }
        });
        let (mut lease, execute) = prepared.await?;
        let (asks, mut asked) = mpsc::channel::<Ask>(1);
        let reading = async move {
            // Given back with the connection, not before.
            let _held = held;
            let results = wire::stream(&mut lease.session().conn, format!("{execute}; COMMIT"));
            let mut reading = Reading { results, names: Vec::new(), left: None, ended: false };
            while let Some(Ask { caps, mut answer }) = asked.recv().await {
                let piece = tokio::select! {
                    piece = reading.piece(caps) => piece,
                    // Whoever asked is gone: the connection is closed, and Postgres stops.
                    () = answer.closed() => return,
                };
                let failed = piece.is_err();
                if failed {
                    // Before the answer, so that whoever asks once more hears that it is over.
                    asked.close();
                }
                if answer.send(piece).is_err() || failed {
                    return;
                }
            }
            let ended = reading.ended;
            drop(reading);
            if ended {
                lease.clean();
            }
        };
        self.spawn(tokio::time::timeout_at(deadline.into(), reading));
        Ok(Cursor { asks })
    }
}

impl Cursor {
    /// The next rows within the caps; none once all were read.
    ///
    /// # Errors
    /// See [`SqlError`]; the query is over then. [`SqlError::TooManyBytes`] for a single row that is larger than the cap.
    pub async fn next(&mut self, caps: Caps) -> Result<Rows, SqlError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask { caps, answer }).await.map_err(|_| SqlError::Over)?;
        answered.await.unwrap_or(Err(SqlError::Deadline))
    }
}

impl Reading<'_> {
    async fn piece(&mut self, caps: Caps) -> Result<Rows, SqlError> {
        let mut collector = Collector::new(caps);
        let too_large = || SqlError::TooManyBytes { limit: caps.bytes };
        if let Some(row) = self.left.take()
            && collector.put(row).is_some()
        {
            return Err(too_large());
        }
        while !collector.is_full() && !self.ended {
            match self.results.try_next().await.map_err(SqlError::from_postgres)? {
                Some(Either::Left(_)) => {}
                Some(Either::Right(row)) => {
                    if self.names.is_empty() {
                        self.names = names(&row);
                    }
                    self.left = collector.put(Cells::of(&row, caps.bytes.max(ROW))?);
                    if self.left.is_some() {
                        break;
                    }
                }
                None => self.ended = true,
            }
        }
        let mut rows = collector.rows;
        match (rows.rows.is_empty(), &self.left) {
            (true, Some(_)) => return Err(too_large()),
            (true, None) => {}
            (false, _) => rows.columns.clone_from(&self.names),
        }
        Ok(rows)
    }
}
