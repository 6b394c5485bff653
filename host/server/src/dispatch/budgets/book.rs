//! What the record says, taken together: what each agent and tenant used in which hour, day and month, what is held, and
//! what the operator set. It doesn't know where lines are kept, nor what time it is.

use std::collections::{BTreeMap, VecDeque};

use casemate_gate::budget::{Amounts, Caps, PerSpan, Period, Span};
use casemate_gate::{AgentName, RunId, TenantId};

use super::entry::{Change, Entry, Hold};

/// How many windows of each kind are remembered of one owner, the newest.
const HOURS: usize = 72;
const DAYS: usize = 62;
const MONTHS: usize = 36;
/// How many changes of one owner's limits are remembered, the newest.
const CHANGES: usize = 256;
/// Most stretches that are held at the same time.
const HOLDS: usize = 65_536;

/// An agent of a tenant, or a tenant.
pub type Whose = (TenantId, Option<AgentName>);

/// What is remembered of one owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// What was used, by the first millisecond of the window. At once there is none.
    pub spent: PerSpan<BTreeMap<u64, Amounts>>,
    /// The operator's limits.
    pub bounds: PerSpan<Caps>,
    /// How they came about, the oldest first.
    pub changes: VecDeque<Change>,
}

/// The record, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    owners: BTreeMap<Whose, Kept>,
    holds: BTreeMap<RunId, Hold>,
}

impl Book {
    /// Whether one more stretch can be held.
    pub(super) fn has_room(&self) -> bool {
        self.holds.len() < HOLDS
    }

    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Hold(hold) => drop(self.holds.insert(hold.run, hold)),
            Entry::Settle { run, spent } => {
                if let Some(hold) = self.holds.remove(&run) {
                    for whose in [(hold.tenant, None), (hold.tenant, Some(hold.agent.clone()))] {
                        for span in [Span::Hour, Span::Day, Span::Month] {
                            self.spend(whose.clone(), span, Period::of(span, hold.at_ms).begins_ms, &spent);
                        }
                    }
                }
            }
            Entry::Change(change) => {
                let kept = self.owners.entry((change.tenant, change.agent.clone())).or_default();
                *kept.bounds.get_mut(change.span) = change.caps;
                kept.changes.push_back(change);
                if kept.changes.len() > CHANGES {
                    kept.changes.pop_front();
                }
            }
            Entry::Total { tenant, agent, span, begins_ms, spent } => {
                self.spend((tenant, agent), span, begins_ms, &spent);
            }
        }
    }

    pub(super) fn forget(&mut self, tenant: TenantId) {
        self.owners.retain(|(of, _), _| *of != tenant);
        self.holds.retain(|_, hold| hold.tenant != tenant);
    }

    fn spend(&mut self, whose: Whose, span: Span, begins_ms: u64, spent: &Amounts) {
        let windows = self.owners.entry(whose).or_default().spent.get_mut(span);
        let total = windows.entry(begins_ms).or_default();
        *total = total.plus(spent);
        let most = match span {
            Span::AtOnce => 0,
            Span::Hour => HOURS,
            Span::Day => DAYS,
            Span::Month => MONTHS,
        };
        while windows.len() > most {
            windows.pop_first();
        }
    }

    /// What is used of a window by stretches that ended.
    #[must_use]
    pub fn spent(&self, whose: &Whose, span: Span, period: Period) -> Amounts {
        let kept = self.owners.get(whose);
        kept.and_then(|kept| kept.spent.get(span).get(&period.begins_ms)).copied().unwrap_or_default()
    }

    /// What stretches hold of a window that have not ended.
    #[must_use]
    pub fn held(&self, (tenant, agent): &Whose, period: Period) -> Amounts {
        self.holds
            .values()
            .filter(|hold| hold.tenant == *tenant && agent.as_ref().is_none_or(|agent| *agent == hold.agent))
            .filter(|hold| period.holds(hold.at_ms))
            .fold(Amounts::default(), |sum, hold| sum.plus(&hold.held))
    }

    /// The stretch of a run that is held.
    #[must_use]
    pub fn hold(&self, run: RunId) -> Option<&Hold> {
        self.holds.get(&run)
    }

    /// Everything that is held of a tenant's.
    pub fn holds(&self, tenant: TenantId) -> impl Iterator<Item = &Hold> {
        self.holds.values().filter(move |hold| hold.tenant == tenant)
    }

    /// What is remembered of an owner.
    #[must_use]
    pub fn kept(&self, whose: &Whose) -> Option<&Kept> {
        self.owners.get(whose)
    }

    /// A tenant and its agents, as far as anything is known of them.
    #[must_use]
    pub fn owners_of(&self, tenant: TenantId) -> Vec<Whose> {
        let known = self.owners.keys().filter(|(of, agent)| *of == tenant && agent.is_some()).cloned();
        let holding = self.holds(tenant).map(|hold| (tenant, Some(hold.agent.clone())));
        let mut owners: Vec<Whose> = std::iter::once((tenant, None)).chain(known).chain(holding).collect();
        owners.sort();
        owners.dedup();
        owners
    }

    /// Those of these lines that are about a tenant or its agents.
    #[must_use]
    pub fn lines_of(&self, tenant: TenantId) -> Vec<serde_json::Value> {
        let is_of = |entry: &Entry| match entry {
            Entry::Hold(hold) => hold.tenant == tenant,
            Entry::Change(change) => change.tenant == tenant,
            Entry::Total { tenant: of, .. } => *of == tenant,
            Entry::Settle { .. } => false,
        };
        self.entries().filter(is_of).filter_map(|entry| serde_json::to_value(entry).ok()).collect()
    }

    /// The lines from which the same book is read again.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let of_owner = |((tenant, agent), kept): (&Whose, &Kept)| {
            let (tenant, agent) = (*tenant, agent.clone());
            let mut entries: Vec<Entry> = kept.changes.iter().cloned().map(Entry::Change).collect();
            for span in [Span::Hour, Span::Day, Span::Month] {
                entries.extend(kept.spent.get(span).iter().map(|(begins_ms, spent)| Entry::Total {
                    tenant,
                    agent: agent.clone(),
                    span,
                    begins_ms: *begins_ms,
                    spent: *spent,
                }));
            }
            entries
        };
        self.owners.iter().flat_map(of_owner).chain(self.holds.values().cloned().map(Entry::Hold))
    }
}
