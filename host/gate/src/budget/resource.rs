//! What is limited, over which span of time, and numbers kept for each of them. It doesn't know whose they are.

use casemate_abi::Code;
use serde::{Deserialize, Serialize};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Units of wasmtime's fuel: about one per instruction.
    Fuel,
    /// Bytes held at once: by linear memories and tables, and by the host for the run.
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
    /// Every resource, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Fuel, Self::Memory, Self::WallClock, Self::Calls, Self::LogBytes, Self::ResultBytes];

    /// Those that are used up over time. Memory is not: it comes back.
    pub const SUMMED: [Self; 5] = [Self::Fuel, Self::WallClock, Self::Calls, Self::LogBytes, Self::ResultBytes];

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

    /// The resource of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.name() == name)
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

/// Over how long use is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// What runs use at the same time, in one process.
    AtOnce,
    /// An hour of the UTC calendar.
    Hour,
    /// A day of the UTC calendar.
    Day,
    /// A month of the UTC calendar.
    Month,
}

impl Span {
    /// Every span.
    pub const ALL: [Self; 4] = [Self::AtOnce, Self::Hour, Self::Day, Self::Month];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "at-once",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// A value for each resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PerResource<T> {
    /// Units of fuel.
    pub fuel: T,
    /// Bytes.
    pub memory: T,
    /// Milliseconds.
    pub wall_clock: T,
    /// Calls.
    pub calls: T,
    /// Bytes.
    pub log_bytes: T,
    /// Bytes.
    pub result_bytes: T,
}

impl<T> PerResource<T> {
    /// Makes one value after the other.
    pub fn each(mut make: impl FnMut(Resource) -> T) -> Self {
        Self {
            fuel: make(Resource::Fuel),
            memory: make(Resource::Memory),
            wall_clock: make(Resource::WallClock),
            calls: make(Resource::Calls),
            log_bytes: make(Resource::LogBytes),
            result_bytes: make(Resource::ResultBytes),
        }
    }

    /// The value of a resource.
    pub const fn get(&self, resource: Resource) -> &T {
        match resource {
            Resource::Fuel => &self.fuel,
            Resource::Memory => &self.memory,
            Resource::WallClock => &self.wall_clock,
            Resource::Calls => &self.calls,
            Resource::LogBytes => &self.log_bytes,
            Resource::ResultBytes => &self.result_bytes,
        }
    }

    /// The same, to be changed.
    pub const fn get_mut(&mut self, resource: Resource) -> &mut T {
        match resource {
            Resource::Fuel => &mut self.fuel,
            Resource::Memory => &mut self.memory,
            Resource::WallClock => &mut self.wall_clock,
            Resource::Calls => &mut self.calls,
            Resource::LogBytes => &mut self.log_bytes,
            Resource::ResultBytes => &mut self.result_bytes,
        }
    }
}

/// Amounts that were used or are held, one per resource in its unit.
pub type Amounts = PerResource<u64>;

/// Limits that are all there.
pub type Limits = PerResource<u64>;

/// Limits of which some may be missing: what has none is counted and not limited.
pub type Caps = PerResource<Option<u64>>;

impl Amounts {
    /// Adds up, each to at most 2^64 - 1.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self::each(|resource| self.get(resource).saturating_add(*other.get(resource)))
    }

    /// Takes away, each to at least 0.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self::each(|resource| self.get(resource).saturating_sub(*other.get(resource)))
    }

    /// The smaller number of each.
    #[must_use]
    pub fn at_most(&self, other: &Self) -> Self {
        Self::each(|resource| *self.get(resource).min(other.get(resource)))
    }
}

/// A value for each span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PerSpan<T> {
    /// At the same time.
    pub at_once: T,
    /// In an hour.
    pub hour: T,
    /// In a day.
    pub day: T,
    /// In a month.
    pub month: T,
}

impl<T> PerSpan<T> {
    /// The value of a span.
    pub const fn get(&self, span: Span) -> &T {
        match span {
            Span::AtOnce => &self.at_once,
            Span::Hour => &self.hour,
            Span::Day => &self.day,
            Span::Month => &self.month,
        }
    }

    /// The same, to be changed.
    pub const fn get_mut(&mut self, span: Span) -> &mut T {
        match span {
            Span::AtOnce => &mut self.at_once,
            Span::Hour => &mut self.hour,
            Span::Day => &mut self.day,
            Span::Month => &mut self.month,
        }
    }
}
