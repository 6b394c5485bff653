//! The state of one writer: its chain of frames and the logs inside it. The same state is built by appending, by
//! replay after a restart and by offline verification, so all three agree on what a right log is.
//! It does not know files, zones or signatures.

use std::collections::HashMap;

use uuid::Uuid;

use crate::bytes::Cursor;
use crate::entry::{self, EntryRef};
use crate::frame::{self, FrameView, HEAD};
use crate::leaf::{commitment, leaf_hash};
use crate::tree::Tree;
use crate::{FormatError, Origin, Sha, Writer};

/// What is wrong, and the log and index it is first wrong at, as far as they can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) reason: FormatError,
    pub(crate) log: Option<Origin>,
    pub(crate) index: Option<u64>,
}

/// One log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    /// Leaf hash of the last entry.
    pub(crate) prev: Sha,
    pub(crate) tree: Tree,
}

impl Log {
    pub(crate) fn new(origin: &Origin) -> Self {
        Self { prev: origin.genesis(), tree: Tree::default() }
    }
}

/// One writer's frames and logs.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) writer: Writer,
    /// Number of the next frame.
    pub(crate) next: u64,
    /// Hash of the last frame.
    pub(crate) head: Sha,
    pub(crate) logs: HashMap<Uuid, Log>,
    /// Roots wanted at certain sizes (those of checkpoints), filled in when a log passes through the size.
    pub(crate) marks: HashMap<(Uuid, u64), Option<Sha>>,
}

impl Chain {
    pub(crate) fn new(ledger: Uuid, writer: Writer) -> Self {
        let head = frame::genesis(ledger, writer);
        Self { writer, next: 0, head, logs: HashMap::new(), marks: HashMap::new() }
    }

    pub(crate) fn origin(&self, tenant: Uuid) -> Origin {
        Origin { tenant, writer: self.writer }
    }

    pub(crate) fn size(&self, tenant: Uuid) -> u64 {
        self.logs.get(&tenant).map_or(0, |log| log.tree.size())
    }

    /// Checks a frame against the state and takes it in. After an error the state is of no further use.
    pub(crate) fn accept(&mut self, view: &FrameView<'_>) -> Result<(), Fault> {
        let here = |chain: &Self, reason| chain.blame(reason, Cursor::new(view.entries));
        if view.number != self.next {
            return Err(here(self, FormatError::FrameNumber));
        }
        if view.prev != self.head {
            return Err(here(self, FormatError::FrameChain));
        }
        self.accept_entries(view)?;
        self.next = view.number.checked_add(1).ok_or_else(|| here(self, FormatError::FrameNumber))?;
        self.head = view.hash;
        Ok(())
    }

    fn accept_entries(&mut self, view: &FrameView<'_>) -> Result<(), Fault> {
        let mut c = Cursor::new(view.entries);
        for _ in 0..view.count {
            let at = c;
            match entry::parse(&mut c) {
                Ok(entry) => self.accept_entry(&entry)?,
                Err(reason) => return Err(self.blame(reason, at)),
            }
        }
        if c.rest().is_empty() {
            return Ok(());
        }
        Err(Fault { reason: FormatError::FrameLength, log: None, index: None })
    }

    /// Checks one entry against its log and takes it in.
    pub(crate) fn accept_entry(&mut self, entry: &EntryRef<'_>) -> Result<(), Fault> {
        let (origin, tenant) = (entry.origin, entry.origin.tenant);
        let log = self.logs.entry(tenant).or_insert_with(|| Log::new(&origin));
        let index = log.tree.size();
        let wrong = |reason| Fault { reason, log: Some(origin), index: Some(index) };
        if origin.writer != self.writer {
            return Err(wrong(FormatError::Origin));
        }
        if entry.leaf.index != index {
            return Err(wrong(FormatError::Index));
        }
        if entry.leaf.prev != log.prev {
            return Err(wrong(FormatError::PreviousLeaf));
        }
        if entry.leaf.commitment != commitment(&entry.salt, entry.payload) {
            return Err(wrong(FormatError::Commitment));
        }
        log.prev = leaf_hash(entry.leaf_bytes);
        log.tree.push(log.prev).ok_or(wrong(FormatError::Index))?;
        let size = log.tree.size();
        if let Some(mark) = self.marks.get_mut(&(tenant, size)) {
            *mark = log.tree.root();
        }
        Ok(())
    }

    /// Names the first bad index in a frame that does not parse, starting at `bytes`.
    pub(crate) fn locate(&mut self, reason: FormatError, bytes: &[u8]) -> Fault {
        let entries = bytes.get(HEAD..).unwrap_or_default();
        let first = self.blame(reason, Cursor::new(entries));
        let Ok(view) = frame::parse_unhashed(bytes) else {
            return first;
        };
        match self.accept_entries(&view) {
            Err(fault) if fault.log.is_some() => Fault { reason, ..fault },
            // Every entry is as it was written: the damage is in the frame's own fields, and what can no
            // longer be trusted begins with its first entry.
            _ => first,
        }
    }

    /// Attributes the entry at `at`, which may be damaged anywhere, to a log. The tenant stands in it twice; the
    /// copy that names a log in which this entry would be next is taken.
    fn blame(&self, reason: FormatError, at: Cursor<'_>) -> Fault {
        let guesses = entry::guess_origins(at, self.writer);
        let prev = |origin: &Origin| self.logs.get(&origin.tenant).map_or_else(|| origin.genesis(), |log| log.prev);
        let next = guesses.iter().find(|(origin, claimed)| *claimed == Some(prev(origin)));
        let known = || guesses.iter().find(|(origin, _)| self.logs.contains_key(&origin.tenant));
        let log = next.or_else(known).or(guesses.first()).map(|(origin, _)| *origin);
        Fault { reason, log, index: log.map(|origin| self.size(origin.tenant)) }
    }
}
