//! Whether a component becomes an agent that runs can be started with, and the record of it when it doesn't: whoever
//! was offered it can see later that it was, by its digest. It doesn't know how components are judged.

use casemate_abi::Code;
use casemate_gate::policy::Policy;
use casemate_gate::{Digest, TenantId};
use casemate_keys::random;
use casemate_ledger::{Draft, Kind};
use serde_json::json;
use uuid::Uuid;

use super::{DispatchError, Dispatcher};
use crate::clock;
use crate::sandbox::{Candidate, ComponentError, Loaded};

impl Dispatcher {
    /// Makes a component ready for runs of these tenants under a policy. One that isn't admitted is on record in each
    /// tenant's log, durably, before the error is returned; so is an agent that is another component than before.
    ///
    /// # Errors
    /// [`DispatchError::Component`], and those of the ledger.
    pub async fn admit(
        &self,
        tenants: &[TenantId],
        digest: Digest,
        candidate: Result<Candidate, ComponentError>,
        policy: &Policy,
    ) -> Result<Loaded, DispatchError> {
        let error = match self.judge(candidate, policy).await {
            Ok(loaded) => {
                let ledger = &self.crossing.ledger;
                for tenant in tenants {
                    let agent = &loaded.manifest().agent;
                    self.registry.agent(ledger, *tenant, policy.digest, agent, loaded.digest()).await?;
                }
                return Ok(loaded);
            }
            Err(error) => error,
        };
        // The component's digest and a code: nothing that would have to be sealed.
        let payload = json!({"component": digest.to_string(), "code": error.code()}).to_string().into_bytes();
        let drafts: Result<Vec<Draft>, DispatchError> = tenants
            .iter()
            .map(|tenant| {
                Ok(Draft {
                    kind: Kind::Refusal,
                    tenant: tenant.as_uuid(),
                    run: Uuid::nil(),
                    seq: 0,
                    epoch: 0,
                    tool: 0,
                    decision: Code::ComponentRefused as u16,
                    time_ms: clock::now_ms(),
                    policy: *policy.digest.as_bytes(),
                    salt: random()?,
                    payload: payload.clone(),
                })
            })
            .collect();
        drop(self.crossing.ledger.submit(drafts?).await?);
        Err(error.into())
    }

    async fn judge(
        &self,
        candidate: Result<Candidate, ComponentError>,
        policy: &Policy,
    ) -> Result<Loaded, ComponentError> {
        let candidate = candidate?;
        if !policy.admits(&candidate.manifest().agent, candidate.digest()) {
            return Err(ComponentError::NotPinned(candidate.digest()));
        }
        self.sandbox.load(&candidate, &policy.grants(candidate.manifest())).await
    }
}
