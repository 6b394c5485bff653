//! The ledger as its callers see it: submit drafts, get receipts; ask for checkpoints; read back; close.
//! It does not know what an entry means, and takes no entry's word for durability but the commit's.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use signed_note::Signer;
use uuid::Uuid;

use crate::frame::FRAME_OVERHEAD;
use crate::limits::{FRAME_ENTRIES_MAX, FRAME_MAX, PAYLOAD_MAX};
use crate::memory::MemoryLedger;
use crate::open::{self, Running};
use crate::queue::Queue;
use crate::read::{Entries, Limit};
use crate::{AppendError, CheckpointTicket, Config, Draft, Memory, OpenError, Origin, ReadError, Ticket, Writer};

enum Inner {
    Zones(Zones),
    Memory(Box<MemoryLedger>),
}

struct Zones {
    running: Mutex<Running>,
    /// The same as in `running`, so that submitting does not take its lock.
    queue: Arc<Queue>,
    /// Directory of zone 0, which is read back.
    zone: PathBuf,
    ledger: Uuid,
    writer: Writer,
}

/// One process's ledger: the logs of all tenants that this process writes. Shared by reference; dropping it
/// closes it.
pub struct Ledger {
    inner: Inner,
}

impl Ledger {
    /// Opens three zones, completes what a crash left unfinished, and starts the sequencer.
    ///
    /// # Errors
    /// See [`OpenError`]; on an error nothing was acknowledged and no frame was changed, except that a zone that
    /// was merely behind may have been completed.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let (ledger, writer) = (config.ledger_id, config.writer);
        let zone = config.zones.first().cloned().unwrap_or_default();
        let running = open::open(config)?;
        let queue = Arc::clone(&running.queue);
        Ok(Self { inner: Inner::Zones(Zones { running: Mutex::new(running), queue, zone, ledger, writer }) })
    }

    /// A ledger without zones: entries are hashed and chained alike, but nothing survives the process.
    #[must_use]
    pub fn in_memory(ledger_id: Uuid, writer: Writer, signer: Box<dyn Signer + Send>, keep: Memory) -> Self {
        Self { inner: Inner::Memory(Box::new(MemoryLedger::new(ledger_id, writer, signer, keep))) }
    }

    /// The log that this ledger writes for a tenant.
    #[must_use]
    pub fn origin(&self, tenant: Uuid) -> Origin {
        let writer = match &self.inner {
            Inner::Zones(zones) => zones.writer,
            Inner::Memory(memory) => memory.writer(),
        };
        Origin { tenant, writer }
    }

    /// Appends drafts, in order and all in one frame. The ticket resolves when they are durable in all zones,
    /// with one receipt per draft. An error that says a zone failed leaves it unknown whether they are durable;
    /// the next open decides.
    pub fn submit(&self, drafts: Vec<Draft>) -> Ticket {
        let room = match room(&drafts) {
            Ok(room) => room,
            Err(error) => return Ticket::ready(Err(error)),
        };
        match &self.inner {
            Inner::Memory(memory) => Ticket::ready(memory.append(&drafts, room)),
            Inner::Zones(Zones { queue, .. }) => {
                let (reply, ticket) = Ticket::channel();
                queue.append(drafts, room, reply);
                ticket
            }
        }
    }

    /// Signs and publishes a checkpoint of one log, covering every entry that was durable when the sequencer
    /// took the request.
    pub fn checkpoint(&self, origin: Origin) -> CheckpointTicket {
        self.anchor(Some(origin))
    }

    /// The same for every log of this writer that has grown since its last checkpoint.
    pub fn checkpoint_all(&self) -> CheckpointTicket {
        self.anchor(None)
    }

    fn anchor(&self, origin: Option<Origin>) -> CheckpointTicket {
        match &self.inner {
            Inner::Memory(memory) => CheckpointTicket::ready(memory.anchor(origin)),
            Inner::Zones(Zones { queue, .. }) => {
                let (reply, ticket) = CheckpointTicket::channel();
                queue.anchor(origin, reply);
                ticket
            }
        }
    }

    /// The durable entries of one log of this writer, oldest first. With zones they are read from zone 0 as the
    /// iterator goes, up to what was durable at the call.
    ///
    /// # Errors
    /// `ledger-zone-unreadable`; the items fail with the same or with the code of damage found.
    pub fn entries_of(&self, origin: Origin) -> Result<Entries, ReadError> {
        self.read(Some(origin))
    }

    /// The durable entries of all logs of this writer, in the order in which they were committed.
    ///
    /// # Errors
    /// As for [`Self::entries_of`].
    pub fn entries(&self) -> Result<Entries, ReadError> {
        self.read(None)
    }

    fn read(&self, only: Option<Origin>) -> Result<Entries, ReadError> {
        match &self.inner {
            Inner::Memory(memory) => Ok(Entries::held(memory.entries(only))),
            Inner::Zones(Zones { queue, zone, ledger, writer, .. }) => {
                let limit = Limit { writer: *writer, frames: queue.committed() };
                Entries::of(zone, *ledger, Some(limit), only)
            }
        }
    }

    /// Takes no more work, finishes what waits, and gives the zones free.
    ///
    /// # Errors
    /// The error that ended the ledger earlier, if one did.
    pub fn close(&self) -> Result<(), AppendError> {
        match &self.inner {
            Inner::Memory(memory) => {
                memory.close();
                Ok(())
            }
            Inner::Zones(Zones { running, .. }) => {
                let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
                let ended = running.queue.end(AppendError::Closed);
                let panicked = running.threads.drain(..).map(|t| t.join()).filter(Result::is_err).count();
                running.locks.clear();
                match ended {
                    AppendError::Closed if panicked == 0 => Ok(()),
                    AppendError::Closed => Err(AppendError::Stopped),
                    error => Err(error),
                }
            }
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // Whoever wants to know closes; every error was also given to the callers it concerned.
        let _known = self.close();
    }
}

/// Bytes the drafts take at most, if they keep the limits.
fn room(drafts: &[Draft]) -> Result<usize, AppendError> {
    if drafts.is_empty() {
        return Err(AppendError::Empty);
    }
    if let Some(draft) = drafts.iter().find(|draft| draft.payload.len() > PAYLOAD_MAX) {
        return Err(AppendError::PayloadTooLarge { len: draft.payload.len() });
    }
    let room: usize = drafts.iter().map(Draft::room).sum();
    if drafts.len() > FRAME_ENTRIES_MAX || room.saturating_add(FRAME_OVERHEAD) > FRAME_MAX {
        return Err(AppendError::BatchTooLarge);
    }
    Ok(room)
}
