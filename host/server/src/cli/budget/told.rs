//! Budgets as they are printed, for people and for machines. It doesn't know where the numbers come from.

use casemate_gate::budget::{Amounts, Caps, Period, Resource, Span, written};
use casemate_gate::{AgentName, TenantId};
use serde_json::json;

use super::super::{Format, output};
use super::amount;
use super::show::Line;
use crate::dispatch::{Book, Change, HeldStretch};

/// `casemate budget show`.
pub(super) fn shown(format: Format, tenant: &str, lines: &[Line], holds: &[&HeldStretch]) {
    match format {
        Format::Json => {
            for line in lines {
                let Line { agent, span, resource, used, held, limit, from, ends } = line;
                output::line(
                    &json!({"type": "budget", "tenant": tenant, "agent": agent, "window": span,
                        "resource": resource.name(), "used": used, "held": held, "limit": limit, "left": line.left(),
                        "from": from, "ends": ends})
                    .to_string(),
                );
            }
            for hold in holds {
                output::line(
                    &json!({"type": "hold", "tenant": tenant, "agent": hold.agent, "run": hold.run,
                        "since": written(hold.at_ms), "held": hold.held})
                    .to_string(),
                );
            }
        }
        Format::Human => {
            let number = |line: &Line, amount: Option<u64>| {
                amount.map_or_else(|| "-".to_owned(), |amount| amount::shown(line.resource, amount))
            };
            let row = |line: &Line| {
                vec![
                    owner(line.agent.as_ref()),
                    line.span.name().to_owned(),
                    line.resource.name().to_owned(),
                    number(line, line.used),
                    number(line, line.held),
                    number(line, line.limit),
                    number(line, line.left()),
                    line.ends.clone().unwrap_or_else(|| "-".to_owned()),
                    line.from.unwrap_or("-").to_owned(),
                ]
            };
            let heads = ["owner", "window", "resource", "used", "held", "limit", "left", "ends", "from"];
            output::line(&output::table(&heads, lines.iter().map(row).collect()));
            if !holds.is_empty() {
                let row = |hold: &&HeldStretch| {
                    vec![hold.run.to_string(), hold.agent.to_string(), written(hold.at_ms), amounts(&hold.held)]
                };
                output::line(&output::table(
                    &["run", "agent", "holds since", "at most"],
                    holds.iter().map(row).collect(),
                ));
                output::line(&output::dim("a run that is not under way gives back what it holds once it is resumed"));
            }
        }
    }
}

/// `casemate budget set`.
pub(super) fn changed(format: Format, tenant: &str, change: &Change) {
    match format {
        Format::Json => output::line(&change_line(tenant, change)),
        Format::Human => {
            let limits = limits(&change.caps);
            let (owner, window) = (owner(change.agent.as_ref()), change.span.name());
            output::line(&output::good(&format!(
                "{tenant}: {owner}, {window}: {limits}, entry {}",
                change.ledger_index
            )));
        }
    }
}

/// `casemate budget history`.
pub(super) fn history(format: Format, tenant: &str, id: TenantId, book: &Book) {
    let (mut windows, mut changes) = (Vec::new(), Vec::new());
    for whose in book.owners_of(id) {
        let Some(kept) = book.kept(&whose) else { continue };
        for span in [Span::Hour, Span::Day, Span::Month] {
            let used = kept.spent.get(span).iter();
            windows
                .extend(used.map(|(begins_ms, spent)| (whose.1.clone(), Period::of(span, *begins_ms), span, *spent)));
        }
        changes.extend(kept.changes.iter());
    }
    changes.sort_by_key(|change| change.at_ms);
    match format {
        Format::Json => {
            for (agent, period, span, used) in windows {
                output::line(
                    &json!({"type": "window", "tenant": tenant, "agent": agent, "window": span,
                        "begins": written(period.begins_ms), "ends": written(period.ends_ms), "used": summed(&used)})
                    .to_string(),
                );
            }
            changes.into_iter().for_each(|change| output::line(&change_line(tenant, change)));
        }
        Format::Human => {
            let row = |(agent, period, span, used): (Option<AgentName>, Period, Span, Amounts)| {
                vec![owner(agent.as_ref()), span.name().to_owned(), written(period.begins_ms), amounts(&used)]
            };
            let rows = windows.into_iter().map(row).collect();
            output::line(&output::table(&["owner", "window", "from", "used"], rows));
            if !changes.is_empty() {
                let row = |change: &Change| {
                    let (before, caps) = (limits(&change.before), limits(&change.caps));
                    let index = change.ledger_index.to_string();
                    let window = change.span.name().to_owned();
                    vec![written(change.at_ms), owner(change.agent.as_ref()), window, before, caps, index]
                };
                let heads = ["set at", "owner", "window", "before", "limits", "entry"];
                output::line(&output::table(&heads, changes.into_iter().map(row).collect()));
            }
        }
    }
}

fn change_line(tenant: &str, change: &Change) -> String {
    json!({"type": "limits", "tenant": tenant, "agent": change.agent, "window": change.span,
        "at": written(change.at_ms), "before": change.before, "limits": change.caps,
        "ledger_index": change.ledger_index})
    .to_string()
}

fn owner(agent: Option<&AgentName>) -> String {
    agent.map_or_else(|| "tenant".to_owned(), |agent| format!("agent {agent}"))
}

/// What was used of a window, by name; memory has no place there.
fn summed(used: &Amounts) -> serde_json::Value {
    let pairs = Resource::SUMMED.into_iter().map(|resource| (resource.name().to_owned(), json!(used.get(resource))));
    serde_json::Value::Object(pairs.collect())
}

fn amounts(used: &Amounts) -> String {
    let each = |resource: Resource| {
        Some(*used.get(resource))
            .filter(|amount| *amount > 0)
            .map(|amount| format!("{} {}", resource.name(), amount::shown(resource, amount)))
    };
    let words: Vec<String> = Resource::SUMMED.into_iter().filter_map(each).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn limits(caps: &Caps) -> String {
    let each = |resource: Resource| {
        caps.get(resource).map(|limit| format!("{} {}", resource.name(), amount::shown(resource, limit)))
    };
    let words: Vec<String> = Resource::ALL.into_iter().filter_map(each).collect();
    if words.is_empty() { "no limits".to_owned() } else { words.join(", ") }
}
