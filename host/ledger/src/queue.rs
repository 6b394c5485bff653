//! What waits for the sequencer: submits and checkpoint requests, bounded, and the error that ended the ledger.
//! It does not know frames or zones.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;

use crate::frame::FRAME_OVERHEAD;
use crate::limits::{FRAME_ENTRIES_MAX, FRAME_MAX, QUEUE_CHECKPOINTS_MAX, QUEUE_MAX};
use crate::publish::CheckpointReply;
use crate::ticket::Answer;
use crate::{AppendError, Draft, Origin, Receipt};

pub(crate) type AppendReply = oneshot::Sender<Answer<Vec<Receipt>, AppendError>>;

/// One submit.
pub(crate) struct Append {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) room: usize,
    pub(crate) reply: AppendReply,
}

/// A request for checkpoints: of one log or of all.
pub(crate) struct Anchor {
    pub(crate) origin: Option<Origin>,
    pub(crate) reply: CheckpointReply,
}

#[derive(Default)]
struct State {
    appends: VecDeque<Append>,
    room: usize,
    anchors: Vec<Anchor>,
    /// Set once, then every request gets it: closed, or the failure that poisoned the ledger.
    over: Option<AppendError>,
}

/// What callers and the sequencer share.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    /// Number of frames that are durable.
    committed: AtomicU64,
}

impl Queue {
    pub(crate) fn new(committed: u64) -> Self {
        Self { committed: AtomicU64::new(committed), ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No invariant spans a panic: the state is a queue.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of frames that are durable.
    pub(crate) fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    /// Records that the frames before `next` are durable.
    pub(crate) fn commit(&self, next: u64) {
        self.committed.store(next, Ordering::Release);
    }

    pub(crate) fn append(&self, drafts: Vec<Draft>, room: usize, reply: AppendReply) {
        let mut state = self.lock();
        let full = state.room.saturating_add(room) > QUEUE_MAX;
        if let Some(error) = state.over.clone().or(full.then_some(AppendError::Busy)) {
            drop(state);
            let _dropped = reply.send(Err(error));
            return;
        }
        state.room = state.room.saturating_add(room);
        state.appends.push_back(Append { drafts, room, reply });
        drop(state);
        self.wake.notify_one();
    }

    pub(crate) fn anchor(&self, origin: Option<Origin>, reply: CheckpointReply) {
        let mut state = self.lock();
        let full = state.anchors.len() >= QUEUE_CHECKPOINTS_MAX;
        if let Some(error) = state.over.clone().or(full.then_some(AppendError::Busy)) {
            drop(state);
            let _dropped = reply.send(Err(error.into()));
            return;
        }
        state.anchors.push(Anchor { origin, reply });
        drop(state);
        self.wake.notify_one();
    }

    /// Ends the ledger with `error`, unless it has ended already; returns the error it ended with.
    pub(crate) fn end(&self, error: AppendError) -> AppendError {
        let error = self.lock().over.get_or_insert(error).clone();
        self.wake.notify_all();
        error
    }

    /// Waits for work. `None` when the ledger is closed and the queue is empty. Takes what is there without
    /// waiting for more: measured with 64 callers, waiting for those just answered gained nothing.
    pub(crate) fn next(&self) -> Option<(Vec<Append>, Vec<Anchor>)> {
        let mut state = self.lock();
        while state.appends.is_empty() && state.anchors.is_empty() {
            if state.over.is_some() {
                return None;
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let anchors = mem::take(&mut state.anchors);
        let (mut batch, mut room, mut entries) = (Vec::new(), FRAME_OVERHEAD, 0usize);
        while let Some(next) = state.appends.front() {
            room = room.saturating_add(next.room);
            entries = entries.saturating_add(next.drafts.len());
            if !batch.is_empty() && (room > FRAME_MAX || entries > FRAME_ENTRIES_MAX) {
                break;
            }
            batch.extend(state.appends.pop_front());
        }
        let taken: usize = batch.iter().map(|append: &Append| append.room).sum();
        state.room = state.room.saturating_sub(taken);
        Some((batch, anchors))
    }

    /// Answers everything that still waits with `error`.
    pub(crate) fn fail(&self, error: &AppendError) {
        let (appends, anchors) = {
            let mut state = self.lock();
            state.room = 0;
            (mem::take(&mut state.appends), mem::take(&mut state.anchors))
        };
        for append in appends {
            let _dropped = append.reply.send(Err(error.clone()));
        }
        for anchor in anchors {
            let _dropped = anchor.reply.send(Err(error.clone().into()));
        }
    }
}
