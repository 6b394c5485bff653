//! What the runs of a tenant share in this process: its account and its standing. It doesn't know other processes;
//! sharing a budget with them is the database's work.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use casemate_gate::budget::Account;
use casemate_gate::identity::Standing;
use casemate_gate::policy::Policy;
use casemate_gate::{Digest, TenantId};

/// Accounts and standings by tenant.
#[derive(Default)]
pub(super) struct Shares {
    // Each held for one look-up at a time.
    accounts: Mutex<HashMap<(TenantId, Digest), Arc<Account>>>,
    standings: Mutex<HashMap<TenantId, Arc<Standing>>>,
}

impl Shares {
    /// The tenant's account under a policy.
    pub(super) fn account(&self, tenant: TenantId, policy: &Policy) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = accounts.entry((tenant, policy.digest));
        Arc::clone(account.or_insert_with(|| Arc::new(Account::new(&policy.tenant))))
    }

    /// The tenant's standing.
    pub(super) fn standing(&self, tenant: TenantId) -> Arc<Standing> {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(standings.entry(tenant).or_default())
    }
}
