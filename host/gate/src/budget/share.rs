//! A run's part in what its agent and its tenant may use, and what a stretch of a run begins with. It doesn't know what is
//! charged to it.

use std::sync::Arc;

use super::bound::{Bound, Whose, policy_limit};
use super::owner::{Owner, UNLIMITED, Windows};
use super::resource::{Amounts, Caps, PerSpan, Resource, Span};

/// A run's part in what an agent or a tenant may use.
#[derive(Debug)]
pub struct Share {
    pub(super) owner: Arc<Owner>,
    pub(super) windows: Windows,
    policy: PerSpan<Caps>,
}

impl Share {
    /// A share in an owner's budget under a policy's limits.
    #[must_use]
    pub const fn of(owner: Arc<Owner>, windows: Windows, policy: PerSpan<Caps>) -> Self {
        Self { owner, windows, policy }
    }

    pub(super) fn bound(&self, span: Span, resource: Resource) -> Bound<'_> {
        let (gauge, ends_ms) = match self.windows.get(span) {
            None => (self.owner.at_once.get(resource), UNLIMITED),
            Some(window) => (window.used.get(resource), window.period.ends_ms),
        };
        let policy = policy_limit(*self.policy.get(span).get(resource));
        let operator = self.owner.operator(span, resource);
        Bound { gauge, resource, policy, operator, whose: Whose::Shared(self, span, ends_ms) }
    }

    pub(super) fn give_back_to_windows(&self, resource: Resource, amount: u64) {
        for window in [&self.windows.hour, &self.windows.day, &self.windows.month] {
            window.used.get(resource).give_back(amount);
        }
    }
}

/// What a stretch of a run begins with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stretch {
    /// What the run had used before, and has been charged for.
    pub before: Amounts,
    /// What its record says of it: it is charged for these before it uses them, and for no more than these in the end.
    pub held: Amounts,
    /// What of the run is answered from its journal when the stretch begins: charged at once, and to no window again.
    /// Its memory is that of the recorded frames, which the host holds for as long as the stretch lasts.
    pub replayed: Amounts,
}
