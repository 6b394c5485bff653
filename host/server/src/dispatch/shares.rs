//! What the runs of a tenant share in this process beside its budget: its standing, and the
//! policy that holds for it. It doesn't know other processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use casemate_gate::TenantId;
use casemate_gate::identity::Standing;
use casemate_gate::policy::Active;

/// Standings and active policies by tenant.
#[derive(Default)]
pub(super) struct Shares {
    // Held for one look-up at a time.
    standings: Mutex<HashMap<TenantId, Arc<Standing>>>,
    active: Mutex<HashMap<TenantId, Arc<Active>>>,
}

impl Shares {
    /// The tenant's standing.
    pub(super) fn standing(&self, tenant: TenantId) -> Arc<Standing> {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(standings.entry(tenant).or_default())
    }

    /// The policy that holds for the tenant.
    pub(super) fn active(&self, tenant: TenantId) -> Arc<Active> {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(active.entry(tenant).or_default())
    }
}
