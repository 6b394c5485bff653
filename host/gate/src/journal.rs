//! The journal as the crossing sees it: something that keeps a run's frames in order and fences out an old host. It
//! doesn't know Postgres; the one implementation here keeps rows in memory, for runs without a database.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::id::{Epoch, RunId, Seq};
use crate::job::Ending;
use crate::rls::Scope;

/// What a row of the journal records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum RowKind {
    /// The run's input, seed and grants.
    Start = 0,
    /// A call with an effect is about to happen.
    Intent = 1,
    /// What came of a call.
    Outcome = 2,
    /// The run ended.
    End = 3,
}

impl RowKind {
    /// Its number in storage.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// The kind with this number.
    #[must_use]
    pub const fn from_number(number: i16) -> Option<Self> {
        match number {
            0 => Some(Self::Start),
            1 => Some(Self::Intent),
            2 => Some(Self::Outcome),
            3 => Some(Self::End),
            _ => None,
        }
    }
}

/// One sealed frame with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub run: RunId,
    /// Which call; 0 for the start.
    pub seq: Seq,
    /// Under which claim it was written.
    pub epoch: Epoch,
    /// What it records.
    pub kind: RowKind,
    /// The frame, sealed under the run's data key.
    pub sealed: Vec<u8>,
}

/// Why rows were not kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another claim of the run is newer: this host must stop before any effect is released.
    #[error("stop this run: another host has claimed it")]
    Fenced,
    /// The journal can't be reached or is full. When the answer to a commit was lost, the rows may have been kept all
    /// the same: whoever claims the run next reads what is there.
    #[error("repair the journal's database, then resume the run")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Something that keeps rows. An implementation returns `Ok` only when all of them are as durable as it promises,
/// or none was kept.
pub trait Journal: Send + Sync {
    /// Appends the rows together or not at all.
    fn append<'a>(&'a self, scope: &'a Scope, rows: Vec<Row>) -> BoxFuture<'a, Result<(), JournalError>>;

    /// Appends the last rows of a run and ends it, together or not at all.
    fn end<'a>(&'a self, scope: &'a Scope, rows: Vec<Row>, ending: Ending) -> BoxFuture<'a, Result<(), JournalError>>;
}

/// Most bytes that the memory journal keeps for one run.
const MEMORY_BYTES_PER_RUN: usize = 64 * 1024 * 1024;

/// Keeps rows for the life of the process: for a run whose grants need no database. Such a run can be parked and
/// replayed while the process lives, and is lost with it.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    // Held for one append or copy at a time.
    runs: Mutex<HashMap<RunId, Kept>>,
    keeps_ended: AtomicBool,
}

/// What is kept of one run.
#[derive(Debug, Default)]
struct Kept {
    rows: Vec<Row>,
    bytes: usize,
    epoch: Epoch,
}

/// A run wrote more than the memory journal keeps.
#[derive(Debug, thiserror::Error)]
#[error("give the run a database: it wrote more than {MEMORY_BYTES_PER_RUN} bytes to a journal in memory")]
struct MemoryFull;

impl MemoryJournal {
    /// The rows of a run, in the order in which they were appended.
    #[must_use]
    pub fn rows(&self, run: RunId) -> Vec<Row> {
        self.lock().get(&run).map(|kept| kept.rows.clone()).unwrap_or_default()
    }

    /// Keeps runs that end from now on, too: for a process that is about to tell of one.
    pub fn keep_ended(&self) {
        self.keeps_ended.store(true, Ordering::Release);
    }

    /// Drops the rows of a run that ended, and says whether it did.
    pub fn forget(&self, run: RunId) -> bool {
        let forgets = !self.keeps_ended.load(Ordering::Acquire);
        if forgets {
            self.lock().remove(&run);
        }
        forgets
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Kept>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, rows: Vec<Row>) -> Result<(), JournalError> {
        let mut runs = self.lock();
        for row in rows {
            let kept = runs.entry(row.run).or_default();
            if row.epoch < kept.epoch {
                return Err(JournalError::Fenced);
            }
            let bytes = kept.bytes.saturating_add(row.sealed.len());
            if bytes > MEMORY_BYTES_PER_RUN {
                return Err(JournalError::Unavailable(Box::new(MemoryFull)));
            }
            kept.epoch = row.epoch;
            kept.bytes = bytes;
            kept.rows.push(row);
        }
        Ok(())
    }
}

impl Journal for MemoryJournal {
    fn append<'a>(&'a self, _scope: &'a Scope, rows: Vec<Row>) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(std::future::ready(self.keep(rows)))
    }

    fn end<'a>(
        &'a self,
        _scope: &'a Scope,
        rows: Vec<Row>,
        _ending: Ending,
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(std::future::ready(self.keep(rows)))
    }
}
