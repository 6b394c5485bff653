//! Gate 1, identity: who asks. First, so that a refusal has a name. It doesn't know how a person or service logged
//! in; dispatch fixes the identity when a run starts and a guest can't change it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use casemate_abi::Code;

use crate::call::{Call, Origin};
use crate::refusal::Refusal;

/// A tenant's standing, shared by all its runs. A number that each suspension and each end of one raises by one: odd while
/// the tenant is suspended, and another than before for every run that was under way meanwhile.
#[derive(Debug, Default)]
pub struct Standing(AtomicU64);

impl Standing {
    /// Suspends: runs that started before are refused at their next call, for good. Twice is as once.
    pub fn suspend(&self) {
        self.turn(0);
    }

    /// Ends a suspension: runs that start from now on are not refused. Twice is as once.
    pub fn reinstate(&self) {
        self.turn(1);
    }

    /// Whether no run may start now.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.number() % 2 == 1
    }

    fn turn(&self, from: u64) {
        let turned = |number: u64| (number % 2 == from).then(|| number.wrapping_add(1));
        // It fails where the standing is what it shall be.
        let _as_before = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, turned);
    }

    fn number(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Who a run is, for its whole life.
#[derive(Debug, Clone)]
pub struct Identity {
    origin: Origin,
    role: Option<String>,
    standing: Arc<Standing>,
    number_at_start: u64,
}

impl Identity {
    /// Fixes the identity of a run that starts now. `role` is the database role with the run's granted tables.
    #[must_use]
    pub fn fix(origin: Origin, role: Option<String>, standing: Arc<Standing>) -> Self {
        let number_at_start = standing.number();
        Self { origin, role, standing, number_at_start }
    }

    /// Whether the run may start, or go on: its tenant is not suspended, and was not since its identity was fixed.
    ///
    /// # Errors
    /// [`Code::IdentityRevoked`].
    pub fn in_good_standing(&self) -> Result<(), Refusal> {
        if self.number_at_start % 2 == 1 {
            Err(Refusal::new(Code::IdentityRevoked, "the tenant is suspended"))
        } else if self.standing.number() != self.number_at_start {
            Err(Refusal::new(Code::IdentityRevoked, "the tenant was suspended while the run was going on"))
        } else {
            Ok(())
        }
    }

    /// Tenant, agent and run.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }
}

/// A call whose maker is known and in good standing.
#[derive(Debug)]
#[must_use]
pub struct Identified {
    call: Call,
}

impl Identified {
    pub(crate) fn into_call(self) -> Call {
        self.call
    }
}

/// Re-reads the tenant's standing and names the call's maker.
///
/// # Errors
/// [`Code::IdentityRevoked`] when the tenant was suspended since the run started.
pub fn identify(identity: &Identity, call: Call) -> Result<Identified, Refusal> {
    identity.in_good_standing().map(|()| Identified { call })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AgentName, RunId, TenantId};

    fn started(standing: &Arc<Standing>) -> Identity {
        let agent = AgentName::try_from("agent".to_owned()).expect("a name");
        let tenant = TenantId::from(uuid::Uuid::nil());
        let origin = Origin { tenant, agent, run: RunId::from(uuid::Uuid::nil()) };
        Identity::fix(origin, None, Arc::clone(standing))
    }

    #[test]
    fn who_ran_while_the_tenant_was_suspended_is_refused_for_good() {
        let standing = Arc::new(Standing::default());
        let before = started(&standing);
        assert!(before.in_good_standing().is_ok() && !standing.is_suspended());
        standing.suspend();
        standing.suspend();
        let meanwhile = started(&standing);
        assert!(standing.is_suspended());
        assert!(before.in_good_standing().is_err() && meanwhile.in_good_standing().is_err());
        standing.reinstate();
        standing.reinstate();
        let after = started(&standing);
        assert!(before.in_good_standing().is_err() && meanwhile.in_good_standing().is_err());
        assert!(after.in_good_standing().is_ok() && !standing.is_suspended());
    }
}
