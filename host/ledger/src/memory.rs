//! A ledger without zones, for runs and benchmarks that need no durability: the same chain and the same bytes,
//! appended under a mutex on the caller's thread, so a ticket is ready when it is returned. It survives nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use signed_note::Signer;
use uuid::Uuid;

use crate::bytes::Cursor;
use crate::chain::Chain;
use crate::notary::Notary;
use crate::ticket::Answer;
use crate::{
    AppendError, CheckpointError, Draft, Entry, Memory, Origin, Receipt, SignedCheckpoint, Writer, engine, entry, frame,
};

struct Core {
    chain: Chain,
    notary: Notary,
    frames: Vec<Vec<u8>>,
    held: usize,
    over: Option<AppendError>,
}

/// The in-memory sink.
pub(crate) struct MemoryLedger {
    core: Mutex<Core>,
    keep: Memory,
}

impl MemoryLedger {
    pub(crate) fn new(ledger: Uuid, writer: Writer, signer: Box<dyn Signer + Send>, keep: Memory) -> Self {
        let chain = Chain::new(ledger, writer);
        let notary = Notary::new(vec![signer], HashMap::new());
        let core = Core { chain, notary, frames: Vec::new(), held: 0, over: None };
        Self { core: Mutex::new(core), keep }
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn writer(&self) -> Writer {
        self.lock().chain.writer
    }

    pub(crate) fn close(&self) {
        self.lock().over.get_or_insert(AppendError::Closed);
    }

    pub(crate) fn append(&self, drafts: &[Draft], room: usize) -> Answer<Vec<Receipt>, AppendError> {
        let mut core = self.lock();
        if let Some(error) = &core.over {
            return Err(error.clone());
        }
        if let Memory::Keep { limit } = self.keep
            && core.held.saturating_add(room).saturating_add(frame::FRAME_OVERHEAD) > limit
        {
            return Err(AppendError::MemoryFull);
        }
        let Some(mut sealed) = core.chain.seal(drafts.iter(), room) else {
            return Err(core.over.insert(AppendError::Exhausted).clone());
        };
        if let Memory::Keep { .. } = self.keep {
            core.held = core.held.saturating_add(sealed.bytes.len());
            let bytes = std::mem::take(&mut sealed.bytes);
            core.frames.push(bytes);
        }
        Ok(sealed.committed().collect())
    }

    pub(crate) fn anchor(&self, origin: Option<Origin>) -> Answer<Vec<SignedCheckpoint>, CheckpointError> {
        let mut core = self.lock();
        if let Some(error) = &core.over {
            return Err(error.clone().into());
        }
        let heads = match origin {
            Some(origin) => vec![engine::head(&core.chain, &origin)?],
            None => engine::all_heads(&core.chain),
        };
        let mut signed = Vec::new();
        for head in heads {
            if origin.is_none() && core.notary.knows(&head) {
                continue;
            }
            signed.push(core.notary.sign(head)?);
            core.notary.published(head);
        }
        Ok(signed)
    }

    /// Entries of one log or of all, up to now.
    pub(crate) fn entries(&self, only: Option<Origin>) -> Vec<Entry> {
        let core = self.lock();
        let mut found = Vec::new();
        for bytes in &core.frames {
            let Ok(view) = frame::parse_unhashed(bytes) else {
                continue;
            };
            let mut c = Cursor::new(view.entries);
            while let Ok(entry) = entry::parse(&mut c) {
                if only.is_none_or(|origin| origin == entry.origin) {
                    found.push(entry.to_entry(view.number));
                }
            }
        }
        found
    }
}
