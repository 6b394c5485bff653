//! A run's meter: its own account, its agent's and its tenant's, charged together or not at all. It doesn't know what
//! is being paid for, nor what time it is: windows come with the share, and a stretch of a run, from its beginning or
//! waking to its next wait or end, stays in the windows in which it began.

mod lent;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use casemate_abi::Code;

use super::bound::{Bound, Whose};
use super::owner::{Gauge, UNLIMITED};
use super::resource::{Amounts, PerResource, Resource, Span};
use super::share::{Share, Stretch};
use super::terms::Terms;
use crate::refusal::Refusal;

/// What is left of a run's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// Calls that the run may still attempt: the smallest number of its own, its agent's and its tenant's.
    pub calls: u64,
    /// Bytes of replies, likewise.
    pub result_bytes: u64,
    /// Bytes of log, likewise.
    pub log_bytes: u64,
}

/// Nobody else knows of the charge to the windows.
const OPEN: u8 = 0;
/// It stands on record, and outlives the meter.
const ON_RECORD: u8 = 1;
/// It is what was used.
const SETTLED: u8 = 2;

/// Which of its limits a charge goes to.
#[derive(Clone, Copy)]
enum Of {
    All,
    Run,
    /// The run's own, and its agent's and tenant's at once.
    AtOnce,
    /// Its agent's and tenant's at once.
    OthersAtOnce,
    Windows,
}

impl Of {
    fn has(self, bound: &Bound<'_>) -> bool {
        match (self, bound.whose) {
            (Self::All, _) | (Self::Run | Self::AtOnce, Whose::Run) => true,
            (Self::AtOnce | Self::OthersAtOnce, Whose::Shared(_, span, _)) => span == Span::AtOnce,
            (Self::Windows, Whose::Shared(_, span, _)) => span != Span::AtOnce,
            (Self::Run, Whose::Shared(..)) | (Self::OthersAtOnce | Self::Windows, Whose::Run) => false,
        }
    }
}

/// The accounts that a run is charged to.
#[derive(Debug)]
pub struct Meter {
    terms: Terms,
    run: PerResource<Gauge>,
    agent: Share,
    tenant: Share,
    stretch: Stretch,
    /// What the windows have been charged already and the run has not used yet.
    prepaid: PerResource<Gauge>,
    /// What agent and tenant have been charged at once for calls that are still to be replayed.
    ahead: PerResource<Gauge>,
    /// How the charge to the windows stands: [`OPEN`], [`ON_RECORD`] or [`SETTLED`].
    charge: AtomicU8,
    crowded: AtomicBool,
    /// Whether other hosts spend from the same windows: then nothing is taken from them that was not lent.
    is_lent: bool,
    denials: AtomicU64,
    peak_memory: AtomicU64,
}

impl Meter {
    /// Opens the account of a run that begins: takes its fuel and its time whole, so that runs together never pass the
    /// limits of their agent and tenant.
    ///
    /// # Errors
    /// The refusal of the limit for which this is too much; then nothing is taken.
    pub fn open(terms: Terms, agent: Share, tenant: Share) -> Result<Self, Refusal> {
        Self::wake(terms, agent, tenant, Amounts::default())
    }

    /// The same for a run that goes on: `replayed` was used, and paid for, before.
    ///
    /// # Errors
    /// As for [`Meter::open`]: the run can go on later.
    pub fn wake(terms: Terms, agent: Share, tenant: Share, replayed: Amounts) -> Result<Self, Refusal> {
        let stretch = Stretch { before: replayed, held: Amounts::default(), replayed };
        let mut meter = Self::unpaid(terms, agent, tenant, stretch);
        meter.take_at_once()?;
        for resource in [Resource::Fuel, Resource::WallClock] {
            let whole = terms.run.get(resource).saturating_sub(*replayed.get(resource));
            meter.take_from(Of::Windows, resource, whole)?;
            *meter.stretch.held.get_mut(resource) = whole;
        }
        for resource in [Resource::Calls, Resource::LogBytes, Resource::ResultBytes] {
            let own = terms.run.get(resource).saturating_sub(*replayed.get(resource));
            let left = meter.bounds(resource).filter(|bound| Of::Windows.has(bound)).map(|bound| bound.left()).min();
            *meter.stretch.held.get_mut(resource) = own.min(left.unwrap_or_default());
        }
        Ok(meter)
    }

    /// The same for a stretch that was cut off when its host died: the windows were charged for all of it then, and the
    /// rest of it pays for what the run does now.
    ///
    /// # Errors
    /// As for [`Meter::open`], for what is used at once alone.
    pub fn adopt(terms: Terms, agent: Share, tenant: Share, stretch: Stretch) -> Result<Self, Refusal> {
        let mut meter = Self::unpaid(terms, agent, tenant, stretch);
        meter.charge = AtomicU8::new(ON_RECORD);
        let used = stretch.replayed.minus(&stretch.before);
        for resource in [Resource::Calls, Resource::LogBytes, Resource::ResultBytes] {
            let rest = stretch.held.get(resource).saturating_sub(*used.get(resource));
            *meter.prepaid.get_mut(resource) = Gauge::of(rest);
        }
        meter.take_at_once()?;
        Ok(meter)
    }

    fn unpaid(terms: Terms, agent: Share, tenant: Share, stretch: Stretch) -> Self {
        Self {
            terms,
            run: PerResource::default(),
            agent,
            tenant,
            stretch,
            prepaid: PerResource::default(),
            ahead: PerResource::default(),
            charge: AtomicU8::new(OPEN),
            crowded: AtomicBool::new(false),
            is_lent: false,
            denials: AtomicU64::new(0),
            peak_memory: AtomicU64::new(0),
        }
    }

    /// Fuel and time of the whole run, and what it will replay, from what agent and tenant may use at once.
    fn take_at_once(&mut self) -> Result<(), Refusal> {
        for resource in [Resource::Fuel, Resource::WallClock] {
            self.take_from(Of::AtOnce, resource, *self.terms.run.get(resource))?;
        }
        for resource in [Resource::Memory, Resource::Calls, Resource::LogBytes, Resource::ResultBytes] {
            let amount = *self.stretch.replayed.get(resource);
            self.take_from(Of::OthersAtOnce, resource, amount)?;
            *self.ahead.get_mut(resource) = Gauge::of(amount);
        }
        Ok(())
    }

    /// All limits of a resource, from the narrowest.
    fn bounds(&self, resource: Resource) -> impl Iterator<Item = Bound<'_>> {
        let shared = Span::ALL.into_iter().filter(move |span| resource != Resource::Memory || *span == Span::AtOnce);
        let shared = shared.flat_map(move |span| [&self.agent, &self.tenant].map(|share| share.bound(span, resource)));
        std::iter::once(self.own(resource)).chain(shared)
    }

    /// Takes an amount from every limit that `of` chooses, or from none.
    fn take_from(&self, of: Of, resource: Resource, amount: u64) -> Result<(), Refusal> {
        for (taken, bound) in self.bounds(resource).filter(|bound| of.has(bound)).enumerate() {
            if !bound.gauge.take(amount, bound.limit()) {
                self.bounds(resource)
                    .filter(|bound| of.has(bound))
                    .take(taken)
                    .for_each(|bound| bound.give_back(amount));
                return Err(bound.exhausted(amount));
            }
        }
        Ok(())
    }

    /// Takes an amount from the run, its agent and its tenant.
    ///
    /// # Errors
    /// The resource's own refusal, naming what is used, the limit, whose it is and how to raise it; then nothing was
    /// taken.
    pub fn take(&self, resource: Resource, amount: u64) -> Result<(), Refusal> {
        if amount == 0 {
            return Ok(());
        }
        let prepaid = self.prepaid.get(resource).give_back(amount);
        if prepaid == 0 {
            return self.take_from(Of::All, resource, amount);
        }
        // Of what the windows have been charged already they are not charged again.
        let charged = self.take_from(Of::AtOnce, resource, amount).and_then(|()| {
            if amount == prepaid {
                return Ok(());
            }
            self.take_from(Of::Windows, resource, amount - prepaid)
                .inspect_err(|_| self.give_back_from(Of::AtOnce, resource, amount))
        });
        charged.inspect_err(|_| self.prepaid.get(resource).add(prepaid))
    }

    /// Takes as much as all limits have left, up to an amount.
    ///
    /// # Errors
    /// The resource's refusal when nothing is left.
    pub fn take_up_to(&self, resource: Resource, amount: u64) -> Result<u64, Refusal> {
        let prepaid = self.prepaid.get(resource).give_back(amount);
        if prepaid == 0 {
            return self.take_up_to_from(Of::All, resource, amount);
        }
        let keep = |rest| self.prepaid.get(resource).add(rest);
        let most = self.take_up_to_from(Of::AtOnce, resource, amount).inspect_err(|_| keep(prepaid))?;
        let covered = most.min(prepaid);
        keep(prepaid - covered);
        let more = match most - covered {
            0 => 0,
            rest => self.take_up_to_from(Of::Windows, resource, rest).unwrap_or_default(),
        };
        self.give_back_from(Of::AtOnce, resource, most - covered - more);
        Ok(covered + more)
    }

    fn take_up_to_from(&self, of: Of, resource: Resource, amount: u64) -> Result<u64, Refusal> {
        let mut least = amount;
        for (taken, bound) in self.bounds(resource).filter(|bound| of.has(bound)).enumerate() {
            let got = bound.gauge.take_up_to(least, bound.limit());
            if got < least {
                let rest = least - got;
                self.bounds(resource).filter(|bound| of.has(bound)).take(taken).for_each(|bound| bound.give_back(rest));
                if got == 0 {
                    return Err(bound.exhausted(amount));
                }
                least = got;
            }
        }
        Ok(least)
    }

    /// Charges the run for a call that is answered from its journal: its own limits bite where they did before; agent and
    /// tenant were charged when the run began again.
    ///
    /// # Errors
    /// As for [`Meter::take`].
    pub fn replay(&self, resource: Resource, amount: u64) -> Result<(), Refusal> {
        let ahead = self.ahead.get(resource).give_back(amount);
        self.take_from(Of::Run, resource, amount)?;
        self.take_from(Of::OthersAtOnce, resource, amount - ahead)
    }

    /// Takes memory. `false` when the run's own account has none left: the guest may see that.
    ///
    /// # Errors
    /// [`Code::BudgetMemory`] when its agent or tenant has none left: the run must end.
    pub fn grow(&self, bytes: u64) -> Result<bool, Refusal> {
        let own = self.run.get(Resource::Memory);
        if !own.take(bytes, self.terms.run.memory) {
            return Ok(false);
        }
        let shared = self.take_from(Of::OthersAtOnce, Resource::Memory, bytes);
        shared.inspect_err(|_| {
            own.give_back(bytes);
            self.crowded.store(true, Ordering::Release);
        })?;
        self.peaked(own.used());
        Ok(true)
    }

    /// Whether its agent or tenant had no memory left for it: its neighbours' doing, not its own.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Acquire)
    }

    /// The refusal of a run that asked for more than its own account has left.
    #[must_use]
    pub fn refused(&self, resource: Resource, asked: u64) -> Refusal {
        self.own(resource).exhausted(asked)
    }

    const fn own(&self, resource: Resource) -> Bound<'_> {
        let (gauge, policy) = (self.run.get(resource), *self.terms.run.get(resource));
        Bound { gauge, resource, policy, operator: UNLIMITED, whose: Whose::Run }
    }

    /// Gives back what was taken and not spent.
    pub fn give_back(&self, resource: Resource, amount: u64) {
        self.give_back_from(Of::All, resource, amount);
    }

    fn give_back_from(&self, of: Of, resource: Resource, amount: u64) {
        // What the run doesn't hold any more was given back before.
        let held = amount.min(self.run.get(resource).used());
        if self.is_lent(resource) && matches!(of, Of::All) {
            self.prepaid.get(resource).add(held);
            return self.give_back_from(Of::AtOnce, resource, held);
        }
        self.bounds(resource).filter(|bound| of.has(bound)).for_each(|bound| bound.give_back(held));
    }

    /// Counts a refused call.
    ///
    /// # Errors
    /// [`Code::BudgetDenials`] once the run was refused too often.
    pub fn denied(&self) -> Result<(), Refusal> {
        let denials = self.denials.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        let limit = self.terms.denials;
        if denials < limit {
            return Ok(());
        }
        let message = format!(
            "the run was refused {denials} times, of {limit} at which it is stopped; raise `budget.denials` in the policy"
        );
        Err(Refusal::new(Code::BudgetDenials, message))
    }

    /// What the stretch began with, for its record.
    #[must_use]
    pub const fn stretch(&self) -> &Stretch {
        &self.stretch
    }

    /// The charge to the windows stands on record: it outlives this meter until [`Meter::settle`].
    pub fn recorded(&self) {
        self.charge.store(ON_RECORD, Ordering::Release);
    }

    /// Ends a stretch: what it held of the windows and didn't use goes back. Returns what it used; of fuel and time that
    /// is never more than it held.
    ///
    /// `fuel_used` is the whole run's; `running_ms` is this stretch's.
    pub fn settle(&self, fuel_used: u64, running_ms: u64) -> Amounts {
        let Stretch { before, held, replayed } = &self.stretch;
        let mut spent = Amounts::each(|resource| match resource {
            Resource::Fuel => fuel_used.saturating_sub(before.fuel),
            Resource::WallClock => running_ms,
            Resource::Memory => 0,
            _ => self.used(resource).max(*replayed.get(resource)).saturating_sub(*before.get(resource)),
        });
        for resource in [Resource::Fuel, Resource::WallClock] {
            let used = spent.get_mut(resource);
            *used = (*used).min(*held.get(resource));
        }
        self.release(|held| held.minus(&spent));
        self.charge.store(SETTLED, Ordering::Release);
        spent
    }

    /// Gives back to the windows a part of the fuel and time that they hold, and whatever is prepaid.
    fn release(&self, part: impl Fn(&Amounts) -> Amounts) {
        let back = part(&self.stretch.held);
        for resource in Resource::SUMMED {
            let amount = match resource {
                Resource::Fuel | Resource::WallClock => *back.get(resource),
                _ => self.prepaid.get(resource).empty(),
            };
            for share in [&self.agent, &self.tenant] {
                share.give_back_to_windows(resource, amount);
            }
        }
    }

    /// Charges the windows as the record does, for a stretch that was cut off: everything that it might have used.
    fn leave_charged(&self) {
        for resource in [Resource::Calls, Resource::LogBytes, Resource::ResultBytes] {
            let Stretch { before, held, replayed } = &self.stretch;
            let charged = self.used(resource).max(*replayed.get(resource)).saturating_sub(*before.get(resource));
            let charged = charged.saturating_add(self.prepaid.get(resource).used());
            let rest = held.get(resource).saturating_sub(charged);
            let windows = self.bounds(resource).filter(|bound| Of::Windows.has(bound));
            windows.for_each(|bound| bound.gauge.add(rest));
        }
    }

    /// What is left.
    #[must_use]
    pub fn remaining(&self) -> Remaining {
        let left = |resource| {
            let prepaid = self.prepaid.get(resource).used();
            let left = |bound: Bound<'_>| {
                if Of::Windows.has(&bound) { bound.left().saturating_add(prepaid) } else { bound.left() }
            };
            self.bounds(resource).map(left).min().unwrap_or_default()
        };
        Remaining {
            calls: left(Resource::Calls),
            result_bytes: left(Resource::ResultBytes),
            log_bytes: left(Resource::LogBytes),
        }
    }

    /// The run has held so many bytes of memory at once.
    pub fn peaked(&self, bytes: u64) {
        self.peak_memory.fetch_max(bytes, Ordering::AcqRel);
    }

    /// Most bytes of memory that the run held at once, what the host held for it included.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.peak_memory.load(Ordering::Acquire)
    }

    /// The limit of the run's own account.
    #[must_use]
    pub const fn run_limit(&self, resource: Resource) -> u64 {
        *self.terms.run.get(resource)
    }

    /// What the run has taken of a resource and not given back.
    #[must_use]
    pub fn used(&self, resource: Resource) -> u64 {
        self.run.get(resource).used()
    }
}

impl Drop for Meter {
    /// What is used at once ends with the run; what was held of the windows and is on no record goes back too.
    fn drop(&mut self) {
        for resource in Resource::ALL {
            let used = self.run.get(resource).used().saturating_add(self.ahead.get(resource).used());
            for share in [&self.agent, &self.tenant] {
                share.owner.at_once.get(resource).give_back(used);
            }
        }
        match self.charge.load(Ordering::Acquire) {
            OPEN => self.release(|held| *held),
            ON_RECORD => self.leave_charged(),
            _ => {}
        }
    }
}
