//! This host among others on one Postgres: it registers, renews its lease, and finds out which runs are its own no more. A
//! host that was given up stops its guests before it goes on as a new one. It doesn't know what the runs do.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use casemate_gate::RunId;
use casemate_gate::rls::Scope;
use casemate_jobs::lease::{Lease, Terms};
use casemate_store::{Db, NewHost, Orphan};

use super::{DispatchError, bookkeeping_of};
use crate::lease::HostLease;

/// How often a lease is renewed while it lasts.
const RENEWALS: u32 = 4;

/// This host, as the database knows it.
pub struct Presence {
    db: Db,
    host: NewHost,
    ttl: Duration,
    terms: Terms,
    start: AtomicI64,
    lease: Arc<HostLease>,
    is_draining: AtomicBool,
    /// The lease as it was when this host registered, until its renewals begin.
    first: Mutex<Option<Lease>>,
    /// Runs that this host holds, as the database has it, and of which it knows nothing: since when.
    strangers: Mutex<HashMap<RunId, Instant>>,
}

impl Presence {
    /// Registers this host; what it held when it was last up can be claimed from now on, by any host.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn register(db: Db, host: NewHost, ttl: Duration) -> Result<Arc<Self>, DispatchError> {
        let ttl_ms = super::millis(ttl);
        // There are none for a lease of under 4 ms, and no configuration can say that.
        let terms = Terms::new(ttl_ms, ttl_ms / 5, ttl_ms / 4, ttl_ms / 4).ok_or(DispatchError::NoRun)?;
        let (start, lease) = (AtomicI64::new(0), HostLease::over());
        let (first, strangers, is_draining) = (Mutex::default(), Mutex::default(), AtomicBool::new(false));
        let presence = Self { db, host, ttl, terms, start, lease, is_draining, first, strangers };
        let begun = presence.begin().await?;
        *presence.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        Ok(Arc::new(presence))
    }

    /// The lease, for whoever has to stop when it is over.
    #[must_use]
    pub const fn lease(&self) -> &Arc<HostLease> {
        &self.lease
    }

    /// Says how many runs this host takes at once.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn offer(&self, slots: u32) -> Result<(), DispatchError> {
        Ok(self.db.offer_slots(self.host.id, slots).await?)
    }

    /// Says that this host takes no more runs.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
    }

    async fn begin(&self) -> Result<Lease, DispatchError> {
        let own = self.db.orphans(Some(self.host.id)).await?;
        self.give_up(own).await?;
        let sent_ms = self.lease.now_ms();
        let start = self.db.register_host(self.host.clone(), self.ttl).await?;
        self.start.store(start, Ordering::Release);
        let lease = Lease::begin(self.terms, sent_ms);
        self.lease.hold_until(lease.until_ms());
        Ok(lease)
    }

    /// Renews the lease for as long as the host is up, and has runs of lost hosts claimed again.
    pub async fn keep(self: Arc<Self>) {
        let pause = self.ttl / RENEWALS;
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        // One that was over long ago is not renewed, but begun again.
        let mut lease = first.unwrap_or_else(|| Lease::begin(self.terms, 0));
        loop {
            tokio::time::sleep(pause.min(Duration::from_secs(2))).await;
            match self.renew(&mut lease).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, code = error.code(), "the host's lease could not be renewed"),
            }
        }
    }

    async fn renew(&self, lease: &mut Lease) -> Result<(), DispatchError> {
        let (sent_ms, start) = (self.lease.now_ms(), self.start.load(Ordering::Acquire));
        let running = u32::try_from(self.lease.count()).unwrap_or(u32::MAX);
        let is_draining = self.is_draining.load(Ordering::Acquire);
        let renewed = self.db.renew_host(self.host.id, start, self.ttl, running, is_draining).await?;
        if renewed && lease.renewed(sent_ms, self.lease.now_ms()) {
            self.lease.hold_until(lease.until_ms());
        } else {
            tracing::error!("the host's lease was over before it was renewed: what it held is others' now");
            self.lease.hold_until(0);
            self.lease.keep(|_| false);
            *lease = self.begin().await?;
        }
        self.look_after_runs().await?;
        let orphans = self.db.orphans(None).await?;
        if !orphans.is_empty() {
            self.give_up(orphans).await?;
        }
        Ok(())
    }

    /// Finds out which runs were taken from this host: cancelled, paused, or claimed by somebody else. Those that it holds
    /// and doesn't know of, since the answer to their claim was lost, it lets go of after a while.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn look_after_runs(&self) -> Result<(), DispatchError> {
        // One that was claimed after this is looked at another time.
        let known: HashSet<RunId> = self.lease.held().into_iter().collect();
        let held = self.db.orphans(Some(self.host.id)).await?;
        let own: HashSet<RunId> = held.iter().map(|held| held.run).collect();
        self.lease.keep(|run| own.contains(&run) || !known.contains(&run));
        self.let_go_of_strangers(held).await
    }

    async fn let_go_of_strangers(&self, own: Vec<Orphan>) -> Result<(), DispatchError> {
        // Looked at after the question: a run that was claimed before it and came after it is known by now.
        let known: HashSet<RunId> = self.lease.held().into_iter().collect();
        let lost = {
            let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
            let unknown: Vec<Orphan> = own.into_iter().filter(|held| !known.contains(&held.run)).collect();
            strangers.retain(|run, _| unknown.iter().any(|held| held.run == *run));
            for held in &unknown {
                strangers.entry(held.run).or_insert_with(Instant::now);
            }
            let is_old = |held: &Orphan| strangers.get(&held.run).is_some_and(|since| since.elapsed() >= self.ttl / 2);
            unknown.into_iter().filter(is_old).collect::<Vec<_>>()
        };
        self.give_up(lost).await
    }

    /// Has runs claimed again that a lost host held.
    async fn give_up(&self, orphans: Vec<Orphan>) -> Result<(), DispatchError> {
        let mut rest = orphans;
        while let Some(first) = rest.first().copied() {
            let (these, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|orphan| (orphan.tenant, orphan.host) == (first.tenant, first.host));
            let scope: Scope = bookkeeping_of(first.tenant)?;
            let runs = these.into_iter().map(|orphan| orphan.run).collect();
            let lost = self.db.lose(&scope, first.host, runs).await?;
            if lost > 0 {
                tracing::info!(host = %first.host, runs = lost, "runs of a lost host can be claimed again");
            }
            rest = others;
        }
        Ok(())
    }

    /// Takes this host off the list. Call it when it holds nothing any more.
    ///
    /// # Errors
    /// Those of the database: then its lease runs out.
    pub async fn leave(&self) -> Result<(), DispatchError> {
        self.lease.hold_until(0);
        Ok(self.db.leave(self.host.id, self.start.load(Ordering::Acquire)).await?)
    }
}
