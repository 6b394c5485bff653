//! The policy that holds for a tenant now, and a run's tenure under the one that it began with: a run keeps its version
//! until the one that holds now forbids what it is about to do. It doesn't know who activates policies, or when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::wasi::Wasi;
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
    component: Digest,
    /// How many changes it has looked at. None: it has not looked yet.
    seen: Option<u64>,
    successor: Option<Box<Grants>>,
}

impl Tenure {
    /// The tenure of a run of a component that begins, or goes on, under a policy.
    #[must_use]
    pub const fn new(active: Arc<Active>, began: Digest, manifest: Manifest, component: Digest) -> Self {
        Self { active, began, manifest, component, seen: None, successor: None }
    }

    /// Digest of the policy that holds now: the run's own where its tenant has none.
    pub(crate) fn holds(&self) -> Digest {
        self.active.policy().map_or(self.began, |policy| policy.digest)
    }

    /// What the agent may do under the policy that holds now, where that is another than the run's own.
    pub(crate) fn successor(&mut self) -> Option<&Grants> {
        let changes = self.active.changes();
        if self.seen != Some(changes) {
            let other = self.active.policy().filter(|policy| policy.digest != self.began);
            self.successor = other.map(|policy| {
                // A component that isn't pinned would not be admitted now: nothing is granted to it.
                let admitted = policy.admits(&self.manifest.agent, self.component);
                let nothing = || Manifest { rules: Vec::new(), wasi: Wasi::default(), ..self.manifest.clone() };
                Box::new(if admitted { policy.grants(&self.manifest) } else { policy.grants(&nothing()) })
            });
            self.seen = Some(changes);
        }
        self.successor.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Active, Tenure};
    use crate::authz::Action;
    use crate::id::Digest;
    use crate::policy::tests::BUDGET;
    use crate::policy::{Manifest, Policy, PolicyError};

    #[test]
    fn a_component_that_is_not_pinned_any_more_is_granted_nothing() -> Result<(), PolicyError> {
        let grant = "[[grant]]\ntool = \"log\"\nverbs = [\"write\"]\n";
        let policy = |rest: &str| Policy::parse(&format!("name = \"p\"\n{BUDGET}\n{grant}{rest}"));
        let capability = grant.replace("grant", "capability");
        let manifest = Manifest::parse(&format!("[agent]\nname = \"a\"\nversion = \"1\"\n{capability}"))?;
        let (component, other) = (Digest::of(b"this"), Digest::of(b"another"));
        let active = Arc::new(Active::default());
        let began = policy("")?;
        let mut tenure = Tenure::new(Arc::clone(&active), began.digest, manifest, component);
        assert!(tenure.successor().is_none());
        active.activate(Arc::new(policy(&format!("[pin]\na = [\"{component}\"]\n"))?));
        assert!(tenure.successor().is_some_and(|grants| grants.covers(Action::LogWrite, None)));
        active.activate(Arc::new(policy(&format!("[pin]\na = [\"{other}\"]\n"))?));
        assert!(tenure.successor().is_some_and(|grants| !grants.covers(Action::LogWrite, None)));
        active.activate(Arc::new(began));
        assert!(tenure.successor().is_none(), "its own version holds again");
        Ok(())
    }
}
