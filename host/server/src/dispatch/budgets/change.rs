//! The operator's own limits: how they change, on record in the tenant's log before they hold. It doesn't know who the
//! operator is.

use casemate_gate::budget::{Caps, Resource, Span};
use casemate_gate::{AgentName, TenantId};
use casemate_keys::random;
use casemate_ledger::{Draft, Kind};
use serde_json::json;
use uuid::Uuid;

use super::{BudgetError, Change};
use crate::clock;
use crate::dispatch::{DispatchError, Dispatcher};

/// What the operator asks for.
#[derive(Debug, Clone)]
pub struct SetLimits {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name, for the refusals that tell of the limit.
    pub name: String,
    /// Which agent's, if not the tenant's own.
    pub agent: Option<AgentName>,
    /// At once, or an hour, day or month.
    pub span: Span,
    /// New limits; `None` takes one away. What is not named stays.
    pub limits: Vec<(Resource, Option<u64>)>,
}

impl Dispatcher {
    /// Sets limits of one span: first in the tenant's log, then in the budget record; runs under way in this process meet
    /// them at their next call.
    ///
    /// # Errors
    /// [`DispatchError`]: then the limits are what they were.
    pub async fn set_limits(&self, set: SetLimits) -> Result<Change, DispatchError> {
        let SetLimits { tenant, name, agent, span, limits } = set;
        let whose = (tenant, agent);
        let before = self.budgets.bounds(&whose, span);
        let mut caps: Caps = before;
        for (resource, limit) in limits {
            *caps.get_mut(resource) = limit;
        }
        let agent = whose.1;
        let at_ms = clock::now_ms();
        let told = json!({"budget": {"agent": agent, "window": span, "before": before, "limits": caps}});
        let draft = Draft {
            kind: Kind::Registry,
            tenant: tenant.as_uuid(),
            run: Uuid::nil(),
            seq: 0,
            epoch: 0,
            tool: 0,
            decision: 0,
            time_ms: at_ms,
            policy: [0; 32],
            salt: random()?,
            payload: told.to_string().into_bytes(),
        };
        let receipt = self.crossing.ledger.submit(vec![draft]).await?.into_iter().next_back();
        let ledger_index = receipt.ok_or(BudgetError::Failed)?.index();
        let change = Change { tenant, name, agent, span, at_ms, caps, before, ledger_index };
        self.budgets.change(change.clone()).await?;
        Ok(change)
    }
}
