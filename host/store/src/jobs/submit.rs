//! Accepting jobs: their first runs, and the beginnings of their journals, in one transaction. The same key with the same
//! request is the same job. It doesn't know who reads the queue.

use std::time::SystemTime;

use casemate_gate::RunId;
use casemate_gate::job::{NewJob, NewRun, Terms};
use casemate_gate::rls::Scope;
use casemate_jobs::Refused;
use sqlx::Row as _;
use uuid::Uuid;

use super::seconds;
use crate::claims::Keyring;
use crate::error::StoreError;
use crate::session::{Access, Db, SqlError};
use crate::wire;

/// Postgres's "unique violation".
const TAKEN: &str = "23505";
/// Most jobs of one submission.
const JOBS: usize = 1000;

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// A new job.
    New(RunId),
    /// The job that had this key already.
    Known(RunId),
}

impl Submitted {
    /// The job.
    #[must_use]
    pub const fn job(self) -> RunId {
        match self {
            Self::New(job) | Self::Known(job) => job,
        }
    }
}

impl Db {
    /// Accepts jobs of one tenant, all or none: they are durable on return. Schedulers aren't told yet.
    ///
    /// # Errors
    /// [`StoreError::KeyTaken`] when a key is another request's, [`StoreError::TooMany`]; [`StoreError::Job`] for an attempt that
    /// there is already.
    pub async fn submit(&self, scope: &Scope, jobs: Vec<NewJob>) -> Result<Vec<Submitted>, StoreError> {
        if jobs.len() > JOBS {
            return Err(StoreError::TooMany { limit: JOBS });
        }
        let insert = Insert::of(&jobs);
        let starts: Vec<_> = jobs.iter().map(|job| (job.run.id.as_uuid(), job.start.sealed.clone())).collect();
        let keyring = self.clone();
        let tenant = scope.tenant();
        let keys: Vec<_> = jobs.iter().filter_map(|job| job.terms.key.as_ref().map(|(key, _)| key.clone())).collect();
        let mut tx = self.records_of(scope, Access::Write).await?;
        let done = tx.records(true, move |conn| {
            Box::pin(async move {
                let inserted = insert.query().fetch_all(&mut *conn).await.map_err(SqlError::from_postgres)?;
                let inserted: std::collections::HashSet<Uuid> = inserted
                    .iter()
                    .map(|row| row.try_get(0))
                    .collect::<Result<_, _>>()
                    .map_err(SqlError::unavailable)?;
                let starts: Vec<_> = starts.into_iter().filter(|(run, _)| inserted.contains(run)).collect();
                if !starts.is_empty() {
                    let (runs, frames): (Vec<Uuid>, Vec<Vec<u8>>) = starts.into_iter().unzip();
                    let tag = keyring.keyring().begin_tag(&tenant.to_string(), &runs, &frames);
                    sqlx::query("select casemate.journal_begin($1, $2, $3, $4)")
                        .bind(keyring.keyring().id().to_owned())
                        .bind(runs)
                        .bind(frames)
                        .bind(tag.to_vec())
                        .execute(&mut *conn)
                        .await
                        .map_err(SqlError::from_postgres)?;
                }
                let known = "select idempotency_key, request_digest, job_id from casemate.runs
                    where idempotency_key = any($1)";
                let known = match keys.is_empty() {
                    true => Vec::new(),
                    false => sqlx::query(known).bind(keys).fetch_all(conn).await.map_err(SqlError::from_postgres)?,
                };
                let known = known.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))));
                let known = known.collect::<Result<Known, sqlx::Error>>().map_err(SqlError::unavailable)?;
                Ok((inserted, known))
            })
        });
        let (inserted, known) = match done.await {
            // Of a job's attempts, somebody else has made this one.
            Err(SqlError::Refused { sqlstate, .. }) if sqlstate == TAKEN => {
                return Err(StoreError::Job(Refused::NotFailed));
            }
            done => done?,
        };
        let judged = jobs.iter().map(|job| judge(job, &inserted, &known)).collect::<Result<Vec<_>, _>>();
        match judged {
            Ok(submitted) => {
                tx.commit().await?;
                Ok(submitted)
            }
            Err(error) => {
                tx.rollback().await?;
                Err(error)
            }
        }
    }
}

/// Jobs by key: digest of the request, and the job.
type Known = std::collections::HashMap<String, (Vec<u8>, Uuid)>;

fn judge(job: &NewJob, inserted: &std::collections::HashSet<Uuid>, known: &Known) -> Result<Submitted, StoreError> {
    let id = job.run.id;
    if inserted.contains(&id.as_uuid()) {
        return Ok(Submitted::New(job.terms.job.unwrap_or(id)));
    }
    let (key, asked) = job.terms.key.as_ref().ok_or(StoreError::Fenced)?;
    match known.get(key) {
        Some((digest, job)) if digest.as_slice() == asked.as_bytes() => Ok(Submitted::Known((*job).into())),
        _ => Err(StoreError::KeyTaken { key: key.clone() }),
    }
}

/// The columns of many runs.
#[derive(Default)]
struct Insert {
    ids: Vec<Uuid>,
    agents: Vec<String>,
    components: Vec<Vec<u8>>,
    policies: Vec<Vec<u8>>,
    keys: Vec<Vec<u8>>,
    jobs: Vec<Uuid>,
    attempt: Vec<i32>,
    attempts: Vec<i32>,
    backoff: Vec<i64>,
    names: Vec<Option<String>>,
    digests: Vec<Option<Vec<u8>>>,
    priorities: Vec<i16>,
    not_before: Vec<Option<f64>>,
    deadlines: Vec<Option<f64>>,
}

/// $1 to $14: the columns.
const INSERT: &str = "insert into casemate.runs (id, agent, component_digest, policy_digest, wrapped_key, job_id, attempt,
        attempts, backoff_ms, idempotency_key, request_digest, priority, not_before, deadline)
    select id, agent, component, policy, key, job, attempt, attempts, backoff, name, digest, priority,
        coalesce(to_timestamp(not_before), now()), to_timestamp(deadline)
    from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::uuid[], $7::int[], $8::int[],
        $9::bigint[], $10::text[], $11::bytea[], $12::smallint[], $13::float8[], $14::float8[])
      as n (id, agent, component, policy, key, job, attempt, attempts, backoff, name, digest, priority, not_before, deadline)
    on conflict (tenant_id, idempotency_key) where idempotency_key is not null do nothing
    returning id";

impl Insert {
    fn of(jobs: &[NewJob]) -> Self {
        let mut insert = Self::default();
        for NewJob { run, terms, .. } in jobs {
            insert.push(run, terms);
        }
        insert
    }

    fn push(&mut self, run: &NewRun, terms: &Terms) {
        self.ids.push(run.id.as_uuid());
        self.agents.push(String::from(run.agent.clone()));
        self.components.push(run.component.as_bytes().to_vec());
        self.policies.push(run.policy.as_bytes().to_vec());
        self.keys.push(run.wrapped_key.clone());
        self.jobs.push(terms.job.unwrap_or(run.id).as_uuid());
        self.attempt.push(i32::try_from(terms.attempt).unwrap_or(i32::MAX));
        self.attempts.push(i32::try_from(terms.attempts).unwrap_or(i32::MAX));
        self.backoff.push(i64::try_from(terms.backoff.as_millis()).unwrap_or(i64::MAX));
        self.names.push(terms.key.as_ref().map(|(key, _)| key.clone()));
        self.digests.push(terms.key.as_ref().map(|(_, digest)| digest.as_bytes().to_vec()));
        self.priorities.push(terms.priority);
        self.not_before.push(terms.not_before.map(seconds));
        self.deadlines.push(terms.deadline.map(seconds));
    }

    fn query(self) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
        sqlx::query(INSERT)
            .bind(self.ids)
            .bind(self.agents)
            .bind(self.components)
            .bind(self.policies)
            .bind(self.keys)
            .bind(self.jobs)
            .bind(self.attempt)
            .bind(self.attempts)
            .bind(self.backoff)
            .bind(self.names)
            .bind(self.digests)
            .bind(self.priorities)
            .bind(self.not_before)
            .bind(self.deadlines)
    }
}

/// The same for one run, as a statement of a message, with the beginning of its journal.
pub(super) fn statement(keyring: &Keyring, scope: &Scope, job: &NewJob) -> String {
    let NewJob { run, terms, start } = job;
    let time = |time: Option<SystemTime>| {
        time.map_or("null::timestamptz".to_owned(), |time| format!("to_timestamp({})", seconds(time)))
    };
    let (id, job) = (run.id, terms.job.unwrap_or(run.id));
    let (runs, frames) = (vec![id.as_uuid()], vec![start.sealed.clone()]);
    let tag = keyring.begin_tag(&scope.tenant().to_string(), &runs, &frames);
    format!(
        "INSERT INTO casemate.runs (id, agent, component_digest, policy_digest, wrapped_key, job_id, attempt, attempts, \
         backoff_ms, priority, not_before, deadline) VALUES ('{id}', {}, {}, {}, {}, '{job}', {}, {}, {}, {}, \
         coalesce({}, now()), {}); \
         SELECT casemate.journal_begin('{}', ARRAY['{id}']::uuid[], ARRAY[{}], {})",
        wire::literal(run.agent.as_str()),
        wire::bytes(run.component.as_bytes()),
        wire::bytes(run.policy.as_bytes()),
        wire::bytes(&run.wrapped_key),
        terms.attempt,
        terms.attempts,
        terms.backoff.as_millis(),
        terms.priority,
        time(terms.not_before),
        time(terms.deadline),
        keyring.id(),
        wire::bytes(&start.sealed),
        wire::bytes(&tag),
    )
}
