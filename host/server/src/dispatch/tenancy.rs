//! What the host keeps of a tenant beside its keys, taken together or taken away. It doesn't know in which order, nor
//! where it is taken.

use std::collections::{BTreeMap, BTreeSet};

use casemate_gate::journal::Row;
use casemate_gate::{AgentName, Digest, TenantId};
use casemate_keys::{RunKey, WrappedKey};
use casemate_ledger::Entry;
use casemate_store::{Erasure, Piece, RunRecord, RunState, TableHead};
use tokio::sync::mpsc;

use super::{DispatchError, Dispatcher, Records, bookkeeping_of, records};
use crate::crossing::frame::Frame;

/// Pieces that wait to be taken.
const WAITING: usize = 256;

/// One piece of what the database has of a tenant.
#[derive(Debug)]
pub enum Exported {
    /// A table begins.
    Table(TableHead),
    /// A row of it: its cells in the order of the columns, in Postgres's text form.
    Row(Vec<Option<String>>),
    /// The runs begin; after it come runs and frames only.
    Runs,
    /// A run.
    Run(Box<RunRecord>),
    /// A frame of it, opened.
    Frame {
        /// Whose, at which call, under which claim.
        row: Row,
        /// What it says.
        frame: Box<Frame>,
    },
}

impl Dispatcher {
    /// Deletes every row of a suspended tenant; nothing of it holds before it is committed. None for a host without a
    /// database.
    ///
    /// # Errors
    /// Those of the database: then every row is there.
    pub async fn erase(&self, tenant: TenantId) -> Result<Option<Erasure>, DispatchError> {
        match &self.records {
            Records::Database(db, _) => Ok(Some(db.erase_tenant(&bookkeeping_of(tenant)?).await?)),
            Records::Memory { .. } => Ok(None),
        }
    }

    /// Takes everything that the database has of a tenant, in one snapshot, piece by piece. A host without a database has
    /// nothing.
    ///
    /// # Errors
    /// Those of the database and the keys, and the taker's own.
    pub async fn export<E: From<DispatchError>>(
        &self,
        tenant: TenantId,
        mut take: impl FnMut(Exported) -> Result<(), E>,
    ) -> Result<(), E> {
        let Records::Database(db, _) = &self.records else { return Ok(()) };
        let scope = bookkeeping_of(tenant)?;
        let (sender, mut pieces) = mpsc::channel(WAITING);
        let sending = async { db.export_tenant(&scope, sender).await.map_err(DispatchError::from) };
        let taking = async move {
            let mut key: Option<RunKey> = None;
            while let Some(piece) = pieces.recv().await {
                take(match piece {
                    Piece::Table(head) => Exported::Table(head),
                    Piece::Row(cells) => Exported::Row(cells),
                    Piece::Runs => Exported::Runs,
                    Piece::Run(run) => {
                        let wrapped = WrappedKey(run.wrapped_key.clone());
                        let unwrapped = self.keys.unwrap_run(tenant.as_uuid(), run.id.as_uuid(), &wrapped);
                        key = Some(unwrapped.map_err(DispatchError::from)?);
                        Exported::Run(run)
                    }
                    Piece::Frame(row) => {
                        let key = key.as_ref().ok_or(DispatchError::NoRun)?;
                        let (_, _, frame) = records::opened(&key.key, tenant, &row)?;
                        Exported::Frame { row, frame: Box::new(frame) }
                    }
                })?;
            }
            Ok::<(), E>(())
        };
        let (sent, taken) = futures_util::future::join(sending, taking).await;
        taken?;
        Ok(sent?)
    }

    /// How many runs a tenant has in which state.
    ///
    /// # Errors
    /// [`DispatchError::NoDatabase`] and those of the database.
    pub async fn count_runs(&self, tenant: TenantId) -> Result<Vec<(RunState, u64)>, DispatchError> {
        match &self.records {
            Records::Database(db, _) => Ok(db.count_runs(&bookkeeping_of(tenant)?).await?),
            Records::Memory { .. } => Err(DispatchError::NoDatabase),
        }
    }

    /// Everything that this host's log has of a tenant, the oldest first.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn log_of(
        &self,
        tenant: TenantId,
    ) -> Result<impl Iterator<Item = Result<Entry, DispatchError>> + use<>, DispatchError> {
        let ledger = &self.crossing.ledger;
        let entries = ledger.entries_of(ledger.origin(tenant.as_uuid()))?;
        Ok(entries.map(|entry| entry.map_err(DispatchError::from)))
    }

    /// A tenant's agents with the components that they were last started with.
    pub async fn agents_of(&self, tenant: TenantId) -> BTreeMap<AgentName, Digest> {
        self.registry.components(tenant).await
    }

    /// What a tenant and its agents used of their budgets, and what the operator set: lines of the budget record.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn budgets_of(&self, tenant: TenantId) -> Result<Vec<serde_json::Value>, DispatchError> {
        Ok(self.budgets.book_of(&bookkeeping_of(tenant)?).await?.lines_of(tenant))
    }

    /// Digests of the components and policies that a tenant's runs began with, and of its agents' components.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn artefacts_of(&self, tenant: TenantId) -> Result<BTreeSet<Digest>, DispatchError> {
        let mut digests: BTreeSet<Digest> = self.registry.components(tenant).await.into_values().collect();
        if let Records::Database(db, _) = &self.records {
            digests.extend(db.artefacts(&bookkeeping_of(tenant)?).await?);
        }
        Ok(digests)
    }

    /// Forgets what a tenant used of its budgets, and its agents.
    ///
    /// # Errors
    /// Those of the files.
    pub async fn forget(&self, tenant: TenantId) -> Result<(), DispatchError> {
        self.budgets.forget(tenant)?;
        self.registry.forget(tenant).await
    }
}
