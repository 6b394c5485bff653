//! The policy that holds for a tenant now, and a run's tenure under the one that it began with: a run keeps its version
//! until the one that holds now forbids what it is about to do. It doesn't know who activates policies, or when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Grants, Manifest, Policy};
use crate::id::Digest;

/// The policy that holds for a tenant now; none for a tenant whose runs bring their own. Shared by all its runs.
#[derive(Debug, Default)]
pub struct Active {
    /// How often it changed, so that a call sees without a lock that nothing did.
    changes: AtomicU64,
    // Held for one look or one exchange.
    policy: RwLock<Option<Arc<Policy>>>,
}

impl Active {
    /// From now on this one holds. Runs under way meet it at their next call.
    pub fn activate(&self, policy: Arc<Policy>) {
        let mut holds = self.policy.write().unwrap_or_else(PoisonError::into_inner);
        *holds = Some(policy);
        // Inside the lock, so that whoever sees the number sees the policy.
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// The one that holds.
    #[must_use]
    pub fn policy(&self) -> Option<Arc<Policy>> {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}

/// A run under the policy that it began with.
#[derive(Debug)]
pub struct Tenure {
    active: Arc<Active>,
    began: Digest,
    manifest: Manifest,
    /// How many changes it has looked at. None: it has not looked yet.
    seen: Option<u64>,
    successor: Option<Box<Grants>>,
}

impl Tenure {
    /// The tenure of a run that begins, or goes on, under a policy.
    #[must_use]
    pub const fn new(active: Arc<Active>, began: Digest, manifest: Manifest) -> Self {
        Self { active, began, manifest, seen: None, successor: None }
    }

    /// What the agent may do under the policy that holds now, where that is another than the run's own.
    pub(crate) fn successor(&mut self) -> Option<&Grants> {
        let changes = self.active.changes();
        if self.seen != Some(changes) {
            let other = self.active.policy().filter(|policy| policy.digest != self.began);
            self.successor = other.map(|policy| Box::new(policy.grants(&self.manifest)));
            self.seen = Some(changes);
        }
        self.successor.as_deref()
    }
}
