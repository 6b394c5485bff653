//! What this host has of a run that ended: its records, opened and without personal data, with their entries in the log; or,
//! where its keys are gone, what the log alone still says. It doesn't know where components and policies are kept.

use std::collections::HashMap;

use casemate_gate::journal::{Row, RowKind};
use casemate_gate::{Digest, RunId, TenantId};
use casemate_keys::{KeyError, RunKey, WrappedKey};
use casemate_ledger::{Entry, Kind};
use uuid::Uuid;

use super::{Piece, row_kind};
use crate::dispatch::records::{self, Records};
use crate::dispatch::{DispatchError, Dispatcher};

/// Entries by the call, claim and kind that they record.
type Entries = HashMap<(u64, u64, RowKind), Vec<Entry>>;

/// A run that ended, as far as its journal tells.
#[derive(Debug)]
pub struct Told {
    /// Which run.
    pub run: RunId,
    /// Whose.
    pub tenant: TenantId,
    /// The host in whose log it stands.
    pub host: Uuid,
    /// Its key.
    pub key: RunKey,
    /// Its records.
    pub pieces: Vec<Piece>,
}

/// What the log alone says of a run whose records can't be opened any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remains {
    /// Whose.
    pub tenant: TenantId,
    /// How many entries.
    pub entries: u64,
    /// Index of the first.
    pub first: u64,
    /// Calls that it made.
    pub calls: u64,
    /// How many of them were refused.
    pub refused: u64,
    /// When the first was recorded, in milliseconds since 1970-01-01T00:00:00Z.
    pub begun_ms: u64,
    /// When the last was.
    pub last_ms: u64,
    /// Under which policy.
    pub policy: Digest,
    /// Number of the refusal by which it ended, 0 for a result; none where it didn't end.
    pub ended: Option<u16>,
}

impl Dispatcher {
    /// Has a host without a database keep the runs that end from now on, so that they can be told of.
    pub fn keep_ended(&self) {
        if let Records::Memory { journal, .. } = &self.records {
            journal.keep_ended();
        }
    }

    /// Everything that the host has of a run. `with_entries` looks its entries up in the log, which takes a walk through it.
    ///
    /// # Errors
    /// [`DispatchError::NoRun`], [`DispatchError::NotEnded`]; [`DispatchError::Erased`] where its key doesn't open any more;
    /// those of database and ledger.
    pub async fn tell(&self, tenant: TenantId, run: RunId, with_entries: bool) -> Result<Told, DispatchError> {
        let (wrapped, rows) = match &self.records {
            Records::Database(db, _) => {
                let loaded = db.load_run(&crate::dispatch::bookkeeping_of(tenant)?, run).await;
                let (record, rows) = loaded.map_err(records::not_to_be_had)?;
                (WrappedKey(record.wrapped_key), rows)
            }
            Records::Memory { journal, runs, .. } => {
                let runs = runs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let (wrapped, _) = runs.get(&run).ok_or(DispatchError::NoRun)?;
                (wrapped.clone(), journal.rows(run))
            }
        };
        let key = self.keys.unwrap_run(tenant.as_uuid(), run.as_uuid(), &wrapped).map_err(|error| match error {
            KeyError::DoesNotOpen => DispatchError::Erased,
            other => other.into(),
        })?;
        let mut entries = if with_entries { self.entries_of(tenant, run)? } else { HashMap::new() };
        let mut pieces = rows
            .into_iter()
            .map(|row| {
                let (seq, kind, frame) = records::opened(&key.key, tenant, &row)?;
                let Row { epoch, sealed, .. } = row;
                let entry = entries.remove(&(seq.get(), epoch.get(), kind));
                let entry = entry.and_then(|found| found.into_iter().find(|entry| entry.payload == sealed));
                Ok(Piece { seq, epoch, kind, frame: frame.masked(), entry })
            })
            .collect::<Result<Vec<_>, DispatchError>>()?;
        pieces.sort_by_key(|piece| (piece.seq, piece.epoch, piece.kind));
        if pieces.last().is_none_or(|piece| piece.kind != RowKind::End) {
            return Err(DispatchError::NotEnded);
        }
        Ok(Told { run, tenant, host: self.keys.host(), key, pieces })
    }

    /// What the log says of a run, whoever's it was; none where it says nothing.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn remains(&self, run: RunId) -> Result<Option<Remains>, DispatchError> {
        let mut remains: Option<Remains> = None;
        for entry in self.crossing.ledger.entries()? {
            let leaf = entry?.leaf;
            if leaf.run != run.as_uuid() {
                continue;
            }
            let told = remains.get_or_insert_with(|| Remains {
                tenant: TenantId::from(leaf.tenant),
                entries: 0,
                first: leaf.index,
                calls: 0,
                refused: 0,
                begun_ms: leaf.time_ms,
                last_ms: leaf.time_ms,
                policy: Digest::from(leaf.policy),
                ended: None,
            });
            told.entries = told.entries.saturating_add(1);
            told.last_ms = told.last_ms.max(leaf.time_ms);
            match leaf.kind {
                Kind::Intent | Kind::Outcome => told.calls = told.calls.max(leaf.seq),
                Kind::Refusal => {
                    told.calls = told.calls.max(leaf.seq);
                    told.refused = told.refused.saturating_add(1);
                }
                Kind::End => told.ended = Some(leaf.decision),
                _ => {}
            }
        }
        Ok(remains)
    }

    /// The run's entries by what they record.
    fn entries_of(&self, tenant: TenantId, run: RunId) -> Result<Entries, DispatchError> {
        let mut found = Entries::new();
        let ledger = &self.crossing.ledger;
        for entry in ledger.entries_of(ledger.origin(tenant.as_uuid()))? {
            let entry = entry?;
            if entry.leaf.run == run.as_uuid()
                && let Some(kind) = row_kind(entry.leaf.kind)
            {
                found.entry((entry.leaf.seq, entry.leaf.epoch, kind)).or_default().push(entry);
            }
        }
        Ok(found)
    }
}
