//! What a replay came to, for people and for machines. It doesn't know how it came to it.

use casemate_abi::Entry;
use casemate_gate::budget::written;
use casemate_gate::{Operation, Refusal, Request, RunId};
use serde_json::{Value, json};

use super::Told;
use super::difference::{Changed, changes};
use crate::cli::exit::Exit;
use crate::cli::test::notation::asked;
use crate::cli::{CliError, Format, output};
use crate::crossing::Divergence;
use crate::dispatch::evidence::{Evidence, InLog, Remains};
use crate::dispatch::replay::{Difference, Replayed, Verdict};

/// The verdict's stable name.
pub(in crate::cli) const fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Identical => "identical",
        Verdict::Stopped { .. } => "stopped",
        Verdict::Environment { .. } => "environment",
        Verdict::Diverged(_) => "diverged",
    }
}

/// The records open under the run's key.
pub(super) fn sealed(format: Format, opened: usize) {
    match format {
        Format::Json => output::line(&json!({"type": "sealed", "records": opened}).to_string()),
        Format::Human => output::line(&output::good(&format!("{opened} records are those that are sealed"))),
    }
}

/// The entries stand in the log.
pub(super) fn in_log(format: Format, found: &InLog) {
    let InLog { entries, without } = found;
    match format {
        Format::Json => output::line(&json!({"type": "in-log", "entries": entries, "without": without}).to_string()),
        Format::Human => {
            output::line(&output::good(&format!("{entries} records stand in the log, each in its place")));
            if *without > 0 {
                output::line(&output::notable(&format!("{without} records come without an entry of this log")));
            }
        }
    }
}

/// One run.
pub(super) fn one(format: Format, tenant: Option<&str>, told: &Told) -> Result<(), CliError> {
    match (format, told) {
        (Format::Json, told) => output::line(&line(tenant, told)?.to_string()),
        (Format::Human, Told::Erased(run, remains)) => erased(*run, remains),
        (Format::Human, Told::Replayed(replayed)) => {
            let (evidence, replayed) = &**replayed;
            for words in in_words(evidence, replayed) {
                output::line(&words);
            }
        }
    }
    Ok(())
}

fn erased(run: RunId, remains: &Remains) {
    output::line(&output::notable(&format!("run {run} is erased: its keys are destroyed, and this is what is left")));
    let ended = match remains.ended {
        None => "it has no end".to_owned(),
        Some(0) => "with a result".to_owned(),
        Some(number) => Entry::numbered(number).map_or_else(|| number.to_string(), |entry| entry.name.to_owned()),
    };
    let facts = [
        ("tenant", remains.tenant.to_string()),
        ("entries", format!("{} from index {} on", remains.entries, remains.first)),
        ("calls", format!("{}, {} of them refused", remains.calls, remains.refused)),
        ("begun", written(remains.begun_ms)),
        ("last entry", written(remains.last_ms)),
        ("policy", remains.policy.to_string()),
        ("ended", ended),
    ];
    output::line(&output::facts(facts.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()));
}

/// A run that was repeated, for people.
pub(in crate::cli) fn in_words(evidence: &Evidence, replayed: &Replayed) -> Vec<String> {
    let Replayed { verdict, calls, fuel_used, others, running } = replayed;
    let run = evidence.run;
    let mut lines = Vec::new();
    for other in others {
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), output::printable);
        let (name, then, now) = (output::printable(&other.name), value(&other.then), value(&other.now));
        lines.push(output::notable(&format!("another profile: {name} was {then} and is {now}")));
    }
    if others.iter().any(crate::sandbox::Other::is_version) {
        lines.push(output::notable("another version of the engine counts fuel otherwise: it is not compared"));
    }
    let took = format!("{:.1} ms", running.as_secs_f64() * 1000.0);
    match verdict {
        Verdict::Identical => lines.push(output::good(&format!(
            "run {run} is identical: {calls} calls, their arguments, the fuel before each, and its end ({fuel_used} fuel, {took})"
        ))),
        Verdict::Stopped { by } => {
            lines.push(output::good(&format!(
                "run {run} is identical up to where its host stopped it: {calls} calls ({took})"
            )));
            lines.push(output::dim(&format!("  stopped by: {}", output::printable(by.message()))));
        }
        Verdict::Environment { seq } => lines.push(output::notable(&format!(
            "run {run} is identical up to call {seq}; from there on it depends on settings of the engine that are others here"
        ))),
        Verdict::Diverged(difference) => {
            lines.push(output::bad(&format!("run {run} diverged: {}", headline(difference))));
            for Changed { path, then, now } in places(difference) {
                let path = if path.is_empty() { "all of it".to_owned() } else { path };
                lines.push(format!("  {}", output::printable(&path)));
                lines.extend(then.map(|then| output::bad(&format!("  - {}", shortened(&then)))));
                lines.extend(now.map(|now| output::good(&format!("  + {}", shortened(&now)))));
            }
        }
    }
    lines
}

fn shortened(value: &Value) -> String {
    output::printable(&value.to_string())
}

/// What differs first, in one clause.
fn headline(difference: &Difference) -> String {
    let name = |request: &Request| request.operation().name();
    match difference {
        Difference::Call(Divergence::Arguments { seq, then: Some(then), now }) if name(then) != name(now) => {
            format!("call {seq} was `{}` and is `{}`", name(then), name(now))
        }
        Difference::Call(Divergence::Arguments { seq, then: Some(_), now }) => {
            format!("call {seq} (`{}`) has other arguments", name(now))
        }
        Difference::Call(Divergence::Arguments { seq, then: None, now }) => format!(
            "call {seq} (`{}`) has other arguments than it had; it was refused then before they were put on record, so only \
             their digest says so",
            name(now)
        ),
        Difference::Call(Divergence::Fuel { seq, operation, then, now }) => {
            format!("call {seq} (`{}`) was made after {then} fuel and is made after {now}", operation.name())
        }
        Difference::Call(Divergence::Extra { seq, now, .. }) => {
            format!("call {seq} (`{}`) is not on record", name(now))
        }
        Difference::Call(Divergence::Randomness { seq }) => {
            format!("the random bytes of call {seq} are not those of the run's seed")
        }
        Difference::Missing { seq, operation, ended, .. } => {
            let operation = operation.map_or_else(String::new, |operation| format!(" (`{}`)", operation.name()));
            format!("call {seq}{operation} is not made: the run ends before it, {}", ended_by(ended))
        }
        Difference::End { then: Ok(_), now: Ok(_) } => "its result is another".to_owned(),
        Difference::End { then, now } => format!("it ended {}, and now ends {}", ended_by(then), ended_by(now)),
        Difference::TotalFuel { then, now } => format!("it burned {then} fuel in all, and now burns {now}"),
    }
}

fn ended_by(ended: &Result<String, Refusal>) -> String {
    match ended {
        Ok(_) => "with a result".to_owned(),
        Err(refusal) => format!("by {} ({})", refusal.code().name(), output::printable(refusal.message())),
    }
}

/// An end as a document.
fn ended(ended: &Result<String, Refusal>) -> Value {
    match ended {
        Ok(text) => json!({"result": serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))}),
        Err(refusal) => json!({"refusal": refusal.code().name(), "message": refusal.message()}),
    }
}

fn places(difference: &Difference) -> Vec<Changed> {
    match difference {
        Difference::Call(Divergence::Arguments { then: Some(then), now, .. }) => changes(&request(then), &request(now)),
        Difference::Call(Divergence::Arguments { now, .. } | Divergence::Extra { now, .. }) => {
            vec![Changed { path: String::new(), then: None, now: Some(request(now)) }]
        }
        Difference::Missing { then: Some(then), .. } => {
            vec![Changed { path: String::new(), then: Some(request(then)), now: None }]
        }
        Difference::End { then, now } => changes(&ended(then), &ended(now)),
        Difference::Call(Divergence::Fuel { .. } | Divergence::Randomness { .. })
        | Difference::Missing { then: None, .. }
        | Difference::TotalFuel { .. } => Vec::new(),
    }
}

/// A request as a document.
pub(in crate::cli) fn request(request: &Request) -> Value {
    // Every request has a form in JSON.
    asked(request).unwrap_or_default()
}

/// The line for machines.
pub(super) fn line(tenant: Option<&str>, told: &Told) -> Result<Value, CliError> {
    let (run, mut line) = match told {
        Told::Erased(run, remains) => {
            let Remains { tenant, entries, first, calls, refused, begun_ms, last_ms, policy, ended } = remains;
            let line = json!({
                "type": "replay", "verdict": "erased", "tenant_id": tenant, "entries": entries, "first": first,
                "calls": calls, "refused": refused, "begun": written(*begun_ms), "last": written(*last_ms),
                "policy": policy.to_string(), "ended": ended,
            });
            (*run, line)
        }
        Told::Replayed(replayed) => {
            let (evidence, replayed) = &**replayed;
            (evidence.run, replay_line(evidence, replayed)?)
        }
    };
    if let Value::Object(fields) = &mut line {
        fields.insert("run".to_owned(), json!(run));
        fields.extend(tenant.map(|tenant| ("tenant".to_owned(), json!(tenant))));
    }
    Ok(line)
}

pub(in crate::cli) fn replay_line(evidence: &Evidence, replayed: &Replayed) -> Result<Value, CliError> {
    let Replayed { verdict: came_to, calls, fuel_used, others, running } = replayed;
    let others: Vec<Value> =
        others.iter().map(|other| json!({"name": other.name, "then": other.then, "now": other.now})).collect();
    let start = evidence.start()?;
    let (stopped, difference) = match came_to {
        Verdict::Stopped { by } => {
            (json!({"code": by.code() as u16, "name": by.code().name(), "message": by.message()}), Value::Null)
        }
        Verdict::Diverged(difference) => (Value::Null, difference_line(difference)),
        Verdict::Identical | Verdict::Environment { .. } => (Value::Null, Value::Null),
    };
    Ok(json!({
        "type": "replay", "verdict": verdict(came_to), "tenant_id": evidence.tenant, "agent": start.agent,
        "component": start.component.to_string(), "policy": start.policy.to_string(), "calls": calls,
        "fuel_used": fuel_used, "profile": others, "stopped": stopped, "difference": difference,
        "elapsed_us": u64::try_from(running.as_micros()).unwrap_or(u64::MAX),
    }))
}

fn difference_line(difference: &Difference) -> Value {
    let (what, call, then, now) = match difference {
        Difference::Call(Divergence::Arguments { seq, then, now }) => {
            ("arguments", Some(seq), then.as_ref().map(request), Some(request(now)))
        }
        Difference::Call(Divergence::Fuel { seq, then, now, .. }) => {
            ("fuel", Some(seq), Some(json!(then)), Some(json!(now)))
        }
        Difference::Call(Divergence::Extra { seq, now, .. }) => ("extra", Some(seq), None, Some(request(now))),
        Difference::Call(Divergence::Randomness { seq }) => ("randomness", Some(seq), None, None),
        Difference::Missing { seq, then, ended: now, .. } => {
            ("missing", Some(seq), then.as_ref().map(request), Some(ended(now)))
        }
        Difference::End { then, now } => ("end", None, Some(ended(then)), Some(ended(now))),
        Difference::TotalFuel { then, now } => ("total-fuel", None, Some(json!(then)), Some(json!(now))),
    };
    let operation = match difference {
        Difference::Call(Divergence::Arguments { now, .. } | Divergence::Extra { now, .. }) => Some(now.operation()),
        Difference::Call(Divergence::Fuel { operation, .. }) => Some(*operation),
        Difference::Call(Divergence::Randomness { .. }) => Some(Operation::RandomBytes),
        Difference::Missing { operation, .. } => *operation,
        Difference::End { .. } | Difference::TotalFuel { .. } => None,
    };
    let places: Vec<Value> = places(difference)
        .into_iter()
        .map(|Changed { path, then, now }| json!({"path": path, "then": then, "now": now}))
        .collect();
    json!({
        "what": what, "call": call.map(|seq| seq.get()), "tool": operation.map(Operation::name), "then": then, "now": now,
        "places": places, "message": headline(difference),
    })
}

/// A line for each of many runs, and a summary.
pub(super) struct Many<'a> {
    format: Format,
    tenant: &'a str,
    counts: [u64; 5],
    exit: Exit,
}

/// Verdicts in the order in which they are counted.
const VERDICTS: [&str; 5] = ["identical", "stopped", "environment", "erased", "diverged"];

impl<'a> Many<'a> {
    pub(super) fn new(format: Format, tenant: &'a str) -> Self {
        if format == Format::Human {
            output::line(&output::dim(&format!(
                "{:<36}  {:<16} {:<12} {:>6} {:>12} {:>10}",
                "RUN", "AGENT", "VERDICT", "CALLS", "FUEL", "TIME"
            )));
        }
        Self { format, tenant, counts: [0; 5], exit: Exit::Done }
    }

    pub(super) fn add(&mut self, told: &Told) -> Result<(), CliError> {
        let name = match told {
            Told::Erased(..) => "erased",
            Told::Replayed(replayed) => verdict(&replayed.1.verdict),
        };
        for (count, _) in self.counts.iter_mut().zip(VERDICTS).filter(|(_, known)| *known == name) {
            *count = count.saturating_add(1);
        }
        // A divergence is worse than what can't be known any more.
        self.exit = match (self.exit, told.exit()) {
            (Exit::Otherwise, _) | (_, Exit::Done) => self.exit,
            (_, exit) => exit,
        };
        match (self.format, told) {
            (Format::Json, told) => output::line(&line(Some(self.tenant), told)?.to_string()),
            (Format::Human, Told::Erased(run, _)) => {
                output::line(&format!("{run:<36}  {:<16} {}", "", output::notable("erased")));
            }
            (Format::Human, Told::Replayed(replayed)) => {
                let (evidence, replayed) = &**replayed;
                let shown = format!("{name:<12}");
                let shown = if replayed_well(replayed) { output::good(&shown) } else { output::bad(&shown) };
                let agent = evidence.start()?.agent.to_string();
                let took = format!("{:.1} ms", replayed.running.as_secs_f64() * 1000.0);
                let (run, calls, fuel) = (evidence.run, replayed.calls, replayed.fuel_used);
                output::line(&format!("{run:<36}  {agent:<16} {shown} {calls:>6} {fuel:>12} {took:>10}"));
                if let Verdict::Diverged(_) = replayed.verdict {
                    for words in in_words(evidence, replayed) {
                        output::line(&format!("  {words}"));
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn close(self) -> Exit {
        let runs: u64 = self.counts.iter().sum();
        match self.format {
            Format::Json => {
                let mut line = json!({"type": "replays", "tenant": self.tenant, "runs": runs});
                if let Value::Object(fields) = &mut line {
                    fields.extend(
                        VERDICTS.iter().zip(self.counts).map(|(name, count)| ((*name).to_owned(), json!(count))),
                    );
                }
                output::line(&line.to_string());
            }
            Format::Human => {
                let counted = VERDICTS.iter().zip(self.counts).filter(|(_, count)| *count > 0);
                let words: Vec<String> = counted.map(|(name, count)| format!("{count} {name}")).collect();
                let words = if words.is_empty() { "none has ended".to_owned() } else { words.join(", ") };
                output::line(&format!("{runs} runs of {}: {words}", self.tenant));
            }
        }
        self.exit
    }
}

const fn replayed_well(replayed: &Replayed) -> bool {
    !matches!(replayed.verdict, Verdict::Diverged(_))
}
