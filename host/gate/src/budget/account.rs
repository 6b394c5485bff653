//! One owner's limits and what is used of them. It doesn't know whether the owner is a run or a tenant.

use std::sync::atomic::{AtomicU64, Ordering};

use casemate_abi::Code;
use serde::{Deserialize, Serialize};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Units of wasmtime's fuel: about one per instruction.
    Fuel,
    /// Bytes held at once by linear memories and tables together. What the host holds for the run is not counted yet.
    Memory,
    /// Milliseconds of running, waiting not counted.
    WallClock,
    /// Calls attempted.
    Calls,
    /// Bytes logged.
    LogBytes,
    /// Bytes replied to the guest.
    ResultBytes,
}

impl Resource {
    /// Every resource, in the order in which accounts keep them.
    pub const ALL: [Self; 6] =
        [Self::Fuel, Self::Memory, Self::WallClock, Self::Calls, Self::LogBytes, Self::ResultBytes];

    /// Its name in a policy.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::WallClock => "wall-clock",
            Self::Calls => "calls",
            Self::LogBytes => "log-bytes",
            Self::ResultBytes => "result-bytes",
        }
    }

    /// The refusal by which its exhaustion is known.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Fuel => Code::BudgetFuel,
            Self::Memory => Code::BudgetMemory,
            Self::WallClock => Code::BudgetWallClock,
            Self::Calls => Code::BudgetCalls,
            Self::LogBytes => Code::BudgetLogBytes,
            Self::ResultBytes => Code::BudgetResultBytes,
        }
    }
}

/// The limits of one owner, one number per [`Resource`] in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Units of fuel.
    pub fuel: u64,
    /// Bytes.
    pub memory: u64,
    /// Milliseconds.
    pub wall_clock: u64,
    /// Calls.
    pub calls: u64,
    /// Bytes.
    pub log_bytes: u64,
    /// Bytes.
    pub result_bytes: u64,
}

impl Limits {
    const fn of(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Fuel => self.fuel,
            Resource::Memory => self.memory,
            Resource::WallClock => self.wall_clock,
            Resource::Calls => self.calls,
            Resource::LogBytes => self.log_bytes,
            Resource::ResultBytes => self.result_bytes,
        }
    }
}

/// One limit and how much of it is spent or reserved. The sum never passes the limit.
#[derive(Debug)]
pub struct Gauge {
    limit: u64,
    used: AtomicU64,
}

impl Gauge {
    const fn new(limit: u64) -> Self {
        Self { limit, used: AtomicU64::new(0) }
    }

    /// Takes the whole amount or nothing.
    #[must_use]
    pub fn take(&self, amount: u64) -> bool {
        self.used
            .try_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(amount).filter(|sum| *sum <= self.limit)
            })
            .is_ok()
    }

    /// Takes as much as is left, up to this amount; returns what was taken.
    pub fn take_up_to(&self, amount: u64) -> u64 {
        let mut taken = 0;
        let grab = |used: u64| {
            taken = amount.min(self.limit.saturating_sub(used));
            used.checked_add(taken)
        };
        match self.used.try_update(Ordering::AcqRel, Ordering::Acquire, grab) {
            Ok(_) => taken,
            Err(_) => 0,
        }
    }

    /// Gives back what was taken and not spent.
    pub fn give_back(&self, amount: u64) {
        self.used.update(Ordering::AcqRel, Ordering::Acquire, |used| used.saturating_sub(amount));
    }

    /// The limit.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// What is spent or reserved.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }

    /// What is left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used())
    }
}

/// All gauges of one owner.
#[derive(Debug)]
pub struct Account {
    fuel: Gauge,
    memory: Gauge,
    wall_clock: Gauge,
    calls: Gauge,
    log_bytes: Gauge,
    result_bytes: Gauge,
}

impl Account {
    /// An account of which nothing is used.
    #[must_use]
    pub const fn new(limits: &Limits) -> Self {
        Self {
            fuel: Gauge::new(limits.of(Resource::Fuel)),
            memory: Gauge::new(limits.of(Resource::Memory)),
            wall_clock: Gauge::new(limits.of(Resource::WallClock)),
            calls: Gauge::new(limits.of(Resource::Calls)),
            log_bytes: Gauge::new(limits.of(Resource::LogBytes)),
            result_bytes: Gauge::new(limits.of(Resource::ResultBytes)),
        }
    }

    /// The gauge of a resource.
    #[must_use]
    pub const fn gauge(&self, resource: Resource) -> &Gauge {
        match resource {
            Resource::Fuel => &self.fuel,
            Resource::Memory => &self.memory,
            Resource::WallClock => &self.wall_clock,
            Resource::Calls => &self.calls,
            Resource::LogBytes => &self.log_bytes,
            Resource::ResultBytes => &self.result_bytes,
        }
    }
}
