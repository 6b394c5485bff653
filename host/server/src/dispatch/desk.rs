//! Where jobs are handed over, looked at and changed, by whoever may: it needs the database and keys, and no host. What it
//! writes is durable on return; hosts are told then, and would find it without. It doesn't know who claims a job, nor when.

mod approvals;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use casemate_gate::job::{NewJob, Terms};
use casemate_gate::{Digest, Epoch, Refusal, RunId, TenantId};
use casemate_jobs::{Command, Job as Standing};
use casemate_keys::{WrappedKey, random};
use casemate_store::{Applied, Db, HostRecord, JobFilter, JobRecord, RunRecord, Submitted};
use uuid::Uuid;

pub use approvals::{Approval, Decision};

use super::budgets::Book;
use super::scribe::{Beginning, Offer, Scribe};
use super::{DispatchError, bookkeeping_of, records};
use crate::clock;
use crate::crossing::frame::{Frame, Start};

/// Most jobs that are written in one transaction.
const BATCH: usize = 500;
/// How often a job's end is looked for.
const POLL: Duration = Duration::from_millis(100);

/// A job to be accepted.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The input document.
    pub input: serde_json::Value,
    /// Under which circumstances it is worked on.
    pub terms: Terms,
}

/// See the file's head.
pub struct Desk {
    db: Db,
    scribe: Scribe,
}

/// How a job ended.
pub type JobEnd = Result<String, Refusal>;

impl Desk {
    /// A desk over this database, with these keys.
    #[must_use]
    pub const fn new(db: Db, scribe: Scribe) -> Self {
        Self { db, scribe }
    }

    /// Keeps a component or a policy for the hosts that will need it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keep(&self, tenant: TenantId, bytes: &[u8]) -> Result<Digest, DispatchError> {
        Ok(self.db.keep_artefact(&bookkeeping_of(tenant)?, bytes).await?)
    }

    /// Bytes that were kept.
    ///
    /// # Errors
    /// `store-no-artefact`.
    pub async fn artefact(&self, tenant: TenantId, digest: Digest) -> Result<Vec<u8>, DispatchError> {
        Ok(self.db.artefact(&bookkeeping_of(tenant)?, digest).await?)
    }

    /// What hosts on this database have used and hold of a tenant's budgets, beside what a record says.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn budgets(&self, tenant: TenantId, record: Book) -> Result<Book, DispatchError> {
        Ok(record.with_shared(&self.db, &bookkeeping_of(tenant)?).await?)
    }

    /// Accepts jobs, in batches, each as a whole. `accepted` is told how many there are, after each.
    ///
    /// # Errors
    /// [`DispatchError::Store`] with `job-key-taken`; those of keys and database. The batches before are accepted.
    pub async fn submit(
        &self,
        offer: &Offer,
        submissions: impl IntoIterator<Item = Submission>,
        mut accepted: impl FnMut(usize),
    ) -> Result<Vec<Submitted>, DispatchError> {
        let scope = bookkeeping_of(offer.tenant)?;
        let mut submissions = submissions.into_iter();
        let mut done = Vec::new();
        loop {
            let batch: Vec<_> = submissions.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let mut jobs = Vec::with_capacity(batch.len());
            for Submission { input, terms } in batch {
                let run = RunId::from(Uuid::now_v7());
                let circumstances = (clock::now_ms(), random()?, Vec::new());
                let Beginning { start, key, .. } = self.scribe.beginning(offer, run, input, circumstances)?;
                let row = self.scribe.start_row(offer, run, &scope, &key, &start, Epoch::new(0))?;
                jobs.push(NewJob { run: self.scribe.new_run(offer, run, &key)?, terms, start: row });
            }
            done.extend(self.db.submit(&scope, jobs).await?);
            self.db.notify(offer.tenant).await?;
            accepted(done.len());
        }
        Ok(done)
    }

    /// The digest by which two submissions under one key are told apart: of agent, component, policy and input, under a key of
    /// the tenant's, so that who reads it can't try inputs out.
    ///
    /// # Errors
    /// Those of keys.
    pub fn request_digest(&self, offer: &Offer, input: &serde_json::Value) -> Result<Digest, DispatchError> {
        let asked = format!("{}\n{}\n{}\n{input}", offer.agent, offer.component, offer.policy.digest);
        Ok(Digest::from(self.scribe.request_key(offer.tenant)?.tag(&[asked.as_bytes()])))
    }

    /// Puts a command to a job.
    ///
    /// # Errors
    /// [`DispatchError::Store`] with the reason's code.
    pub async fn command(&self, tenant: TenantId, job: RunId, command: Command) -> Result<Applied, DispatchError> {
        let scope = bookkeeping_of(tenant)?;
        let job = self.db.job(&scope, job).await?.id;
        let applied = self.db.command(&scope, job, command).await?;
        // Who held it stops at once, and who looks for work finds it.
        self.db.notify(tenant).await?;
        Ok(applied)
    }

    /// Tries a job once more that ended without a result, from the start.
    ///
    /// # Errors
    /// [`DispatchError::Store`] with the reason's code.
    pub async fn retry(
        &self,
        offer: impl AsyncFnOnce(&RunRecord) -> Result<Offer, DispatchError>,
        tenant: TenantId,
        job: RunId,
    ) -> Result<Submitted, DispatchError> {
        let scope = bookkeeping_of(tenant)?;
        let record = self.db.job(&scope, job).await?;
        let standing = Standing {
            state: record.run.state,
            epoch: record.run.epoch.get(),
            attempt: record.attempt.0,
            attempts: record.attempt.1,
            ..Standing::new(record.attempt.1, 0, None)
        };
        let after = standing.apply(Command::Retry { deadline_ms: None }, clock::now_ms());
        let next = after.map_err(casemate_store::StoreError::Job)?.next.ok_or(DispatchError::NoRun)?;
        let start = self.start_of(tenant, record.run.id).await?.ok_or(DispatchError::NoRun)?;
        let terms =
            Terms { job: Some(record.id), backoff: record.backoff, priority: record.priority, ..Terms::default() };
        let new = self.scribe.again(&offer(&record.run).await?, terms, &scope, &start, &next)?;
        let submitted = self.db.submit(&scope, vec![new]).await?;
        self.db.notify(tenant).await?;
        submitted.into_iter().next().ok_or(DispatchError::NoRun)
    }

    /// The tenant's jobs, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, tenant: TenantId, filter: &JobFilter) -> Result<Vec<JobRecord>, DispatchError> {
        Ok(self.db.list_jobs(&bookkeeping_of(tenant)?, filter).await?)
    }

    /// The tenant's runs, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn runs(&self, tenant: TenantId, limit: u32) -> Result<Vec<RunRecord>, DispatchError> {
        Ok(self.db.list_runs(&bookkeeping_of(tenant)?, limit).await?)
    }

    /// A job as it stands.
    ///
    /// # Errors
    /// `store-no-run` where there is none.
    pub async fn job(&self, tenant: TenantId, job: RunId) -> Result<JobRecord, DispatchError> {
        Ok(self.db.job(&bookkeeping_of(tenant)?, job).await?)
    }

    /// Every attempt at a job with the number of the refusal by which it ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn attempts(&self, tenant: TenantId, job: RunId) -> Result<Vec<(RunRecord, u16)>, DispatchError> {
        Ok(self.db.attempts(&bookkeeping_of(tenant)?, job).await?)
    }

    /// Waits until a job has ended, and says how.
    ///
    /// # Errors
    /// Those of the database; [`DispatchError::NotEnded`] when the time is up.
    pub async fn ended(&self, tenant: TenantId, job: RunId, patience: Duration) -> Result<JobRecord, DispatchError> {
        let deadline = Instant::now() + patience;
        loop {
            let record = self.job(tenant, job).await?;
            if record.run.state.is_end() {
                return Ok(record);
            }
            if Instant::now() >= deadline {
                return Err(DispatchError::NotEnded);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What a run that ended came to, as its journal has it.
    ///
    /// # Errors
    /// Those of keys and database.
    pub async fn result(&self, tenant: TenantId, run: RunId) -> Result<Option<JobEnd>, DispatchError> {
        let frames = self.frames(tenant, run).await?;
        Ok(frames.iter().find_map(Frame::end).map(|end| end.result.clone().map_err(Refusal::from)))
    }

    async fn start_of(&self, tenant: TenantId, run: RunId) -> Result<Option<Start>, DispatchError> {
        let frames = self.frames(tenant, run).await?;
        Ok(frames.into_iter().find_map(|frame| match frame {
            Frame::Start(start) => Some(start),
            _ => None,
        }))
    }

    async fn frames(&self, tenant: TenantId, run: RunId) -> Result<Vec<Frame>, DispatchError> {
        let (record, rows) = self.db.load_run(&bookkeeping_of(tenant)?, run).await?;
        let wrapped = WrappedKey(record.wrapped_key);
        let key = self.scribe.keys().unwrap_run(tenant.as_uuid(), run.as_uuid(), &wrapped)?;
        rows.iter().map(|row| records::opened(&key.key, tenant, row).map(|(_, _, frame)| frame)).collect()
    }

    /// All hosts on this database.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hosts(&self) -> Result<Vec<HostRecord>, DispatchError> {
        Ok(self.db.hosts().await?)
    }

    /// Takes jobs away that ended longer than this ago, with their journals: how many. What the ledger has of them stays.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget(&self, tenant: TenantId, age: Duration) -> Result<u64, DispatchError> {
        let before = UNIX_EPOCH + Duration::from_millis(clock::now_ms()).saturating_sub(age);
        let scope = bookkeeping_of(tenant)?;
        let mut all = 0;
        loop {
            let gone = self.db.forget_jobs(&scope, before, 1000).await?;
            all += gone;
            if gone == 0 {
                return Ok(all);
            }
        }
    }

    /// Sets what a tenant is given beside others.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_share(
        &self,
        tenant: TenantId,
        weight: u32,
        concurrency: Option<u32>,
    ) -> Result<(), DispatchError> {
        Ok(self.db.set_share(tenant, weight, concurrency).await?)
    }

    /// What a tenant is given beside others: its weight, and its cap.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn share(&self, tenant: TenantId) -> Result<(u32, Option<u32>), DispatchError> {
        Ok(self.db.share(tenant).await?)
    }
}

/// A moment after now.
#[must_use]
pub fn after(time: Duration) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(clock::now_ms()) + time
}
