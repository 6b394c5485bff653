//! The transcript: one line for each crossing that is on record, for people or as JSON. The fields of the JSON form
//! are documented in `docs/output.md` and stable. It doesn't know how calls cross.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use casemate_gate::budget::written;
use casemate_gate::{Refusal, RunId, TenantId};
use casemate_pii::{Finding, Mode};
use serde_json::{Value, json};

use super::{Format, output};
use crate::crossing::event::{Crossed, Event, What};
use crate::crossing::{Bill, Ended};

/// Prints events.
pub(super) struct Transcript {
    format: Format,
    names: HashMap<TenantId, String>,
    width: usize,
    replayed: HashMap<RunId, u64>,
}

impl Transcript {
    /// A transcript of runs for these tenants.
    pub(super) fn new(format: Format, names: HashMap<TenantId, String>) -> Self {
        let width = names.values().map(String::len).max().unwrap_or_default().max(6);
        Self { format, names, width, replayed: HashMap::new() }
    }

    /// The heads of the columns.
    pub(super) fn heads(&self) {
        if self.format == Format::Human {
            let width = self.width;
            output::line(&output::dim(&format!(
                "{:<width$} {:>5} {:<13} {:<9} {:>10} {:>7} {:>10} {:>8}  {}",
                "TENANT", "CALL", "TOOL", "DECISION", "CALLS LEFT", "LEDGER", "TIME", "FUEL", "PERSONAL DATA"
            )));
        }
    }

    /// Prints one event.
    pub(super) fn tell(&mut self, event: &Event) {
        match self.format {
            Format::Json => output::line(&self.json(event).to_string()),
            Format::Human => self.human(event),
        }
    }

    fn name(&self, tenant: TenantId) -> String {
        self.names.get(&tenant).cloned().unwrap_or_else(|| tenant.to_string())
    }

    fn human(&mut self, event: &Event) {
        let width = self.width;
        let name = format!("{:<width$}", self.name(event.tenant));
        if !matches!(event.what, What::Replayed { .. })
            && let Some(calls) = self.replayed.remove(&event.run)
        {
            output::line(&format!(
                "{name} {:>5} {}",
                "",
                output::notable(&format!("{calls} calls answered from the journal"))
            ));
        }
        match &event.what {
            What::Started { resumed: false } => {
                output::line(&format!("{name} {:>5} {}", "", output::dim(&format!("run {} begins", event.run))));
            }
            What::Started { resumed: true } => {
                let words = format!("run {} begins again from its journal", event.run);
                output::line(&format!("{name} {:>5} {}", "", output::notable(&words)));
            }
            What::Replayed { .. } => *self.replayed.entry(event.run).or_default() += 1,
            What::Logged { message, .. } => {
                output::line(&format!("{name} {:>5} {}", "", output::dim(&format!("log: {message}"))));
            }
            What::Parked { until_ms, asking: Some(asking) } => {
                let (id, call, until) = (asking.approval, asking.operation.name(), written(*until_ms));
                let words = format!("`{call}` waits until {until} for an approval: casemate approvals approve {id}");
                let whose = name.trim_end();
                output::line(&format!("{name} {:>5} {}", "", output::notable(&format!("{words} --tenant {whose}"))));
            }
            What::Parked { until_ms, asking: None } => {
                output::line(&format!("{name} {:>5} {}", "", output::notable(&format!("waits until {until_ms}"))));
            }
            What::Crossed(crossed) => {
                output::line(&format!("{name} {}", line(crossed)));
                if let Some(refusal) = &crossed.refusal {
                    output::line(&format!("{:<width$} {:>5} {}", "", "", output::bad(&reason(refusal))));
                }
            }
            What::Ended { refusal, index } => {
                let words = match refusal {
                    None => output::good("ended with a result"),
                    Some(refusal) => output::bad(&format!("ended: {}", reason(refusal))),
                };
                output::line(&format!("{name} {:>5} {words} {}", "", output::dim(&format!("(ledger {index})"))));
            }
        }
    }

    fn json(&self, event: &Event) -> Value {
        let mut fields = match &event.what {
            What::Started { resumed } => json!({"type": "started", "resumed": resumed}),
            What::Replayed { seq, operation } => {
                json!({"type": "replayed", "call": seq.get(), "tool": operation.name()})
            }
            What::Logged { level, message } => {
                json!({"type": "log", "level": format!("{level:?}").to_lowercase(), "message": message})
            }
            What::Parked { until_ms, asking: None } => json!({"type": "parked", "until_ms": until_ms}),
            What::Parked { until_ms, asking: Some(asking) } => json!({
                "type": "parked", "until_ms": until_ms, "approval": asking.approval, "call": asking.seq.get(),
                "tool": asking.operation.name(),
            }),
            What::Crossed(crossed) => json!({
                "type": "crossing",
                "call": crossed.seq.get(),
                "tool": crossed.operation.name(),
                "decision": if crossed.refusal.is_none() { "granted" } else { "refused" },
                "refusal": crossed.refusal.as_ref().map(refusal_json),
                "personal_data": crossed.findings,
                "calls_left": crossed.remaining.calls,
                "result_bytes_left": crossed.remaining.result_bytes,
                "log_bytes_left": crossed.remaining.log_bytes,
                "ledger_index": crossed.index,
                "fuel": crossed.fuel,
                "elapsed_us": u64::try_from(crossed.elapsed.as_micros()).unwrap_or(u64::MAX),
            }),
            What::Ended { refusal, index } => {
                json!({"type": "ended", "refusal": refusal.as_ref().map(refusal_json), "ledger_index": index})
            }
        };
        if let Value::Object(fields) = &mut fields {
            fields.insert("tenant".to_owned(), Value::String(self.name(event.tenant)));
            fields.insert("run".to_owned(), Value::String(event.run.to_string()));
        }
        fields
    }

    /// Prints how a run ended.
    pub(super) fn result(&self, tenant: &str, run: RunId, ended: &Ended) {
        let document = ended.result.as_ref().ok().and_then(|text| serde_json::from_str::<Value>(text).ok());
        match self.format {
            Format::Json => output::line(
                &json!({
                    "type": "result",
                    "tenant": tenant,
                    "run": run.to_string(),
                    "result": document,
                    "refusal": ended.result.as_ref().err().map(refusal_json),
                    "ledger_index": ended.index,
                    "fuel_used": ended.bill.fuel_used,
                    "calls": ended.bill.calls,
                    "peak_memory": ended.bill.peak_memory,
                    "running_ms": u64::try_from(ended.bill.running.as_millis()).unwrap_or(u64::MAX),
                })
                .to_string(),
            ),
            Format::Human => {
                let name = output::heading(&format!("{tenant}:"));
                let below = |text: &str| {
                    output::line(&format!("{:>1$} {2}", "", tenant.len() + 1, output::dim(text)));
                };
                match (&ended.result, document) {
                    (Ok(_), Some(document)) => output::line(&format!("{name} {document}")),
                    (Ok(text), None) => output::line(&format!("{name} {text}")),
                    (Err(refusal), _) => {
                        output::line(&format!("{name} {}", output::bad(&reason(refusal))));
                        below(refusal.code().remedy());
                    }
                }
                below(&bill(&ended.bill));
            }
        }
    }
}

/// What a run used.
fn bill(bill: &Bill) -> String {
    let Bill { fuel_used, calls, running, peak_memory } = bill;
    let memory = peak_memory.div_ceil(1024);
    format!("used {} fuel, {calls} calls, {memory} KiB of memory at most, {}", short(*fuel_used), time(*running))
}

fn refusal_json(refusal: &Refusal) -> Value {
    json!({
        "code": refusal.code() as u16,
        "name": refusal.code().name(),
        "message": refusal.message(),
        "remedy": refusal.code().remedy(),
    })
}

fn reason(refusal: &Refusal) -> String {
    format!("{} [{} {}]", refusal.message(), refusal.code() as u16, refusal.code().name())
}

fn line(crossed: &Crossed) -> String {
    let decision = if crossed.refusal.is_none() { output::good("granted  ") } else { output::bad("refused  ") };
    let found = personal_data(&crossed.findings);
    let found = if crossed.findings.is_empty() { output::dim(&found) } else { output::notable(&found) };
    format!(
        "{:>5} {:<13} {decision} {:>10} {:>7} {:>10} {:>8}  {found}",
        crossed.seq.get(),
        crossed.operation.name(),
        crossed.remaining.calls,
        crossed.index,
        time(crossed.elapsed),
        short(crossed.fuel),
    )
}

/// What was done with it, and how often with which class: `token: 3 CARD, 9 EMAIL; strict: 2 CREDENTIAL`.
fn personal_data(findings: &[Finding]) -> String {
    let mut by_mode: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for finding in findings {
        let done = match (finding.replaced, finding.mode) {
            (false, _) => "kept",
            (true, Mode::Reversible) => "token",
            (true, _) => "strict",
        };
        *by_mode.entry(done).or_default().entry(finding.class.as_str()).or_default() += 1;
    }
    let classes = |classes: &BTreeMap<&str, usize>| {
        let words: Vec<String> = classes.iter().map(|(class, count)| format!("{count} {class}")).collect();
        words.join(", ")
    };
    let words: Vec<String> = by_mode.iter().map(|(done, found)| format!("{done}: {}", classes(found))).collect();
    if words.is_empty() { "-".to_owned() } else { words.join("; ") }
}

/// A large number in at most five characters: `41.2k`, `3.7M`.
fn short(number: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    match units.into_iter().find(|(unit, _)| number >= *unit) {
        Some((unit, letter)) => format!("{}.{}{letter}", number / unit, number % unit / (unit / 10)),
        None => number.to_string(),
    }
}

fn time(elapsed: Duration) -> String {
    format!("{:.2} ms", elapsed.as_secs_f64() * 1000.0)
}
