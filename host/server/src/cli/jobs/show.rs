//! Jobs as people and machines see them. It doesn't know where they are kept.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casemate_abi::Code;
use casemate_gate::budget::written;
use casemate_gate::{Refusal, RunId};
use casemate_jobs::State;
use casemate_store::{JobRecord, RunRecord};
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::{CliError, Format, output};

pub(super) fn list(format: Format, jobs: &[JobRecord]) {
    match format {
        Format::Json => jobs.iter().for_each(|job| output::line(&described(job).to_string())),
        Format::Human if jobs.is_empty() => output::error_line("no such jobs"),
        Format::Human => {
            let row = |job: &JobRecord| {
                vec![
                    job.id.to_string(),
                    job.run.agent.to_string(),
                    coloured(job),
                    format!("{} of {}", job.attempt.0, job.attempt.1),
                    job.priority.to_string(),
                    moment(job.run.created_at),
                    why(job.reason),
                ]
            };
            let heads = ["job", "agent", "state", "attempt", "priority", "submitted", "why"];
            output::line(&output::table(&heads, jobs.iter().map(row).collect()));
        }
    }
}

pub(super) fn job(format: Format, job: &JobRecord, attempts: &[(RunRecord, u16)]) {
    let run = |(run, reason): &(RunRecord, u16)| {
        json!({"run": run.id, "state": run.state.name(), "claims": run.epoch, "why": reason_name(*reason),
            "submitted": moment(run.created_at), "ended": run.finished_at.map(moment)})
    };
    if format == Format::Json {
        let mut described = described(job);
        if let Value::Object(fields) = &mut described {
            fields.insert("attempts".to_owned(), attempts.iter().map(run).collect());
        }
        output::line(&described.to_string());
        return;
    }
    let mut facts = vec![
        vec!["job".to_owned(), job.id.to_string()],
        vec!["agent".to_owned(), job.run.agent.to_string()],
        vec!["state".to_owned(), coloured(job)],
        vec!["priority".to_owned(), job.priority.to_string()],
        vec!["component".to_owned(), job.run.component.to_string()],
        vec!["policy".to_owned(), job.run.policy.to_string()],
    ];
    let mut fact = |name: &str, value: Option<String>| facts.extend(value.map(|value| vec![name.to_owned(), value]));
    fact("key", job.key.as_deref().map(output::printable));
    fact("deadline", job.deadline.map(moment));
    fact("wakes", job.run.wake_at.filter(|_| job.run.state == State::Waiting).map(moment));
    fact("waits for", job.wake_event.map(|event| event.to_string()));
    fact("held by", job.host.map(|host| host.to_string()));
    fact("to be ended as", job.ending.clone().filter(|_| !job.run.state.is_end()));
    fact("why", Some(why(job.reason)).filter(|why| !why.is_empty()));
    fact("what to do", advice(job));
    output::line(&output::facts(facts));
    let row = |(run, reason): &(RunRecord, u16)| {
        vec![
            run.id.to_string(),
            run.state.name().to_owned(),
            run.epoch.to_string(),
            run.finished_at.map(moment).unwrap_or_default(),
            why(*reason),
        ]
    };
    output::line("");
    let heads = ["run", "state", "claims", "ended", "why"];
    output::line(&output::table(&heads, attempts.iter().map(row).collect()));
}

/// What a person can do about a job that doesn't go on by itself.
fn advice(job: &JobRecord) -> Option<String> {
    let id = job.id;
    match job.run.state {
        State::Paused => Some(format!("let it go on with `casemate jobs continue {id}`")),
        State::Failed | State::Dead | State::Cancelled => {
            Some(format!("try it once more with `casemate jobs retry {id}`"))
        }
        State::Indeterminate => {
            Some(format!("find out whether the call happened, then say so with `casemate jobs resolve {id}`"))
        }
        State::Ready | State::Running | State::Waiting | State::Done => None,
    }
}

pub(super) fn result(
    format: Format,
    job: &JobRecord,
    result: Option<Result<String, Refusal>>,
) -> Result<Exit, CliError> {
    match result {
        Some(Ok(document)) => {
            match format {
                Format::Json => {
                    let document: Value = serde_json::from_str(&document).unwrap_or(Value::Null);
                    output::line(
                        &json!({"job": job.id, "state": job.run.state.name(), "result": document}).to_string(),
                    );
                }
                Format::Human => output::line(&document),
            }
            Ok(Exit::Done)
        }
        Some(Err(refusal)) => {
            match format {
                Format::Json => {
                    let told = json!({"job": job.id, "state": job.run.state.name(), "code": refusal.code() as u16,
                        "refusal": refusal.code().name(), "message": refusal.message()});
                    output::line(&told.to_string());
                }
                Format::Human => output::error_line(&format!("{}: {refusal}", output::bad(job.run.state.name()))),
            }
            Ok(Exit::NoResult)
        }
        None => {
            let message = format!("wait for the job, with --wait: it is {}", job.run.state.name());
            Err(CliError::new("run-unended", message))
        }
    }
}

pub(super) fn changed(format: Format, job: RunId, run: &RunRecord) {
    match format {
        Format::Json => output::line(&json!({"job": job, "run": run.id, "state": run.state.name()}).to_string()),
        Format::Human => output::line(&format!("{job} {}", run.state.name())),
    }
}

pub(super) fn pruned(format: Format, gone: u64) {
    match format {
        Format::Json => output::line(&json!({"pruned": gone}).to_string()),
        Format::Human => output::line(&format!("{gone} jobs taken away")),
    }
}

fn described(job: &JobRecord) -> Value {
    json!({
        "job": job.id, "run": job.run.id, "agent": job.run.agent, "state": job.run.state.name(), "attempt": job.attempt.0,
        "most_attempts": job.attempt.1, "priority": job.priority, "claims": job.run.epoch, "key": job.key,
        "why": reason_name(job.reason), "ending": job.ending, "host": job.host, "waits_for": job.wake_event,
        "submitted": moment(job.run.created_at), "wakes": job.run.wake_at.map(moment), "deadline": job.deadline.map(moment),
        "ended": job.run.finished_at.map(moment), "component": job.run.component.to_string(),
        "policy": job.run.policy.to_string(),
    })
}

fn coloured(job: &JobRecord) -> String {
    let name = job.run.state.name();
    match job.run.state {
        State::Done => output::good(name),
        State::Failed | State::Dead | State::Indeterminate => output::bad(name),
        State::Paused | State::Cancelled => output::notable(name),
        State::Ready | State::Running | State::Waiting if job.ending.is_some() => output::notable("ending"),
        State::Ready | State::Running | State::Waiting => name.to_owned(),
    }
}

fn reason_name(reason: u16) -> Option<&'static str> {
    Code::from_number(reason).map(Code::name)
}

fn why(reason: u16) -> String {
    reason_name(reason).unwrap_or_default().to_owned()
}

fn moment(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    written(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A span of time for people.
pub(in crate::cli) fn span(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}
