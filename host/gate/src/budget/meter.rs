//! A run's meter: its own account and its tenant's, charged together or not at all. What the run still holds when it
//! ends goes back to the tenant. It doesn't know what is being paid for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use casemate_abi::Code;

use super::account::{Account, Limits, Resource};
use crate::refusal::Refusal;

/// What is left of a run's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// Calls that the run, or its tenant, may still attempt: the smaller number.
    pub calls: u64,
    /// Bytes of replies, likewise.
    pub result_bytes: u64,
    /// Bytes of log, likewise.
    pub log_bytes: u64,
}

/// The accounts that a run is charged to.
#[derive(Debug)]
pub struct Meter {
    run: Account,
    tenant: Arc<Account>,
    denials: AtomicU64,
    denials_limit: u64,
    peak_memory: AtomicU64,
}

impl Meter {
    /// Opens a run's account beside its tenant's. After `denials_limit` refusals the run is stopped.
    #[must_use]
    pub const fn open(limits: &Limits, tenant: Arc<Account>, denials_limit: u64) -> Self {
        Self {
            run: Account::new(limits),
            tenant,
            denials: AtomicU64::new(0),
            denials_limit,
            peak_memory: AtomicU64::new(0),
        }
    }

    /// Takes an amount from both accounts.
    ///
    /// # Errors
    /// The resource's own refusal, naming what is used, the limit and whose it is; then nothing was taken.
    pub fn take(&self, resource: Resource, amount: u64) -> Result<(), Refusal> {
        if !self.run.gauge(resource).take(amount) {
            return Err(exhausted(resource, &self.run, "run", amount));
        }
        if !self.tenant.gauge(resource).take(amount) {
            self.run.gauge(resource).give_back(amount);
            return Err(exhausted(resource, &self.tenant, "tenant", amount));
        }
        Ok(())
    }

    /// Takes as much as both accounts have left, up to an amount.
    ///
    /// # Errors
    /// The resource's refusal when nothing is left.
    pub fn take_up_to(&self, resource: Resource, amount: u64) -> Result<u64, Refusal> {
        let own = self.run.gauge(resource).take_up_to(amount);
        if own == 0 && amount > 0 {
            return Err(exhausted(resource, &self.run, "run", amount));
        }
        let both = self.tenant.gauge(resource).take_up_to(own);
        self.run.gauge(resource).give_back(own - both);
        if both == 0 && amount > 0 {
            return Err(exhausted(resource, &self.tenant, "tenant", amount));
        }
        Ok(both)
    }

    /// Takes memory. `false` when the run's own account has none left: the guest may see that.
    ///
    /// # Errors
    /// [`Code::BudgetMemory`] when the tenant's account has none left: the run must end.
    pub fn grow(&self, bytes: u64) -> Result<bool, Refusal> {
        if !self.run.gauge(Resource::Memory).take(bytes) {
            return Ok(false);
        }
        if self.tenant.gauge(Resource::Memory).take(bytes) {
            self.peak_memory.fetch_max(self.run.gauge(Resource::Memory).used(), Ordering::AcqRel);
            return Ok(true);
        }
        self.run.gauge(Resource::Memory).give_back(bytes);
        Err(exhausted(Resource::Memory, &self.tenant, "tenant", bytes))
    }

    /// The refusal of a run that stopped because it reached its own cap.
    #[must_use]
    pub fn at_cap(&self, resource: Resource) -> Refusal {
        exhausted(resource, &self.run, "run", 0)
    }

    /// Gives back to both accounts what was taken and not spent.
    pub fn give_back(&self, resource: Resource, amount: u64) {
        self.run.gauge(resource).give_back(amount);
        self.tenant.gauge(resource).give_back(amount);
    }

    /// Counts a refused call.
    ///
    /// # Errors
    /// [`Code::BudgetDenials`] once the run was refused too often.
    pub fn denied(&self) -> Result<(), Refusal> {
        let denials = self.denials.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        if denials < self.denials_limit {
            return Ok(());
        }
        Err(Refusal::new(Code::BudgetDenials, format!("the run was refused {denials} times and is stopped")))
    }

    /// Makes the account what it was when the run was begun, for a run that begins again from its journal and is charged
    /// for what it replays. Fuel and wall clock, which were taken for the whole run, stay taken.
    pub fn rewind(&self) {
        for resource in [Resource::Memory, Resource::Calls, Resource::LogBytes, Resource::ResultBytes] {
            self.give_back(resource, self.run.gauge(resource).used());
        }
        self.denials.store(0, Ordering::Release);
    }

    /// What is left.
    #[must_use]
    pub fn remaining(&self) -> Remaining {
        let left = |resource| self.run.gauge(resource).left().min(self.tenant.gauge(resource).left());
        Remaining {
            calls: left(Resource::Calls),
            result_bytes: left(Resource::ResultBytes),
            log_bytes: left(Resource::LogBytes),
        }
    }

    /// Most bytes of memory that the run held at once.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.peak_memory.load(Ordering::Acquire)
    }

    /// The limit of the run's own account.
    #[must_use]
    pub const fn run_limit(&self, resource: Resource) -> u64 {
        self.run.gauge(resource).limit()
    }

    /// What the run has taken of a resource and not given back.
    #[must_use]
    pub fn used(&self, resource: Resource) -> u64 {
        self.run.gauge(resource).used()
    }
}

impl Drop for Meter {
    /// A tenant's account bounds what its runs use at the same time: an ended run gives everything back.
    fn drop(&mut self) {
        for resource in Resource::ALL {
            self.tenant.gauge(resource).give_back(self.run.gauge(resource).used());
        }
    }
}

fn exhausted(resource: Resource, account: &Account, whose: &str, asked: u64) -> Refusal {
    let gauge = account.gauge(resource);
    Refusal::new(
        resource.code(),
        format!(
            "the {whose}'s budget `{}` is used up: {} of {} taken{}",
            resource.name(),
            gauge.used(),
            gauge.limit(),
            if asked == 0 { String::new() } else { format!(", {asked} more asked for") }
        ),
    )
}
