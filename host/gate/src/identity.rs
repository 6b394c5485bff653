//! Gate 1, identity: who asks. First, so that a refusal has a name. It doesn't know how a person or service logged
//! in; dispatch fixes the identity when a run starts and a guest can't change it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use casemate_abi::Code;

use crate::call::{Call, Origin};
use crate::refusal::Refusal;

/// A tenant's standing, shared by all its runs: raising it revokes every run that started before.
#[derive(Debug, Default)]
pub struct Standing(AtomicU64);

impl Standing {
    /// Revokes: runs that started before are refused at their next call.
    pub fn revoke(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn revocations(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Who a run is, for its whole life.
#[derive(Debug, Clone)]
pub struct Identity {
    origin: Origin,
    role: Option<String>,
    standing: Arc<Standing>,
    revocations_at_start: u64,
}

impl Identity {
    /// Fixes the identity of a run that starts now. `role` is the database role with the run's granted tables.
    #[must_use]
    pub fn fix(origin: Origin, role: Option<String>, standing: Arc<Standing>) -> Self {
        let revocations_at_start = standing.revocations();
        Self { origin, role, standing, revocations_at_start }
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
    if identity.standing.revocations() == identity.revocations_at_start {
        Ok(Identified { call })
    } else {
        Err(Refusal::new(Code::IdentityRevoked, "the tenant was suspended while the run was going on"))
    }
}
