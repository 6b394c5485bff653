//! What the runs of a tenant share in this process beside its budget: its standing. It doesn't know other processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use casemate_gate::TenantId;
use casemate_gate::identity::Standing;

/// Standings by tenant.
#[derive(Default)]
pub(super) struct Shares {
    // Held for one look-up at a time.
    standings: Mutex<HashMap<TenantId, Arc<Standing>>>,
}

impl Shares {
    /// The tenant's standing.
    pub(super) fn standing(&self, tenant: TenantId) -> Arc<Standing> {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(standings.entry(tenant).or_default())
    }
}
