//! Who a run is, and that its tenant may run at all: a suspended tenant's runs are refused at their next call, none is
//! begun, and one that sleeps stays asleep. It doesn't know who suspends tenants, nor why.

use std::time::{Duration, Instant};

use casemate_gate::identity::Identity;
use casemate_gate::policy::Grants;
use casemate_gate::{RunId, TenantId};

use super::{DispatchError, Dispatcher, Job, origin};

/// How long a run of a suspended tenant waits between two looks at its standing, once it wakes.
const POLL: Duration = Duration::from_millis(250);

impl Dispatcher {
    /// Suspends a tenant: its runs are refused at their next call, and none is begun.
    pub fn suspend(&self, tenant: TenantId) {
        self.shares.standing(tenant).suspend();
    }

    /// Lets a tenant's runs begin again. Those that were refused have ended.
    pub fn reinstate(&self, tenant: TenantId) {
        self.shares.standing(tenant).reinstate();
    }

    /// Fixes who the run is. One whose tenant is suspended waits for so long that the tenant may be reinstated, and is
    /// refused then, on record.
    pub(super) async fn identity(
        &self,
        job: &Job,
        run: RunId,
        grants: &Grants,
        patience: Duration,
    ) -> Result<Identity, DispatchError> {
        let role = self.records.role(grants).await?;
        let standing = self.shares.standing(job.tenant);
        let deadline = Instant::now() + patience;
        if standing.is_suspended() && !patience.is_zero() {
            tracing::info!(%run, "the run waits: its tenant is suspended");
        }
        while standing.is_suspended() && Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
        }
        let identity = Identity::fix(origin(job, run), role, standing);
        match identity.in_good_standing() {
            Ok(()) => Ok(identity),
            Err(refusal) => {
                let remedy = "reinstate the tenant with `casemate tenant reinstate` first: it is suspended";
                Err(self.not_begun(job, refusal.with_cause("tenant-suspended", remedy)).await)
            }
        }
    }
}
