//! Whether this host may go on with what it holds. Its lease is one for all its runs and ends by its own clock a little
//! before others believe it over; a single run may be taken from it earlier. Asked before anything that a guest does can
//! come to be. It doesn't know how a lease is renewed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use casemate_gate::RunId;

/// The lease of this host.
#[derive(Debug)]
pub struct HostLease {
    began: Instant,
    /// Milliseconds since `began` until which it holds.
    until_ms: AtomicU64,
    // Held to add one, or to look at all.
    grips: Mutex<HashMap<RunId, Weak<AtomicBool>>>,
}

impl HostLease {
    fn until(until_ms: u64) -> Arc<Self> {
        let until_ms = AtomicU64::new(until_ms);
        Arc::new(Self { began: Instant::now(), until_ms, grips: Mutex::default() })
    }

    /// One that never ends: of a host that shares its runs with nobody.
    #[must_use]
    pub fn unshared() -> Arc<Self> {
        Self::until(u64::MAX)
    }

    /// One that is over until it is renewed.
    #[must_use]
    pub fn over() -> Arc<Self> {
        Self::until(0)
    }

    /// Milliseconds of this host's own clock, which never goes back.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Lets it hold until then, by this host's own clock; 0 ends it.
    pub fn hold_until(&self, until_ms: u64) {
        self.until_ms.store(until_ms, Ordering::Release);
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.now_ms() < self.until_ms.load(Ordering::Acquire)
    }

    /// A hold on a run, for as long as the lease lasts and nobody says that the run is another's.
    #[must_use]
    pub fn grip(self: &Arc<Self>, run: RunId) -> Grip {
        let taken = Arc::new(AtomicBool::new(false));
        self.grips.lock().unwrap_or_else(PoisonError::into_inner).insert(run, Arc::downgrade(&taken));
        Grip { lease: Arc::clone(self), run, taken, is_returned: false }
    }

    /// How many runs are held.
    #[must_use]
    pub fn count(&self) -> usize {
        self.grips.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Lets go of every run for which that is not so.
    pub fn keep(&self, is_held: impl Fn(RunId) -> bool) {
        let grips = self.grips.lock().unwrap_or_else(PoisonError::into_inner);
        for (run, taken) in grips.iter() {
            if !is_held(*run)
                && let Some(taken) = taken.upgrade()
            {
                taken.store(true, Ordering::Release);
            }
        }
    }

    /// The runs that are held.
    #[must_use]
    pub fn held(&self) -> Vec<RunId> {
        self.grips.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

/// This host's hold on one run.
#[derive(Debug)]
pub struct Grip {
    lease: Arc<HostLease>,
    run: RunId,
    taken: Arc<AtomicBool>,
    is_returned: bool,
}

impl Grip {
    /// The same on a run that is given back where this host can't go on with it.
    #[must_use]
    pub const fn returned(mut self) -> Self {
        self.is_returned = true;
        self
    }

    /// Whether somebody goes on with the run where this host can't.
    #[must_use]
    pub const fn is_returned(&self) -> bool {
        self.is_returned
    }

    /// Whether the run is still this host's, as far as it can know.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.taken.load(Ordering::Acquire) && self.lease.holds()
    }
}

impl Drop for Grip {
    fn drop(&mut self) {
        let mut grips = self.lease.grips.lock().unwrap_or_else(PoisonError::into_inner);
        // Another hold on the same run may have taken its place.
        if grips.get(&self.run).is_some_and(|grip| std::ptr::eq(grip.as_ptr(), Arc::as_ptr(&self.taken))) {
            grips.remove(&self.run);
        }
    }
}
