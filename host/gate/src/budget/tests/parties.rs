//! A tenant with two agents, for tests.

use std::sync::Arc;

use super::super::{Amounts, Caps, Limits, Meter, Owner, PerResource, PerSpan, Resource, Share, Span, Terms, Windows};
use crate::Refusal;
use crate::id::AgentName;

/// 2026-11-24T06:40:00Z.
pub(super) const NOW: u64 = 1_795_502_400_000;

pub(super) struct Parties {
    pub(super) tenant: Arc<Owner>,
    a: Arc<Owner>,
    b: Arc<Owner>,
}

fn unused(now: u64) -> Windows {
    Windows::at(now, |_, _| Amounts::default())
}

impl Parties {
    pub(super) fn new() -> Self {
        let owner = |agent: Option<&str>| {
            let agent = agent.map(|name| AgentName::try_from(name.to_owned()).unwrap());
            Arc::new(Owner::new(agent, unused(NOW)))
        };
        Self { tenant: owner(None), a: owner(Some("a")), b: owner(Some("b")) }
    }

    pub(super) fn agent(&self, name: &str) -> &Arc<Owner> {
        if name == "a" { &self.a } else { &self.b }
    }

    pub(super) fn share(&self, owner: &Arc<Owner>, now: u64, policy: PerSpan<Caps>) -> Share {
        Share::of(Arc::clone(owner), owner.windows(now, |_, _| Amounts::default()), policy)
    }

    pub(super) fn shares(&self, now: u64, terms: &Terms, agent: &str) -> (Share, Share) {
        (self.share(self.agent(agent), now, terms.agent), self.share(&self.tenant, now, terms.tenant))
    }

    pub(super) fn open_at(&self, now: u64, terms: Terms, agent: &str) -> Result<Meter, Refusal> {
        let (of_agent, of_tenant) = self.shares(now, &terms, agent);
        Meter::open(terms, of_agent, of_tenant)
    }

    pub(super) fn try_open(&self, terms: Terms, agent: &str) -> Result<Meter, Refusal> {
        self.open_at(NOW, terms, agent)
    }

    pub(super) fn open(&self, terms: Terms, agent: &str) -> Meter {
        self.try_open(terms, agent).unwrap()
    }

    /// What is used of an agent's budget, or of the tenant's where no agent is named.
    pub(super) fn used(&self, agent: &str, span: Span) -> Amounts {
        let owner = if agent.is_empty() { &self.tenant } else { self.agent(agent) };
        match owner.windows(0, |_, _| Amounts::default()).get(span) {
            None => owner.at_once(),
            Some(window) => window.used(),
        }
    }
}

/// The same limit for everything but fuel and time, which are free, or none.
pub(super) fn caps(limit: Option<u64>) -> Caps {
    Caps::each(|_| limit)
}

impl Caps {
    pub(super) fn map_or_zero(self) -> Limits {
        Limits::each(|resource| self.get(resource).unwrap_or_default())
    }
}

/// Terms of a run whose fuel and time are nothing, so that they are no matter.
pub(super) fn terms(run: u64, agent: PerSpan<Caps>, tenant: PerSpan<Caps>) -> Terms {
    let run = PerResource::each(|resource| match resource {
        Resource::Fuel | Resource::WallClock => 0,
        _ => run,
    });
    Terms { run, agent, tenant, denials: 10 }
}
