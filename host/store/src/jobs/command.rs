//! What is done to jobs that were accepted, by people, by schedulers and by whoever holds them: the row is locked, the command
//! is put to `casemate-jobs`, and what it says is written, in one transaction. Whoever held the run is fenced out by its
//! epoch, so that nothing of it comes to be after the answer. It doesn't know who may do it.

use std::time::Duration;

use casemate_gate::RunId;
use casemate_gate::rls::Scope;
use casemate_jobs::{Cause, Command, Job, State, Transition, Wake};
use uuid::Uuid;

use super::approvals::Question;
use super::row::{self, Locked, Which, Written};
use crate::error::StoreError;
use crate::session::{Access, Db, SqlError};

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The run whose row it is.
    pub run: RunId,
    /// The row from now on.
    pub job: Job,
    /// The database's time, in milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: u64,
}

impl Db {
    /// Puts a command to a job. One that makes a new attempt is not for this: see [`Db::end_run`] and [`Db::submit`].
    ///
    /// # Errors
    /// [`StoreError::NoRun`]; [`StoreError::Job`] when its state doesn't take the command.
    pub async fn command(&self, scope: &Scope, job: RunId, command: Command) -> Result<Applied, StoreError> {
        let applied = self.commands(scope, Which::Job(job.as_uuid()), move |_| command).await?;
        applied.into_iter().next().ok_or(StoreError::NoRun)?
    }

    /// Lets go of a run until a time or an event; one that has happened already makes it ready at once. `running` is its time
    /// in guests and gates until now. `question` is what the event is the answer to, where somebody has to be asked.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it isn't held under this epoch any more.
    pub async fn park(
        &self,
        scope: &Scope,
        run: RunId,
        epoch: u64,
        wake: Wake,
        running: Duration,
        question: Option<Question>,
    ) -> Result<Applied, StoreError> {
        let mut tx = self.records_of(scope, Access::Write).await?;
        let parked = tx.records(true, move |conn| {
            Box::pin(async move {
                let asked = question.as_ref().map(|_| run.as_uuid());
                let happened = match wake.event {
                    None => false,
                    Some(event) => {
                        let known = "insert into casemate.events (id, run_id) values ($1, $2) on conflict do nothing";
                        let known = sqlx::query(known).bind(event).bind(asked).execute(&mut *conn);
                        known.await.map_err(SqlError::from_postgres)?;
                        let find = "select happened_at is not null from casemate.events where id = $1 for update";
                        sqlx::query_scalar(find)
                            .bind(event)
                            .fetch_one(&mut *conn)
                            .await
                            .map_err(SqlError::from_postgres)?
                    }
                };
                if let Some(question) = question {
                    question.keep(conn, run).await?;
                }
                let parked =
                    put(conn, Which::Runs(vec![run.as_uuid()]), &|_| Command::Park { epoch, wake, happened }).await?;
                if matches!(parked.first(), Some(Ok(_))) {
                    let note = "update casemate.runs set running_ms = $2 where id = $1";
                    let running = i64::try_from(running.as_millis()).unwrap_or(i64::MAX);
                    let note = sqlx::query(note).bind(run.as_uuid()).bind(running);
                    note.execute(conn).await.map_err(SqlError::from_postgres)?;
                }
                Ok(parked)
            })
        });
        let parked = parked.await?;
        tx.commit().await?;
        match parked.into_iter().next() {
            Some(Ok(applied)) => Ok(applied),
            _ => Err(StoreError::Fenced),
        }
    }

    /// Has an event happen, and wakes whoever waits for it. `false` when it had happened before: then nothing is changed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn happen(&self, scope: &Scope, event: Uuid, content: Vec<u8>) -> Result<bool, StoreError> {
        let mut tx = self.records_of(scope, Access::Write).await?;
        let happened = tx.records(true, move |conn| {
            Box::pin(async move {
                let known = "insert into casemate.events (id) values ($1) on conflict do nothing";
                sqlx::query(known).bind(event).execute(&mut *conn).await.map_err(SqlError::from_postgres)?;
                let happen = "update casemate.events set happened_at = now(), content = $2
                    where id = $1 and happened_at is null";
                let done = sqlx::query(happen).bind(event).bind(content).execute(&mut *conn).await;
                if done.map_err(SqlError::from_postgres)?.rows_affected() == 0 {
                    return Ok(false);
                }
                put(conn, Which::Event(event), &|_| Command::Wake(Cause::Event(event))).await?;
                Ok(true)
            })
        });
        let happened = happened.await?;
        tx.commit().await?;
        Ok(happened)
    }

    /// Takes runs of the scope's tenant from a host that was lost, so that they can be claimed: how many there were. Nothing
    /// is appended by that host to them from here on.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn lose(&self, scope: &Scope, host: Uuid, runs: Vec<RunId>) -> Result<usize, StoreError> {
        let runs = runs.iter().map(RunId::as_uuid).collect();
        // One that is another's by now is left alone.
        let lost = move |locked: &Locked| Command::Lose {
            epoch: if locked.host == Some(host) { locked.job.epoch } else { u64::MAX },
        };
        let lost = self.commands(scope, Which::Runs(runs), lost).await?;
        Ok(lost.iter().filter(|lost| lost.is_ok()).count())
    }

    async fn commands(
        &self,
        scope: &Scope,
        which: Which,
        command: impl Fn(&Locked) -> Command + Send + Sync + 'static,
    ) -> Result<Vec<Result<Applied, StoreError>>, StoreError> {
        let mut tx = self.records_of(scope, Access::Write).await?;
        let done = tx.records(true, move |conn| Box::pin(async move { put(conn, which, &command).await }));
        let done = done.await?;
        tx.commit().await?;
        Ok(done.into_iter().map(|applied| applied.map_err(StoreError::Job)).collect())
    }
}

pub(super) type Put = Vec<Result<Applied, casemate_jobs::Refused>>;

pub(super) async fn put(
    conn: &mut sqlx::PgConnection,
    which: Which,
    command: &(dyn Fn(&Locked) -> Command + Send + Sync),
) -> Result<Put, SqlError> {
    let locked = row::lock(conn, which).await?;
    let (mut written, mut done) = (Vec::new(), Vec::new());
    for locked in locked {
        let command = command(&locked);
        match locked.job.apply(command, locked.now_ms) {
            Ok(Transition { job, .. }) => {
                written.push(after(&locked, job, matches!(command, Command::Park { .. })));
                done.push(Ok(Applied { run: locked.run, job, now_ms: locked.now_ms }));
            }
            Err(refused) => done.push(Err(refused)),
        }
    }
    row::write(conn, &written).await?;
    Ok(done)
}

/// The row after a command: nobody holds what is not running, and what was taken from somebody has to be looked after.
fn after(locked: &Locked, job: Job, is_parked: bool) -> Written {
    let was_held = locked.job.state == State::Running;
    let is_held = job.state == State::Running && job.epoch == locked.job.epoch;
    let host = if is_held { locked.host } else { None };
    let lost_by = match (was_held && !is_held, is_parked) {
        // Who parks has everything on record.
        (true, true) => None,
        (true, false) => locked.host,
        (false, _) => locked.lost_by,
    };
    Written { run: locked.run, job, host, lost_by }
}
