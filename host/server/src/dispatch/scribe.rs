//! Writes down new runs: their circumstances, their keys and the first row of their journals. It needs keys and nothing else
//! of a host, so that whoever only submits a job does the same. It doesn't know who will run it.

use std::sync::Arc;

use casemate_gate::job::NewRun;
use casemate_gate::journal::{Row, RowKind};
use casemate_gate::pii::Guard;
use casemate_gate::policy::Policy;
use casemate_gate::rls::Scope;
use casemate_gate::vault::{Vault, VaultRecord};
use casemate_gate::{AgentName, Digest, Epoch, RunId, Seq, TenantId};
use casemate_keys::{KeyRing, MacKey, RunKey, Use};
use casemate_pii::{Channel, Sentinel};

use super::{DispatchError, Job};
use crate::crossing::Place;
use crate::crossing::frame::{Frame, Start};
use crate::sandbox::{self, Optimisation};

/// Which agent is to be run for whom: a job as far as it is written down.
#[derive(Debug, Clone)]
pub struct Offer {
    /// For whom.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentName,
    /// Which component.
    pub component: Digest,
    /// Under which policy.
    pub policy: Arc<Policy>,
}

impl Job {
    /// The job as far as it is written down.
    #[must_use]
    pub fn offer(&self) -> Offer {
        Offer {
            tenant: self.tenant,
            agent: self.agent.manifest().agent.clone(),
            component: self.agent.digest(),
            policy: Arc::clone(&self.policy),
        }
    }
}

/// The beginning of a run, not recorded yet.
pub(super) struct Beginning {
    pub(super) start: Start,
    pub(super) vault: Vault,
    pub(super) key: RunKey,
}

/// See the file's head.
pub struct Scribe {
    keys: Arc<KeyRing>,
    sentinel: Sentinel,
}

impl Scribe {
    /// One with these keys.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>) -> Self {
        Self { keys, sentinel: Sentinel::new() }
    }

    /// The keys.
    pub(super) const fn keys(&self) -> &Arc<KeyRing> {
        &self.keys
    }

    /// The circumstances of a new run: personal data in its input becomes tokens, and it gets a key. Given are its time in
    /// milliseconds since 1970-01-01T00:00:00Z, its seed, and tokens that stand in the input already.
    pub(super) fn beginning(
        &self,
        offer: &Offer,
        run: RunId,
        mut input: serde_json::Value,
        (time_ms, seed, given): (u64, [u8; 32], Vec<VaultRecord>),
    ) -> Result<Beginning, DispatchError> {
        let key = self.keys.run_key(offer.tenant.as_uuid())?;
        let mut vault = self.vault(offer.tenant, run, key.token_epoch)?;
        vault.restore(given);
        let mut guard = Guard { sentinel: &self.sentinel, rules: &offer.policy.pii, vault: &mut vault };
        casemate_gate::pii::document(&mut guard, Channel::Input, &mut input)?;
        let start = Start {
            time_ms,
            agent: offer.agent.clone(),
            component: offer.component,
            policy: offer.policy.digest,
            profile: sandbox::profile(Optimisation::default()).to_owned(),
            input: input.to_string(),
            seed,
            fuel: offer.policy.budget.run.fuel,
            vault: vault.take_fresh(),
        };
        Ok(Beginning { start, vault, key })
    }

    /// What is recorded of a new run beside its journal.
    pub(super) fn new_run(&self, offer: &Offer, run: RunId, key: &RunKey) -> Result<NewRun, DispatchError> {
        Ok(NewRun {
            id: run,
            agent: offer.agent.clone(),
            component: offer.component,
            policy: offer.policy.digest,
            wrapped_key: self.keys.wrap_run(offer.tenant.as_uuid(), run.as_uuid(), key)?.0,
        })
    }

    /// The first row of a run's journal, under the claim by which it is recorded.
    pub(super) fn start_row(
        &self,
        offer: &Offer,
        run: RunId,
        scope: &Scope,
        key: &RunKey,
        start: &Start,
        epoch: Epoch,
    ) -> Result<Row, DispatchError> {
        let place = Place {
            tenant: offer.tenant,
            run,
            epoch,
            policy: offer.policy.digest,
            scope: scope.clone(),
            key: key.key.duplicate()?,
        };
        // The duplicate seals this one row: the run's own key is charged for it.
        key.key.spend(1);
        Ok(place.seal(&Frame::Start(start.clone()), Seq::default(), RowKind::Start)?)
    }

    /// The key of a tenant under which requests are compared: the same however often the tenant's keys are rotated, since
    /// epochs are kept.
    pub(super) fn request_key(&self, tenant: TenantId) -> Result<MacKey, DispatchError> {
        // There is a first epoch from here on.
        self.keys.epoch(tenant.as_uuid(), Use::Token)?;
        Ok(self.keys.mac_key(tenant.as_uuid(), Use::Token, 1)?.derive(&[b"request"])?)
    }

    /// The vault of a run, with the key of the epoch in which the run began.
    pub(super) fn vault(&self, tenant: TenantId, run: RunId, epoch: u32) -> Result<Vault, DispatchError> {
        let tenant_key = self.keys.mac_key(tenant.as_uuid(), Use::Token, epoch)?;
        Ok(Vault::new(&tenant_key, run)?)
    }
}
