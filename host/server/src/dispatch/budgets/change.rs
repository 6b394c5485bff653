//! The operator's own limits: how they change, on record in the tenant's log before they hold. It doesn't know who the
//! operator is.

use casemate_gate::budget::{Caps, Resource, Span};
use casemate_gate::registry::{self, Happened, Subject};
use casemate_gate::{AgentName, Digest, TenantId};
use serde_json::json;

use super::{BudgetError, Change};
use crate::clock;
use crate::dispatch::registry::record;
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
    /// Digest of the policy that holds for the tenant, for the record.
    pub policy: Digest,
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
        let SetLimits { tenant, name, agent, span, limits, policy } = set;
        let whose = (tenant, agent);
        let before = self.budgets.bounds(&whose, span);
        let mut caps: Caps = before;
        for (resource, limit) in limits {
            *caps.get_mut(resource) = limit;
        }
        let agent = whose.1;
        let at_ms = clock::now_ms();
        let whose = agent.as_ref().map_or_else(|| name.clone(), |agent| format!("{name}/{agent}"));
        let (was, is) = (json!({"window": span, "limits": before}), json!({"window": span, "limits": caps}));
        let told = registry::Change::new(Subject::Budget, whose, Happened::Changed, was, is);
        let index = record(&self.crossing.ledger, tenant, policy, &[told]).await?;
        let ledger_index = index.ok_or(BudgetError::Failed)?;
        let change = Change { tenant, name, agent, span, at_ms, caps, before, ledger_index };
        self.budgets.change(change.clone()).await?;
        Ok(change)
    }
}
