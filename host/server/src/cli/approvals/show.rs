//! Approvals as people and machines see them. It doesn't know where they are kept.

use std::time::{SystemTime, UNIX_EPOCH};

use casemate_gate::budget::written;
use casemate_store::{ApprovalRecord, Word};
use serde_json::{Value, json};

use super::super::test::notation::asked;
use super::super::{CliError, Format, output};
use crate::dispatch::Approval;

pub(super) fn list(format: Format, approvals: &[ApprovalRecord]) {
    match format {
        Format::Json => approvals.iter().for_each(|one| output::line(&described(one).to_string())),
        Format::Human if approvals.is_empty() => output::error_line("nothing waits for a decision"),
        Format::Human => {
            let row = |one: &ApprovalRecord| {
                vec![
                    one.id.to_string(),
                    one.job.to_string(),
                    one.agent.to_string(),
                    one.operation.clone(),
                    moment(one.asked_at),
                    moment(one.deadline),
                    stands(one).to_owned(),
                ]
            };
            let heads = ["approval", "job", "agent", "tool", "asked", "until", "decision"];
            output::line(&output::table(&heads, approvals.iter().map(row).collect()));
        }
    }
}

pub(super) fn one(format: Format, approval: &Approval) -> Result<(), CliError> {
    let Approval { record, request, statement } = approval;
    let request = asked(request).map_err(|error| CliError::new("journal-frame", error.to_string()))?;
    if format == Format::Json {
        let mut described = described(record);
        if let Value::Object(fields) = &mut described {
            fields.insert("asks".to_owned(), request);
            fields.insert("by".to_owned(), json!(statement.as_ref().map(|statement| &statement.by)));
            fields.insert("reason".to_owned(), json!(statement.as_ref().and_then(|said| said.reason.as_ref())));
        }
        output::line(&described.to_string());
        return Ok(());
    }
    let mut facts = vec![
        vec!["approval".to_owned(), record.id.to_string()],
        vec!["job".to_owned(), record.job.to_string()],
        vec!["run".to_owned(), format!("{}, call {}", record.run, record.seq)],
        vec!["agent".to_owned(), record.agent.to_string()],
        vec!["tool".to_owned(), record.operation.clone()],
        vec!["asked".to_owned(), moment(record.asked_at)],
        vec!["until".to_owned(), moment(record.deadline)],
        vec!["decision".to_owned(), stands(record).to_owned()],
    ];
    let mut fact = |name: &str, value: Option<String>| facts.extend(value.map(|value| vec![name.to_owned(), value]));
    fact("decided", record.decided_at.map(moment));
    fact("by", statement.as_ref().map(|statement| output::printable(&statement.by)));
    fact("because", statement.as_ref().and_then(|said| said.reason.as_deref()).map(output::printable));
    output::line(&output::facts(facts));
    output::line("");
    let request = serde_json::to_string_pretty(&request).unwrap_or_default();
    request.lines().for_each(|line| output::line(&output::printable(line)));
    Ok(())
}

pub(super) fn decided(format: Format, approval: &Approval) {
    let record = &approval.record;
    match format {
        Format::Json => {
            let by = approval.statement.as_ref().map(|statement| &statement.by);
            let line = json!({"approval": record.id, "job": record.job, "decision": stands(record), "by": by});
            output::line(&line.to_string());
        }
        Format::Human => output::line(&format!("{} {}", record.id, stands(record))),
    }
}

fn described(one: &ApprovalRecord) -> Value {
    json!({
        "approval": one.id, "job": one.job, "run": one.run, "call": one.seq.get(), "agent": one.agent,
        "tool": one.operation, "state": one.state.name(), "asked": moment(one.asked_at), "until": moment(one.deadline),
        "decision": stands(one), "decided": one.decided_at.map(moment),
    })
}

/// What was decided, or whether something still can be.
const fn stands(one: &ApprovalRecord) -> &'static str {
    match (one.word, one.is_open) {
        (Some(word), _) => word.name(),
        (None, true) => "open",
        (None, false) if one.state.is_end() => "over",
        (None, false) => Word::Expired.name(),
    }
}

fn moment(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    written(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
