//! One session: the call that waits, what came before it, and where to stop. It asks a person, or a pipe, what to do next.
//! It doesn't know how a run is repeated.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use casemate_gate::{Operation, Request, Seq};
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

use super::order::{HELP, Order, Stop, parse};
use crate::cli::test::notation::replied;
use crate::cli::{CliError, Format, output, replay};
use crate::crossing::Step;
use crate::crossing::frame::Frame;
use crate::dispatch::evidence::Evidence;

/// Most bytes of a line that is typed.
const LINE: u64 = 1024;
/// Most characters of arguments that are shown beside a call.
const BRIEF: usize = 100;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// The run has ended.
    AtTheEnd,
    /// Whoever looked on left before.
    Early,
}

/// One session.
pub(super) struct Session<'e> {
    format: Format,
    evidence: &'e Evidence,
    to: Option<Seq>,
    calls: BTreeMap<Seq, Option<Operation>>,
    stops: Vec<Stop>,
    goes_on: bool,
    logs: Vec<String>,
}

impl<'e> Session<'e> {
    pub(super) fn new(format: Format, evidence: &'e Evidence, to: Option<u64>) -> Self {
        let to = to.map(Seq::new);
        let (calls, stops, logs) = (calls(evidence), Vec::new(), Vec::new());
        Self { format, evidence, to, calls, stops, goes_on: false, logs }
    }

    /// Says what is stepped through.
    pub(super) fn begin(&self) -> Result<(), CliError> {
        let (run, start, calls) = (self.evidence.run, self.evidence.start()?, self.calls.len());
        let input: Value = serde_json::from_str(&start.input).unwrap_or_default();
        match self.format {
            Format::Json => {
                let line = json!({"type": "debug", "run": run, "agent": start.agent, "calls": calls, "input": input});
                output::line(&line.to_string());
            }
            Format::Human => {
                output::line(&output::heading(&format!("run {run} of {}, {calls} calls", start.agent)));
                output::line(&output::dim(&format!("input: {}", brief(&input))));
            }
        }
        Ok(())
    }

    /// Follows the run from call to call.
    pub(super) async fn follow(mut self, mut calls: Receiver<Step>) -> Left {
        while let Some(step) = calls.recv().await {
            let Some(step) = self.look(step).await else { return Left::Early };
            if let Request::LogEmit { message, .. } = &step.request {
                self.logs.push(message.clone());
            }
            // A run that has ended meanwhile hears nothing.
            let _ended = step.go.send(());
        }
        Left::AtTheEnd
    }

    /// Shows a call, and asks until somebody lets it go on; none when they leave.
    async fn look(&mut self, step: Step) -> Option<Step> {
        let is_stop = self.stops.iter().any(|stop| match stop {
            Stop::Call(seq) => *seq == step.seq,
            Stop::At(operation) => *operation == step.request.operation(),
        });
        if self.goes_on && !is_stop {
            return Some(step);
        }
        self.goes_on = false;
        if self.to.is_some_and(|to| step.seq > to) {
            return None;
        }
        self.show(&step);
        if self.to.is_some() {
            return Some(step);
        }
        loop {
            match ask(step.seq).await.map(|line| parse(&line)) {
                None | Some(Some(Order::Quit)) => return None,
                Some(Some(Order::Next)) => return Some(step),
                Some(Some(Order::Continue)) => {
                    self.goes_on = true;
                    return Some(step);
                }
                Some(Some(Order::Break(stop))) => self.stops.push(stop),
                Some(Some(Order::Clear)) => self.stops.clear(),
                Some(Some(order)) => self.tell(order, &step),
                Some(None) => self.say("not understood", HELP.into()),
            }
        }
    }

    fn show(&self, step: &Step) {
        let Step { seq, request, answer, fuel_used, fuel, memory, .. } = step;
        let (asked, answered) = (replay::request(request), answered(answer));
        match self.format {
            Format::Json => {
                let line = json!({
                    "type": "call", "call": seq.get(), "of": self.calls.len(), "tool": request.operation().name(),
                    "args": asked, "answer": answered, "fuel_used": fuel_used, "fuel": fuel, "memory": memory,
                });
                output::line(&line.to_string());
            }
            Format::Human => {
                let (of, name) = (self.calls.len(), output::heading(request.operation().name()));
                output::line(&format!("call {seq} of {of}  {name}  {}", output::dim(&format!("+{fuel} fuel"))));
                output::line(&format!("  asks    {}", brief(&asked)));
                output::line(&format!("  answer  {}", brief(&answered)));
            }
        }
    }

    fn tell(&self, order: Order, step: &Step) {
        match order {
            Order::Args => self.say("args", replay::request(&step.request)),
            Order::Answer => self.say("answer", answered(&step.answer)),
            Order::Fuel => self.say("fuel", json!({"used": step.fuel_used, "since_the_call_before": step.fuel})),
            Order::Memory => self.say("memory", json!({"bytes": step.memory})),
            Order::Logs => self.say("logs", json!(self.logs)),
            Order::List => self.list(step.seq),
            _ => self.say("help", HELP.into()),
        }
    }

    fn say(&self, what: &str, value: Value) {
        match (self.format, value) {
            (Format::Json, value) => output::line(&json!({"type": "shown", "what": what, "value": value}).to_string()),
            (Format::Human, Value::String(text)) => output::line(&text),
            (Format::Human, Value::Array(lines)) => {
                for line in lines {
                    output::line(&output::printable(line.as_str().unwrap_or_default()));
                }
            }
            (Format::Human, value) => {
                let text = serde_json::to_string_pretty(&value).unwrap_or_default();
                // A guest's own words stand in it, and JSON leaves letters as they are.
                text.lines().for_each(|line| output::line(&harmless(line)));
            }
        }
    }

    fn list(&self, at: Seq) {
        let name = |operation: &Option<Operation>| operation.map_or("?", Operation::name);
        match self.format {
            Format::Json => {
                let calls: Vec<Value> = self
                    .calls
                    .iter()
                    .map(|(seq, operation)| json!({"call": seq.get(), "tool": name(operation)}))
                    .collect();
                output::line(&json!({"type": "shown", "what": "list", "at": at.get(), "value": calls}).to_string());
            }
            Format::Human => {
                for (seq, operation) in &self.calls {
                    let arrow = if *seq == at { output::notable("→") } else { " ".to_owned() };
                    output::line(&format!("{arrow} {seq:>5} {}", name(operation)));
                }
            }
        }
    }
}

/// Every call that was recorded, with its operation where that is on record.
fn calls(evidence: &Evidence) -> BTreeMap<Seq, Option<Operation>> {
    let mut calls = BTreeMap::new();
    for piece in &evidence.pieces {
        let request = match &piece.frame {
            Frame::Call { request, .. } => request.as_ref(),
            Frame::Intent { request, .. } | Frame::Asked { request, .. } => Some(request),
            Frame::Outcome { .. } | Frame::Wait { .. } => None,
            Frame::Start(_) | Frame::End { .. } | Frame::Ended { .. } => continue,
        };
        let logged = || piece.entry.as_ref().and_then(|entry| Operation::numbered(entry.leaf.tool));
        let operation = request.map(Request::operation).or_else(logged);
        let known = calls.entry(piece.seq).or_insert(operation);
        *known = known.or(operation);
    }
    calls
}

fn answered(answer: &Option<Result<casemate_gate::Reply, casemate_gate::Refusal>>) -> Value {
    match answer {
        None => json!({"waits": true}),
        Some(Ok(reply)) => json!({"reply": replied(reply).unwrap_or_default()}),
        Some(Err(refusal)) => json!({"refused": refusal.code().name(), "message": refusal.message()}),
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(BRIEF).collect();
    let more = if text.chars().nth(BRIEF).is_some() { "…" } else { "" };
    harmless(&format!("{short}{more}"))
}

/// Without what would move a terminal's cursor.
fn harmless(line: &str) -> String {
    line.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// The next line that is typed; none at the end of the input.
async fn ask(at: Seq) -> Option<String> {
    let read = tokio::task::spawn_blocking(move || {
        if io::stdin().is_terminal() {
            eprint!("({at}) ");
        }
        let mut line = String::new();
        match io::stdin().lock().take(LINE).read_line(&mut line) {
            Ok(read) if read > 0 => Some(line),
            _ => None,
        }
    });
    read.await.ok().flatten()
}
