//! Where the state of runs is kept: in Postgres, or in memory for runs whose grants need no database. It doesn't know
//! what is in a frame beyond its start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use casemate_gate::job::{NewRun, Terms};
use casemate_gate::journal::{Journal as _, MemoryJournal, Row, RowKind};
use casemate_gate::policy::Grants;
use casemate_gate::rls::Scope;
use casemate_gate::{Digest, Epoch, Refusal, RunId, Seq, TenantId};
use casemate_jobs::{Job, State, Wake};
use casemate_keys::{Context, DataKey, KeyRing, Purpose, RunKey, WrappedKey};
use casemate_store::{Db, HeldRun, Question, RunRecord, StoreError};
use uuid::Uuid;

use super::DispatchError;
use crate::clock;
use crate::crossing::frame::{Frame, Start};
use crate::crossing::{Asking, part};

/// Most records that a host sealed for a run and didn't get into its journal before it died.
const UNSEEN: u64 = 1024;

/// How often a run that asks a person is looked at by whoever waits for it here.
const TOLD: Duration = Duration::from_millis(200);

/// Where runs are kept.
pub enum Records {
    /// In Postgres: they survive the host, which has this id there.
    Database(Db, Uuid),
    /// In memory: they end with the host.
    Memory {
        /// The journal that keeps their frames.
        journal: Arc<MemoryJournal>,
        /// Where their rows come from, if they ask for any.
        rows: Rows,
        /// Their wrapped keys and claims. Held for one look-up at a time.
        runs: Mutex<HashMap<RunId, (WrappedKey, Epoch)>>,
    },
}

/// Where rows come from in a host without a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// From nowhere: a run whose grants need some is refused.
    None,
    /// From a recording, so that no role in a database has to hold them.
    Recorded,
}

/// A run as it is recorded, under a claim of this host.
pub(super) struct Claimed {
    /// What may happen to it.
    pub(super) job: Job,
    /// Under which circumstances it is worked on.
    pub(super) terms: Terms,
    /// The database's time at the claim, where it came from there; the host's otherwise.
    pub(super) claimed_ms: u64,
    /// The same moment by this host's own clock.
    pub(super) since: Instant,
    pub(super) epoch: Epoch,
    pub(super) key: RunKey,
    /// The sealed rows, for the ledger to be compared with.
    pub(super) rows: Vec<Row>,
    /// The opened frames.
    pub(super) frames: Vec<(Seq, RowKind, Frame)>,
    /// Time in guests and gates until now.
    pub(super) running: Duration,
    /// Whether a host has held it before.
    pub(super) again: bool,
    /// The host whose hold on it did not end in good order, if there was one.
    pub(super) lost_by: Option<Uuid>,
}

impl Claimed {
    /// A run that begins now, held at once.
    pub(super) fn first(key: RunKey) -> Self {
        let claimed_ms = clock::now_ms();
        let job = Job { state: State::Running, epoch: 1, ..Job::new(1, claimed_ms, None) };
        Self {
            job,
            terms: Terms::default(),
            claimed_ms,
            since: Instant::now(),
            epoch: Epoch::new(1),
            key,
            rows: Vec::new(),
            frames: Vec::new(),
            running: Duration::ZERO,
            again: false,
            lost_by: None,
        }
    }

    /// A run of the database's that this host has claimed.
    pub(super) fn held(keys: &KeyRing, tenant: TenantId, held: HeldRun) -> Result<Self, DispatchError> {
        let HeldRun { run, name, job, now_ms, backoff, priority, running, lost_by, journal } = held;
        let again = job.epoch > 1;
        let terms = Terms {
            job: Some(name),
            attempt: job.attempt,
            attempts: job.attempts,
            backoff,
            priority,
            ..Terms::default()
        };
        let rows = journal.unwrap_or_default();
        let place = (tenant, run.id, WrappedKey(run.wrapped_key));
        let claimed = Self::opened(keys, place, (job, terms, now_ms), rows, (again, lost_by))?;
        Ok(Self { running, ..claimed })
    }

    fn opened(
        keys: &KeyRing,
        (tenant, run, wrapped): (TenantId, RunId, WrappedKey),
        (job, terms, claimed_ms): (Job, Terms, u64),
        rows: Vec<Row>,
        (again, lost_by): (bool, Option<Uuid>),
    ) -> Result<Self, DispatchError> {
        let key = keys.unwrap_run(tenant.as_uuid(), run.as_uuid(), &wrapped)?;
        // What hosts before had sealed: the rows, and for each of them what it may not have got to.
        key.key.spend((rows.len() as u64).saturating_add(job.epoch.saturating_mul(UNSEEN)));
        let frames = rows.iter().map(|row| opened(&key.key, tenant, row)).collect::<Result<_, _>>()?;
        let (epoch, since, running) = (Epoch::new(job.epoch), Instant::now(), Duration::ZERO);
        Ok(Self { job, terms, claimed_ms, since, epoch, key, rows, frames, running, again, lost_by })
    }

    /// How the run ended, if that is recorded.
    pub(super) fn end(&self) -> Option<Result<String, Refusal>> {
        self.frames.iter().find_map(|(_, _, frame)| frame.end()).map(|end| end.result.clone().map_err(Refusal::from))
    }

    pub(super) fn take_start(&mut self) -> Option<Start> {
        let at = self.frames.iter().position(|(_, _, frame)| matches!(frame, Frame::Start(_)))?;
        match self.frames.remove(at) {
            (_, _, Frame::Start(start)) => Some(start),
            _ => None,
        }
    }
}

impl Records {
    /// Runs kept in memory.
    #[must_use]
    pub fn memory(journal: Arc<MemoryJournal>, rows: Rows) -> Self {
        Self::Memory { journal, rows, runs: Mutex::new(HashMap::new()) }
    }

    /// The database role that holds exactly the granted tables.
    pub(super) async fn role(&self, grants: &Grants) -> Result<Option<String>, DispatchError> {
        match self {
            _ if !grants.need_database() => Ok(None),
            Self::Memory { rows: Rows::None, .. } => Err(DispatchError::NoDatabase),
            Self::Memory { rows: Rows::Recorded, .. } => Ok(None),
            Self::Database(..) if grants.tables().is_empty() => Ok(None),
            Self::Database(db, _) => Ok(Some(db.ensure_agent_role(grants.tables()).await?)),
        }
    }

    /// Records a new run with the first row of its journal: both or none.
    pub(super) async fn create(&self, scope: &Scope, new: NewRun, start: Row) -> Result<(), DispatchError> {
        match self {
            Self::Database(db, host) => db.begin_run(scope, new, start, Some(*host)).await?,
            Self::Memory { journal, runs, .. } => {
                let (run, epoch) = (start.run, start.epoch);
                journal.append(scope, vec![start]).await.map_err(DispatchError::Journal)?;
                let wrapped = WrappedKey(new.wrapped_key);
                runs.lock().unwrap_or_else(PoisonError::into_inner).insert(run, (wrapped, epoch));
            }
        }
        Ok(())
    }

    /// Claims a run that was recorded, first of all, so that no other host can append to it; then reads it.
    pub(super) async fn claim(
        &self,
        scope: &Scope,
        tenant: TenantId,
        run: RunId,
        keys: &KeyRing,
    ) -> Result<Claimed, DispatchError> {
        match self {
            Self::Database(db, host) => {
                let held = db.take_over(scope, Some(*host), run).await.map_err(not_to_be_had)?;
                Claimed::held(keys, tenant, held)
            }
            Self::Memory { journal, runs, .. } => {
                let (wrapped, epoch) = {
                    let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
                    let (wrapped, epoch) = runs.get_mut(&run).ok_or(DispatchError::NoRun)?;
                    *epoch = epoch.next();
                    (wrapped.clone(), *epoch)
                };
                let now_ms = clock::now_ms();
                let job = Job { state: State::Running, epoch: epoch.get(), ..Job::new(1, now_ms, None) };
                let place = (tenant, run, wrapped);
                Claimed::opened(keys, place, (job, Terms::default(), now_ms), journal.rows(run), (true, None))
            }
        }
    }

    /// The frames of a run as they are recorded, for whoever only looks.
    pub(super) async fn look(
        &self,
        scope: &Scope,
        tenant: TenantId,
        run: RunId,
        keys: &KeyRing,
    ) -> Result<Vec<(Seq, RowKind, Frame)>, DispatchError> {
        let (record, rows) = self.database()?.load_run(scope, run).await.map_err(not_to_be_had)?;
        let key = keys.unwrap_run(tenant.as_uuid(), run.as_uuid(), &WrappedKey(record.wrapped_key))?;
        rows.iter().map(|row| opened(&key.key, tenant, row)).collect()
    }

    /// Digests of component and policy of a run.
    pub(super) async fn started_with(&self, scope: &Scope, run: RunId) -> Result<(Digest, Digest), DispatchError> {
        let (record, _) = self.database()?.load_run(scope, run).await.map_err(not_to_be_had)?;
        Ok((record.component, record.policy))
    }

    /// The tenant's runs, the newest first.
    pub(super) async fn list(&self, scope: &Scope, limit: u32) -> Result<Vec<RunRecord>, DispatchError> {
        Ok(self.database()?.list_runs(scope, limit).await?)
    }

    /// The database, and this host's id there.
    pub(super) const fn shared(&self) -> Result<(&Db, Uuid), DispatchError> {
        match self {
            Self::Database(db, host) => Ok((db, *host)),
            Self::Memory { .. } => Err(DispatchError::NoDatabase),
        }
    }

    /// This host's id in the database.
    pub(super) fn host(&self) -> Option<Uuid> {
        self.shared().ok().map(|(_, host)| host)
    }

    /// How a run ended, if that is recorded.
    pub(super) async fn end_of(
        &self,
        scope: &Scope,
        tenant: TenantId,
        run: RunId,
        keys: &KeyRing,
    ) -> Result<Option<Result<String, Refusal>>, DispatchError> {
        let frames = self.look(scope, tenant, run, keys).await?;
        let end = frames.iter().find_map(|(_, _, frame)| frame.end());
        Ok(end.map(|end| end.result.clone().map_err(Refusal::from)))
    }

    fn database(&self) -> Result<&Db, DispatchError> {
        self.shared().map(|(db, _)| db)
    }

    /// Waits until a run that asks a person doesn't wait any more, or a time.
    pub(super) async fn until_told(&self, scope: &Scope, run: RunId, until_ms: u64) {
        loop {
            // At least once, so that two clocks that differ make nobody busy.
            tokio::time::sleep(TOLD).await;
            let waits = match self.database().map(|db| db.waits(scope, run)) {
                // Out of reach for a while: so long nobody is told anything either.
                Ok(waits) => waits.await.unwrap_or(true),
                Err(_) => false,
            };
            if !waits || clock::now_ms() >= until_ms {
                return;
            }
        }
    }

    /// Lets a run go that waits. Everything of it is on record.
    pub(super) async fn park(
        &self,
        scope: &Scope,
        run: RunId,
        epoch: Epoch,
        wake: Wake,
        running: Duration,
        asking: Option<Asking>,
    ) -> Result<(), DispatchError> {
        if let Self::Database(db, _) = self {
            let question = asking.map(|Asking { approval, seq, operation, bound, until_ms }| Question {
                id: approval,
                seq,
                operation: operation.name().to_owned(),
                bound,
                until_ms,
            });
            db.park(scope, run, epoch.get(), wake, running, question).await?;
        }
        Ok(())
    }

    /// Forgets a run that has ended, where nothing of it is kept.
    pub(super) fn forget(&self, run: RunId) {
        if let Self::Memory { journal, runs, .. } = self
            && journal.forget(run)
        {
            runs.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        }
    }
}

/// A row of the journal, opened.
pub(super) fn opened(key: &DataKey, tenant: TenantId, row: &Row) -> Result<(Seq, RowKind, Frame), DispatchError> {
    let context = Context {
        tenant: tenant.as_uuid(),
        purpose: Purpose::Frame,
        id: row.run.as_uuid(),
        part: part(row.seq, row.kind),
    };
    Ok((row.seq, row.kind, Frame::decode(&key.open(&context, &row.sealed)?)?))
}

/// A run that isn't there, or that has ended.
pub(super) fn not_to_be_had(error: StoreError) -> DispatchError {
    match error {
        StoreError::Fenced | StoreError::NoRun | StoreError::Job(_) => DispatchError::NoRun,
        other => other.into(),
    }
}
