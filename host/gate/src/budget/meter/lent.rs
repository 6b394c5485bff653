//! A meter whose agent and tenant are served by several hosts: what a run may use of their hours, days and months is lent to
//! it, a part at a time, and it uses no more than that. It doesn't know who lends.

use casemate_abi::limits;
use casemate_jobs::escrow::grant_size;

use super::{Gauge, Meter, Of};
use crate::budget::owner::UNLIMITED;
use crate::budget::resource::{Amounts, Resource};
use crate::budget::share::{Share, Stretch};
use crate::budget::terms::Terms;
use crate::refusal::Refusal;

/// What is lent in parts. Fuel and time are lent whole, before the guest's first instruction.
const PARTS: [Resource; 3] = [Resource::Calls, Resource::LogBytes, Resource::ResultBytes];

/// Of what is left of a window one run is lent a fourth at most, so that the last of a limit isn't held by one of them.
const OF_LEFT: u32 = 4;

/// What a single call may need: with less than this, more is asked for.
const fn of_a_call(resource: Resource) -> u64 {
    match resource {
        Resource::Calls => 1,
        Resource::LogBytes => limits::LOG_MESSAGE_BYTES as u64,
        Resource::ResultBytes => limits::CALL_BYTES as u64,
        Resource::Fuel | Resource::WallClock | Resource::Memory => 0,
    }
}

/// How many calls' needs are lent at least, as long as there is as much.
const CALLS: u64 = 16;

impl Meter {
    /// As [`Meter::wake`], of windows that other hosts spend from too: the shares have windows of this run's own, which say
    /// what everybody uses at this moment. What it holds then is on [`Meter::stretch`], and has to be on record before it is
    /// used.
    ///
    /// # Errors
    /// As for [`Meter::wake`].
    pub fn wake_lent(terms: Terms, agent: Share, tenant: Share, replayed: Amounts) -> Result<Self, Refusal> {
        let mut meter = Self::wake(terms, agent, tenant, replayed)?;
        for resource in PARTS {
            let own = terms.run.get(resource).saturating_sub(*replayed.get(resource));
            let part = meter.part(resource, own);
            *meter.stretch.held.get_mut(resource) = part;
            *meter.prepaid.get_mut(resource) = Gauge::of(part);
        }
        Ok(meter.lent())
    }

    /// As [`Meter::adopt`], of a stretch that another host left behind.
    ///
    /// # Errors
    /// As for [`Meter::adopt`].
    pub fn adopt_lent(terms: Terms, agent: Share, tenant: Share, stretch: Stretch) -> Result<Self, Refusal> {
        Ok(Self::adopt(terms, agent, tenant, stretch)?.lent())
    }

    /// Closes the windows that have a limit: what was not lent is not there. Those without one stay open, and are told what
    /// was used in the end.
    fn lent(mut self) -> Self {
        self.is_lent = true;
        for resource in PARTS {
            let windows = self.bounds(resource).filter(|bound| Of::Windows.has(bound));
            windows.filter(|bound| bound.limit() != UNLIMITED).for_each(|bound| bound.gauge.add(UNLIMITED));
        }
        self
    }

    /// What should be asked for before the next call: what the run may still use and has not been lent, of each resource of
    /// which a call may need more than there is.
    #[must_use]
    pub fn wanted(&self) -> Option<Amounts> {
        if !self.is_lent {
            return None;
        }
        let mut wanted = Amounts::default();
        for resource in PARTS {
            let (used, lent) =
                (self.used(resource).max(*self.stretch.replayed.get(resource)), self.prepaid.get(resource).used());
            let own = self.terms.run.get(resource).saturating_sub(used);
            if lent < own && lent < of_a_call(resource) {
                *wanted.get_mut(resource) = own - lent;
            }
        }
        (wanted != Amounts::default()).then_some(wanted)
    }

    /// How much of what is wanted windows have that are as these shares say. `None` where there is nothing.
    #[must_use]
    pub fn portion(&self, agent: Share, tenant: Share, wanted: &Amounts) -> Option<Amounts> {
        let now = Self::unpaid(self.terms, agent, tenant, self.stretch);
        let mut portion = Amounts::default();
        for resource in PARTS {
            *portion.get_mut(resource) = now.part(resource, *wanted.get(resource));
        }
        (portion != Amounts::default()).then_some(portion)
    }

    /// Takes note of what was lent beside what was before.
    pub fn lend(&self, more: &Amounts) {
        for resource in PARTS {
            self.prepaid.get(resource).add(*more.get(resource));
        }
    }

    /// How much of what is wanted one run is lent of what is left.
    fn part(&self, resource: Resource, wanted: u64) -> u64 {
        let windows = self.bounds(resource).filter(|bound| Of::Windows.has(bound));
        let limited = windows.filter(|bound| bound.limit() != UNLIMITED);
        let Some(left) = limited.map(|bound| bound.left()).min() else { return wanted };
        let least = of_a_call(resource).saturating_mul(CALLS);
        grant_size(wanted, left, OF_LEFT).max(least).min(wanted).min(left)
    }

    /// Whether what is given back of a resource was lent, and can be used again.
    pub(super) fn is_lent(&self, resource: Resource) -> bool {
        self.is_lent && PARTS.contains(&resource)
    }
}
