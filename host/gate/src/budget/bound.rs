//! One limit that a charge is held to: whose it is, over which span, and who set it. It doesn't know what else is charged
//! with it.

use super::calendar::written;
use super::owner::{Gauge, UNLIMITED};
use super::resource::{Resource, Span};
use super::share::Share;
use crate::refusal::Refusal;

/// What a refusal by a run's own limit begins with.
const RUN: &str = "the run";

/// Whether it was neighbours that left a run no memory: its agent's or its tenant's limit, and not its own.
#[must_use]
pub fn is_crowded_out(refusal: &Refusal) -> bool {
    let is_own = refusal.message().strip_prefix(RUN).is_some_and(|rest| rest.starts_with("'s budget"));
    refusal.code() == casemate_abi::Code::BudgetMemory && !is_own
}

/// Whose limit, and with what else it stands together.
#[derive(Clone, Copy)]
pub(super) enum Whose<'m> {
    Run,
    /// An agent's or a tenant's, with the end of its window.
    Shared(&'m Share, Span, u64),
}

/// A limit with its gauge.
#[derive(Clone, Copy)]
pub(super) struct Bound<'m> {
    pub(super) gauge: &'m Gauge,
    pub(super) resource: Resource,
    pub(super) policy: u64,
    pub(super) operator: u64,
    pub(super) whose: Whose<'m>,
}

impl Bound<'_> {
    /// The smaller of the policy's and the operator's.
    pub(super) fn limit(&self) -> u64 {
        self.policy.min(self.operator)
    }

    /// Gives back what a charge that failed elsewhere had taken here.
    pub(super) fn give_back(&self, amount: u64) {
        self.gauge.give_back(amount);
    }

    pub(super) fn left(&self) -> u64 {
        self.limit().saturating_sub(self.gauge.used())
    }

    /// The refusal of whoever asked for more than is left: what is used, the limit, whose it is, how to raise it.
    pub(super) fn exhausted(&self, asked: u64) -> Refusal {
        let (limit, name) = (self.limit(), self.resource.name());
        let used = match self.gauge.used() {
            // A window that is closed: what it had was lent.
            UNLIMITED => limit,
            used => used,
        };
        let asked = if asked == 0 { String::new() } else { format!(", {asked} more asked for") };
        let (owner, when) = match self.whose {
            Whose::Run => (RUN.to_owned(), String::new()),
            Whose::Shared(share, span, ends_ms) => {
                let owner = match &share.owner.agent {
                    Some(agent) => format!("the agent {agent}"),
                    None => "the tenant".to_owned(),
                };
                let when = match span {
                    Span::AtOnce => " at once".to_owned(),
                    span => format!(" for this {}, which ends at {},", span.name(), written(ends_ms)),
                };
                (owner, when)
            }
        };
        Refusal::new(
            self.resource.code(),
            format!(
                "{owner}'s budget `{name}`{when} is used up: {used} of {limit} taken{asked}; raise {}",
                self.raised()
            ),
        )
    }

    /// Where the limit that binds can be raised.
    fn raised(&self) -> String {
        let name = self.resource.name();
        match self.whose {
            Whose::Run => format!("`budget.run.{name}` in the policy"),
            Whose::Shared(share, span, _) if self.operator < self.policy => {
                let agent = share.owner.agent.as_ref().map_or_else(String::new, |agent| format!(" --agent {agent}"));
                let tenant = share.owner.tenant_name();
                format!("it with `casemate budget set {tenant}{agent} --window {} {name}=N`", span.name())
            }
            Whose::Shared(share, span, _) => {
                let owner = if share.owner.agent.is_some() { "agent" } else { "tenant" };
                match span {
                    Span::AtOnce => format!("`budget.{owner}.{name}` in the policy"),
                    span => format!("`budget.{owner}.{}.{name}` in the policy", span.name()),
                }
            }
        }
    }
}

/// A policy's limit, where it has one.
pub(super) fn policy_limit(cap: Option<u64>) -> u64 {
    cap.unwrap_or(UNLIMITED)
}
