//! Where the state of runs is kept: in Postgres, or in memory for runs whose grants need no database. It doesn't know
//! what is in a frame beyond its start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use casemate_gate::journal::{Journal as _, MemoryJournal, Row, RowKind};
use casemate_gate::policy::Grants;
use casemate_gate::rls::Scope;
use casemate_gate::{Digest, Epoch, Refusal, RunId, Seq, TenantId};
use casemate_keys::{Context, DataKey, KeyRing, Purpose, RunKey, WrappedKey};
use casemate_store::{Db, NewRun, RunRecord, RunState, StoreError};

use super::{DispatchError, Job};
use crate::crossing::frame::{Frame, Start};
use crate::crossing::part;

/// Most records that a host sealed for a run and didn't get into its journal before it died.
const UNSEEN: u64 = 1024;

/// Where runs are kept.
pub enum Records {
    /// In Postgres: they survive the host.
    Database(Db),
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
    pub(super) epoch: Epoch,
    pub(super) key: RunKey,
    /// The sealed rows, for the ledger to be compared with.
    pub(super) rows: Vec<Row>,
    /// The opened frames.
    pub(super) frames: Vec<(Seq, RowKind, Frame)>,
    /// Whether it was recorded before.
    pub(super) again: bool,
}

impl Claimed {
    /// A run that begins now.
    pub(super) const fn first(key: RunKey) -> Self {
        Self { epoch: Epoch::new(1), key, rows: Vec::new(), frames: Vec::new(), again: false }
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
            Self::Database(_) if grants.tables().is_empty() => Ok(None),
            Self::Database(db) => Ok(Some(db.ensure_agent_role(grants.tables()).await?)),
        }
    }

    /// Records a new run with the first row of its journal: both or none.
    pub(super) async fn create(
        &self,
        scope: &Scope,
        job: &Job,
        key: &RunKey,
        keys: &KeyRing,
        start: Row,
    ) -> Result<(), DispatchError> {
        let (run, epoch) = (start.run, start.epoch);
        let wrapped = keys.wrap_run(job.tenant.as_uuid(), run.as_uuid(), key)?;
        match self {
            Self::Database(db) => {
                let new = NewRun {
                    id: run,
                    agent: job.agent.manifest().agent.clone(),
                    component: job.agent.digest(),
                    policy: job.policy.digest,
                    wrapped_key: wrapped.0,
                };
                db.begin_run(scope, new, start).await?;
            }
            Self::Memory { journal, runs, .. } => {
                journal.append(scope, vec![start]).await.map_err(DispatchError::Journal)?;
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
        let (epoch, wrapped, rows) = match self {
            Self::Database(db) => {
                let epoch = db.claim_run(scope, run).await.map_err(not_to_be_had)?.epoch;
                let (record, rows) = db.load_run(scope, run).await?;
                (epoch, WrappedKey(record.wrapped_key), rows)
            }
            Self::Memory { journal, runs, .. } => {
                let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
                let (wrapped, epoch) = runs.get_mut(&run).ok_or(DispatchError::NoRun)?;
                *epoch = epoch.next();
                (*epoch, wrapped.clone(), journal.rows(run))
            }
        };
        let key = keys.unwrap_run(tenant.as_uuid(), run.as_uuid(), &wrapped)?;
        // What hosts before had sealed: the rows, and for each of them what it may not have got to.
        key.key.spend((rows.len() as u64).saturating_add(epoch.get().saturating_mul(UNSEEN)));
        let frames = rows.iter().map(|row| opened(&key.key, tenant, row)).collect::<Result<_, _>>()?;
        Ok(Claimed { epoch, key, rows, frames, again: true })
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

    const fn database(&self) -> Result<&Db, DispatchError> {
        match self {
            Self::Database(db) => Ok(db),
            Self::Memory { .. } => Err(DispatchError::NoDatabase),
        }
    }

    /// Lets a run go that waits.
    pub(super) async fn park(
        &self,
        scope: &Scope,
        run: RunId,
        epoch: Epoch,
        until_ms: u64,
    ) -> Result<(), DispatchError> {
        if let Self::Database(db) = self {
            let wake_at = UNIX_EPOCH.checked_add(Duration::from_millis(until_ms));
            db.park_run(scope, run, epoch, wake_at).await?;
        }
        Ok(())
    }

    /// Ends a run.
    pub(super) async fn finish(
        &self,
        scope: &Scope,
        run: RunId,
        epoch: Epoch,
        done: bool,
    ) -> Result<(), DispatchError> {
        match self {
            Self::Database(db) => {
                let state = if done { RunState::Done } else { RunState::Failed };
                db.finish_run(scope, run, epoch, state).await?;
            }
            Self::Memory { journal, runs, .. } => {
                if journal.forget(run) {
                    runs.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
                }
            }
        }
        Ok(())
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
        StoreError::Fenced | StoreError::NoRun => DispatchError::NoRun,
        other => other.into(),
    }
}
