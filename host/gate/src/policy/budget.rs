//! The budget tables of a policy as they are written, and what must hold among them. It doesn't know how a limit is
//! enforced.

use serde::Deserialize;

use super::PolicyError;
use crate::budget::{Caps, Limits, PerSpan, Resource, Span, Terms};

/// `[budget]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetTable {
    run: Limits,
    tenant: TenantTable,
    #[serde(default)]
    agent: AgentTable,
    denials: u64,
}

/// `[budget.tenant]`: six numbers for what is used at once, and the windows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TenantTable {
    fuel: u64,
    memory: u64,
    wall_clock: u64,
    calls: u64,
    log_bytes: u64,
    result_bytes: u64,
    #[serde(default)]
    hour: WindowTable,
    #[serde(default)]
    day: WindowTable,
    #[serde(default)]
    month: WindowTable,
}

/// `[budget.agent]`: what is named is limited.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AgentTable {
    fuel: Option<u64>,
    memory: Option<u64>,
    wall_clock: Option<u64>,
    calls: Option<u64>,
    log_bytes: Option<u64>,
    result_bytes: Option<u64>,
    #[serde(default)]
    hour: WindowTable,
    #[serde(default)]
    day: WindowTable,
    #[serde(default)]
    month: WindowTable,
}

/// `[budget.tenant.hour]` and its kind. Memory isn't used up over time, so it has no place here.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WindowTable {
    fuel: Option<u64>,
    wall_clock: Option<u64>,
    calls: Option<u64>,
    log_bytes: Option<u64>,
    result_bytes: Option<u64>,
}

impl WindowTable {
    const fn caps(self) -> Caps {
        let Self { fuel, wall_clock, calls, log_bytes, result_bytes } = self;
        Caps { fuel, memory: None, wall_clock, calls, log_bytes, result_bytes }
    }
}

/// Owners and spans in the words of a policy.
const PLACES: [(&str, bool, Span); 8] = [
    ("tenant", false, Span::AtOnce),
    ("agent", true, Span::AtOnce),
    ("tenant.hour", false, Span::Hour),
    ("tenant.day", false, Span::Day),
    ("tenant.month", false, Span::Month),
    ("agent.hour", true, Span::Hour),
    ("agent.day", true, Span::Day),
    ("agent.month", true, Span::Month),
];

/// The terms, unless they contradict each other: a run takes its fuel and its time whole when it begins, and of what is
/// used at once no owner may have less than one run.
pub(super) fn parse(table: BudgetTable) -> Result<Terms, PolicyError> {
    let BudgetTable { run, tenant, agent, denials } = table;
    let TenantTable { fuel, memory, wall_clock, calls, log_bytes, result_bytes, hour, day, month } = tenant;
    let at_once = Caps {
        fuel: Some(fuel),
        memory: Some(memory),
        wall_clock: Some(wall_clock),
        calls: Some(calls),
        log_bytes: Some(log_bytes),
        result_bytes: Some(result_bytes),
    };
    let tenant = PerSpan { at_once, hour: hour.caps(), day: day.caps(), month: month.caps() };
    let AgentTable { fuel, memory, wall_clock, calls, log_bytes, result_bytes, hour, day, month } = agent;
    let at_once = Caps { fuel, memory, wall_clock, calls, log_bytes, result_bytes };
    let agent = PerSpan { at_once, hour: hour.caps(), day: day.caps(), month: month.caps() };
    for (place, of_agent, span) in PLACES {
        let caps = if of_agent { agent.get(span) } else { tenant.get(span) };
        let whole = |resource| span == Span::AtOnce || matches!(resource, Resource::Fuel | Resource::WallClock);
        let too_little =
            |resource: &Resource| whole(*resource) && caps.get(*resource).is_some_and(|cap| cap < *run.get(*resource));
        if let Some(resource) = Resource::ALL.into_iter().find(too_little) {
            return Err(PolicyError::Budget(place, resource.name()));
        }
    }
    Ok(Terms { run, agent, tenant, denials })
}
