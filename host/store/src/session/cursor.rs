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

use super::collector::{Caps, Cells, Collector, Rows};
use super::error::SqlError;
use super::opening::{Access, Door, Opening};
use super::statement::Statement;
use super::{Db, Held};
use crate::wire;

/// What is asked of the task that has the connection.
struct Ask {
    caps: Caps,
    answer: oneshot::Sender<Result<Rows, SqlError>>,
}

/// An open query. Dropped, its connection is closed unless all rows were read, and Postgres told so.
#[derive(Debug)]
pub struct Cursor {
    asks: mpsc::Sender<Ask>,
    _held: Held,
}

type Results<'c> = BoxStream<'c, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>;

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
                statement.prepare(lease.session()).await
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
            let mut ended = false;
            let mut results = wire::stream(&mut lease.session().conn, format!("{execute}; COMMIT"));
            let mut left = None;
            while let Some(Ask { caps, answer }) = asked.recv().await {
                let piece =
                    if ended { Ok(Rows::default()) } else { piece(&mut results, &mut left, caps, &mut ended).await };
                let failed = piece.is_err();
                // A guest that is gone asks no more.
                let _gone = answer.send(piece);
                if failed {
                    return;
                }
            }
            drop(results);
            if ended {
                lease.clean();
            }
        };
        self.spawn(tokio::time::timeout_at(deadline.into(), reading));
        Ok(Cursor { asks, _held: held })
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

async fn piece(
    results: &mut Results<'_>,
    left: &mut Option<Cells>,
    caps: Caps,
    ended: &mut bool,
) -> Result<Rows, SqlError> {
    let mut collector = Collector::new(caps);
    if let Some(row) = left.take()
        && collector.put(row).is_some()
    {
        return Err(SqlError::TooManyBytes { limit: caps.bytes });
    }
    while !collector.is_full() {
        match results.try_next().await.map_err(SqlError::from_postgres)? {
            Some(Either::Left(_)) => {}
            Some(Either::Right(row)) => {
                if let Some(row) = collector.put(Cells::of(&row, caps.bytes.max(ROW))?) {
                    if collector.rows.rows.is_empty() {
                        return Err(SqlError::TooManyBytes { limit: caps.bytes });
                    }
                    *left = Some(row);
                    break;
                }
            }
            None => {
                *ended = true;
                break;
            }
        }
    }
    Ok(collector.rows)
}

/// Most bytes of a row that the host keeps for the next piece.
const ROW: usize = 512 * 1024;
