//! What agents hold open between calls: transactions, and queries read in pieces. Each holds a connection while its
//! guest computes, so few are let in, and of one tenant fewer: the others' statements need connections too. It doesn't
//! know what is held.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casemate_gate::TenantId;

use super::error::SqlError;

/// Most that are open at once, of the pool's sixteen.
const MOST: usize = 8;
/// Most of one tenant.
const OF_A_TENANT: usize = 4;

/// How much each tenant holds.
#[derive(Debug, Default)]
pub(super) struct Holders(Mutex<HashMap<TenantId, usize>>);

impl Holders {
    // Held to count.
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, if there is room.
    pub(super) fn hold(self: &Arc<Self>, tenant: TenantId) -> Result<Held, SqlError> {
        let mut holders = self.lock();
        let own = holders.get(&tenant).copied().unwrap_or_default();
        if own >= OF_A_TENANT || holders.values().sum::<usize>() >= MOST {
            return Err(SqlError::Crowded { tenant: OF_A_TENANT });
        }
        holders.insert(tenant, own + 1);
        Ok(Held { holders: Arc::clone(self), tenant })
    }
}

/// One connection that is held; given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    holders: Arc<Holders>,
    tenant: TenantId,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut holders = self.holders.lock();
        if let Some(own) = holders.get_mut(&self.tenant) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                holders.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_leaves_room_for_others() {
        let holders = Arc::new(Holders::default());
        let (one, other, third) = (
            TenantId::from(uuid::Uuid::from_u128(1)),
            TenantId::from(uuid::Uuid::from_u128(2)),
            TenantId::from(uuid::Uuid::from_u128(3)),
        );
        let mut held: Vec<_> = (0..OF_A_TENANT).filter_map(|_| holders.hold(one).ok()).collect();
        assert!(held.len() == OF_A_TENANT && holders.hold(one).is_err());
        held.extend((0..OF_A_TENANT).filter_map(|_| holders.hold(other).ok()));
        assert!(held.len() == MOST && holders.hold(third).is_err());
        held.clear();
        assert!(holders.hold(third).is_ok());
    }
}
