//! A host's work: it claims runs of all tenants in turn, as many as it has slots for, and drives each until it ends or waits.
//! What it can't drive it gives back. It doesn't know where components and policies come from.

mod claimed;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::{Digest, Refusal, TenantId};
use casemate_store::{Db, HeldRun};
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::{DispatchError, Dispatcher, Job, Presence, bookkeeping_of};
use turns::Turns;

/// How often work is looked for although nobody said that there is some.
const POLL: Duration = Duration::from_millis(500);
/// How soon it is looked for again when somebody said so.
const SOON: Duration = Duration::from_millis(5);
/// How long a free slot waits for others, so that one claim fills several: it costs as much as a short run.
const GATHER: Duration = Duration::from_millis(20);
/// Of how many slots one has to be free for a claim that doesn't wait.
const OF_FREE: u32 = 4;
/// How often the queue may turn to its next slot.
const TURN: Duration = Duration::from_secs(5);
/// How long this host rests after the database was out of reach.
const REST: Duration = Duration::from_secs(1);

/// Where components and policies come from.
pub trait Stock: Send + Sync {
    /// What a run was submitted with, ready to be run.
    fn job(&self, tenant: TenantId, component: Digest, policy: Digest) -> BoxFuture<'_, Result<Job, DispatchError>>;

    /// Whether a run may begin under a policy that it was submitted with a while ago: whoever signed the pack may not be
    /// believed any more, or its time may be over.
    ///
    /// # Errors
    /// [`Code::PolicyRefused`](casemate_abi::Code::PolicyRefused).
    fn may_begin(&self, policy: Digest) -> Result<(), Refusal>;
}

/// See the file's head.
pub struct Worker {
    dispatcher: Arc<Dispatcher>,
    stock: Arc<dyn Stock>,
    presence: Arc<Presence>,
    db: Db,
    host: Uuid,
    slots: u32,
}

/// A run that this host has no more: whose it was, and how long it took.
struct Gone {
    tenant: TenantId,
    took: Duration,
}

impl Worker {
    /// A worker with so many slots.
    ///
    /// # Errors
    /// [`DispatchError::NoDatabase`].
    pub fn new(
        dispatcher: Arc<Dispatcher>,
        stock: Arc<dyn Stock>,
        presence: Arc<Presence>,
        slots: u32,
    ) -> Result<Self, DispatchError> {
        let (db, host) = dispatcher.records.shared()?;
        let db = db.clone();
        Ok(Self { dispatcher, stock, presence, db, host, slots })
    }

    /// Works until it is told to stop, and then lets what is under way come to its end for a while; what has not by then is
    /// given back, for other hosts to go on with.
    pub async fn work(self: Arc<Self>, mut stop: watch::Receiver<bool>, patience: Duration) {
        let (gone, mut came_back) = mpsc::channel(usize::try_from(self.slots).unwrap_or(1).max(1));
        let mut turns = Turns::default();
        let mut free = self.slots;
        let mut told = self.db.listen().await;
        let (mut looked, mut turned, mut is_told) = (None::<Instant>, Instant::now(), true);
        while !*stop.borrow() {
            if free > 0 && (is_told || looked.is_none_or(|looked: Instant| looked.elapsed() >= POLL)) {
                match self.db.waiting().await {
                    Ok(waiting) => turns.found(waiting),
                    Err(error) => {
                        tracing::warn!(%error, code = error.code(), "work could not be looked for");
                        tokio::time::sleep(REST).await;
                    }
                }
                (looked, is_told) = (Some(Instant::now()), false);
            }
            if turned.elapsed() >= TURN {
                turned = Instant::now();
                if let Err(error) = self.db.turn_queue().await {
                    tracing::warn!(%error, code = error.code(), "the queue could not be turned");
                }
            }
            free = self.fill(free, &mut turns, &gone).await;
            tokio::select! {
                Some(gone) = came_back.recv() => {
                    let until = tokio::time::Instant::now() + GATHER;
                    let mut next = Some(gone);
                    while let Some(Gone { tenant, took }) = next {
                        free = free.saturating_add(1);
                        turns.came_back(tenant, took);
                        next = match came_back.try_recv() {
                            Err(_) if free < self.slots.div_ceil(OF_FREE) => {
                                tokio::time::timeout_at(until, came_back.recv()).await.ok().flatten()
                            }
                            more => more.ok(),
                        };
                    }
                }
                () = told.next() => {
                    is_told = true;
                    tokio::time::sleep(SOON).await;
                    // Somebody may have taken a run from this host.
                    let presence = Arc::clone(&self.presence);
                    tokio::spawn(async move { presence.look_after_runs().await });
                }
                () = tokio::time::sleep(POLL) => {}
                _ = stop.changed() => {}
            }
        }
        self.presence.drain();
        self.come_to_an_end(free, came_back, patience).await;
    }

    /// Claims for whoever's turn it is until there is no slot free or no work. The slots that are free then.
    async fn fill(self: &Arc<Self>, mut free: u32, turns: &mut Turns, gone: &mpsc::Sender<Gone>) -> u32 {
        while let Some((tenant, most)) = turns.next(free) {
            let claimed = match bookkeeping_of(tenant) {
                Ok(scope) => self.db.claim(&scope, self.host, &turns.places(tenant), most).await.map_err(Into::into),
                Err(error) => Err(error),
            };
            match claimed {
                Ok(claimed) => {
                    let count = u32::try_from(claimed.runs.len()).unwrap_or(u32::MAX);
                    turns.claimed(tenant, count, &claimed, most);
                    free = free.saturating_sub(count);
                    for held in claimed.runs {
                        self.start(tenant, held, gone.clone());
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, code = error.code(), %tenant, "runs could not be claimed");
                    turns.nothing(tenant);
                    tokio::time::sleep(SOON).await;
                }
            }
        }
        free
    }

    fn start(self: &Arc<Self>, tenant: TenantId, held: HeldRun, gone: mpsc::Sender<Gone>) {
        let worker = Arc::clone(self);
        // From here on it is known that this host has it.
        let grip = self.dispatcher.lease.grip(held.run.id).returned();
        tokio::spawn(async move {
            let begun = Instant::now();
            worker.drive(tenant, held, grip).await;
            let _stopped = gone.send(Gone { tenant, took: begun.elapsed() }).await;
        });
    }

    /// Waits for what is under way; at the end of its patience it takes the runs from their guests, and waits for that.
    async fn come_to_an_end(&self, free: u32, mut came_back: mpsc::Receiver<Gone>, patience: Duration) {
        let mut under_way = self.slots.saturating_sub(free);
        let mut deadline = tokio::time::Instant::now() + patience;
        let mut has_asked = false;
        while under_way > 0 {
            match tokio::time::timeout_at(deadline, came_back.recv()).await {
                Ok(Some(_)) => under_way = under_way.saturating_sub(1),
                Ok(None) => return,
                Err(_) if has_asked => return,
                Err(_) => {
                    tracing::info!(runs = under_way, "runs that did not end in time are given back");
                    has_asked = true;
                    deadline = tokio::time::Instant::now() + patience.max(REST);
                    self.dispatcher.lease.keep(|_| false);
                }
            }
        }
    }
}
