//! What is used of the budgets of an agent or a tenant: at once, and in the hour, day and month. Use is counted here
//! whatever the policy; limits come with the run that is charged, and from the operator. It doesn't know what time it
//! is, nor where use is kept when the process ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::calendar::Period;
use super::resource::{Amounts, Caps, PerResource, PerSpan, Resource, Span};
use crate::id::AgentName;

/// No limit. What has none is counted all the same.
pub(super) const UNLIMITED: u64 = u64::MAX;

/// How much of something is spent or reserved.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicU64);

impl Gauge {
    pub(super) const fn of(used: u64) -> Self {
        Self(AtomicU64::new(used))
    }

    /// Takes the whole amount, or nothing if the sum would pass the limit.
    pub(super) fn take(&self, amount: u64, limit: u64) -> bool {
        let sum = |used: u64| match limit {
            UNLIMITED => Some(used.saturating_add(amount)),
            limit => used.checked_add(amount).filter(|sum| *sum <= limit),
        };
        self.0.try_update(Ordering::AcqRel, Ordering::Acquire, sum).is_ok()
    }

    /// Takes as much as is left, up to this amount; returns what was taken.
    pub(super) fn take_up_to(&self, amount: u64, limit: u64) -> u64 {
        let mut taken = 0;
        self.0.update(Ordering::AcqRel, Ordering::Acquire, |used| {
            taken = amount.min(limit.saturating_sub(used));
            used.saturating_add(taken)
        });
        taken
    }

    /// Adds what is charged whatever the limit.
    pub(super) fn add(&self, amount: u64) {
        self.0.update(Ordering::AcqRel, Ordering::Acquire, |used| used.saturating_add(amount));
    }

    /// Gives back, down to nothing; returns what there was to give back.
    pub(super) fn give_back(&self, amount: u64) -> u64 {
        let mut given = 0;
        self.0.update(Ordering::AcqRel, Ordering::Acquire, |used| {
            given = amount.min(used);
            used - given
        });
        given
    }

    /// Takes everything out.
    pub(super) fn empty(&self) -> u64 {
        self.0.swap(0, Ordering::AcqRel)
    }

    pub(super) fn used(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// What an owner's runs that began in one hour, day or month have spent and reserved.
#[derive(Debug)]
pub struct Window {
    pub(super) period: Period,
    pub(super) used: PerResource<Gauge>,
}

impl Window {
    /// A window of which so much is used.
    #[must_use]
    pub fn new(period: Period, used: &Amounts) -> Self {
        Self { period, used: PerResource::each(|resource| Gauge::of(*used.get(resource))) }
    }

    /// Which hour, day or month.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// What is spent and reserved.
    #[must_use]
    pub fn used(&self) -> Amounts {
        Amounts::each(|resource| self.used.get(resource).used())
    }
}

/// The windows that a run is charged to.
#[derive(Debug, Clone)]
pub struct Windows {
    /// The hour.
    pub hour: Arc<Window>,
    /// The day.
    pub day: Arc<Window>,
    /// The month.
    pub month: Arc<Window>,
}

impl Windows {
    /// The windows of a moment; what is used of them already is looked up.
    pub fn at(now_ms: u64, mut used: impl FnMut(Span, Period) -> Amounts) -> Self {
        let mut window = |span| {
            let period = Period::of(span, now_ms);
            Arc::new(Window::new(period, &used(span, period)))
        };
        Self { hour: window(Span::Hour), day: window(Span::Day), month: window(Span::Month) }
    }

    /// The window of a span; none for what is used at once.
    pub(super) const fn get(&self, span: Span) -> Option<&Arc<Window>> {
        match span {
            Span::AtOnce => None,
            Span::Hour => Some(&self.hour),
            Span::Day => Some(&self.day),
            Span::Month => Some(&self.month),
        }
    }
}

/// An agent of a tenant, or a tenant.
#[derive(Debug)]
pub struct Owner {
    pub(super) agent: Option<AgentName>,
    pub(super) at_once: PerResource<Gauge>,
    /// The operator's own limits, which stand beside a policy's.
    operator: PerSpan<PerResource<AtomicU64>>,
    /// The tenant's name, where the operator has set a limit by it.
    name: OnceLock<String>,
    // Held while a run begins or wakes, never while it calls.
    windows: Mutex<Windows>,
}

impl Owner {
    /// An owner with these windows, of which nothing is used at once. `agent` is none for the tenant itself.
    #[must_use]
    pub fn new(agent: Option<AgentName>, windows: Windows) -> Self {
        let none = || PerResource::each(|_| AtomicU64::new(UNLIMITED));
        Self {
            agent,
            at_once: PerResource::default(),
            operator: PerSpan { at_once: none(), hour: none(), day: none(), month: none() },
            name: OnceLock::new(),
            windows: Mutex::new(windows),
        }
    }

    /// The windows of a moment. A clock that goes back doesn't open old windows again.
    pub fn windows(&self, now_ms: u64, mut used: impl FnMut(Span, Period) -> Amounts) -> Windows {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut advance = |span, window: &mut Arc<Window>| {
            if now_ms >= window.period.ends_ms {
                let period = Period::of(span, now_ms);
                *window = Arc::new(Window::new(period, &used(span, period)));
            }
        };
        let Windows { hour, day, month } = &mut *windows;
        advance(Span::Hour, hour);
        advance(Span::Day, day);
        advance(Span::Month, month);
        windows.clone()
    }

    /// The windows of a moment that may be past: those that are open, where it lies in them.
    pub fn windows_of(&self, at_ms: u64, used: impl FnMut(Span, Period) -> Amounts) -> Windows {
        let open = self.windows.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut windows = Windows::at(at_ms, used);
        for (window, open) in
            [(&mut windows.hour, open.hour), (&mut windows.day, open.day), (&mut windows.month, open.month)]
        {
            if open.period == window.period {
                *window = open;
            }
        }
        windows
    }

    /// Sets the operator's limits of one span, for the very next call of every run. `tenant` is the tenant's name.
    pub fn bind(&self, tenant: &str, span: Span, caps: &Caps) {
        // The first name stays: a tenant has one.
        let _named_before = self.name.set(tenant.to_owned());
        for resource in Resource::ALL {
            let limit = caps.get(resource).unwrap_or(UNLIMITED);
            self.operator.get(span).get(resource).store(limit, Ordering::Release);
        }
    }

    pub(super) fn operator(&self, span: Span, resource: Resource) -> u64 {
        self.operator.get(span).get(resource).load(Ordering::Acquire)
    }

    pub(super) fn tenant_name(&self) -> &str {
        self.name.get().map_or("TENANT", String::as_str)
    }

    /// What its runs use at this moment, in this process.
    #[must_use]
    pub fn at_once(&self) -> Amounts {
        Amounts::each(|resource| self.at_once.get(resource).used())
    }
}
