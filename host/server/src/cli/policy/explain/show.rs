//! What an explanation looks like, for people and as JSON. It doesn't know where it comes from.

use casemate_abi::Code;
use casemate_gate::budget::written;
use serde_json::json;

use super::super::super::jobs::span;
use super::super::super::{Format, output};
use super::super::told;
use super::Explained;

/// One explanation, with the whole policy set where that is asked for.
pub(super) fn explained(format: Format, one: &Explained, cedar: bool) {
    match format {
        Format::Json => as_json(one, cedar),
        Format::Human => for_people(one, cedar),
    }
}

fn as_json(one: &Explained, cedar: bool) {
    let Explained { question, verdict, policy, ceiling, past, set } = one;
    let clauses: Vec<_> = verdict.clauses.iter().map(|clause| json!({"id": clause.id, "cedar": clause.text})).collect();
    let mut line = json!({
        "type": "explained",
        "allowed": verdict.allowed,
        "as": question.principal.to_string(),
        "does": question.action.name(),
        "on": if question.action.resource().is_named() { json!(question.resource) } else { json!(null) },
        "at": written(question.circumstances.now_ms),
        "clauses": clauses,
        "errors": verdict.errors,
        "policy": policy.name,
        "digest": policy.digest.to_string(),
        "manifest": ceiling,
        "approval": policy.approval(question).map(|within| json!({"within_s": within.as_secs()})),
    });
    if let Some(line) = line.as_object_mut() {
        if let Some((index, past)) = past {
            let recorded =
                json!({"entry": index, "run": past.run, "operation": past.operation.name(), "refusal": past.refusal});
            line.insert("recorded".to_owned(), recorded);
        }
        if cedar {
            line.insert("cedar".to_owned(), json!(set));
        }
    }
    output::line(&line.to_string());
}

fn for_people(one: &Explained, cedar: bool) {
    let Explained { question, verdict, policy, ceiling, past, set } = one;
    let on = if question.action.resource().is_named() {
        format!(" on `{}`", output::printable(&question.resource))
    } else {
        String::new()
    };
    let words =
        format!("{} may{} {}{on}", question.principal, if verdict.allowed { "" } else { " not" }, question.action);
    output::line(&if verdict.allowed { output::good(&words) } else { output::bad(&words) });
    let mut facts = vec![
        vec!["because".to_owned(), verdict.to_string()],
        vec!["policy".to_owned(), format!("`{}` {}", policy.name, told::short(policy.digest))],
        vec!["at".to_owned(), written(question.circumstances.now_ms)],
    ];
    if let Some(within) = policy.approval(question) {
        facts.push(vec!["approval".to_owned(), format!("needs one, within {}", span(within))]);
    }
    if question.principal.is_agent() {
        let manifest = if *ceiling { "looked at" } else { "not looked at; name it with --agent" };
        facts.push(vec!["manifest".to_owned(), manifest.to_owned()]);
    }
    if let Some((index, past)) = past {
        let came = match Code::from_number(past.refusal) {
            None => "not refused".to_owned(),
            Some(code @ Code::CapabilityNotGranted) => format!("refused with {} {}", past.refusal, code.name()),
            Some(code @ Code::CapabilityWithdrawn) => {
                format!("refused with {} {}: by the pack that was active by then", past.refusal, code.name())
            }
            Some(code) => format!("refused with {} {}, not by what is granted", past.refusal, code.name()),
        };
        facts.push(vec!["recorded".to_owned(), format!("entry {index}, `{}`, {came}", past.operation.name())]);
    }
    output::line(&output::facts(facts));
    for clause in &verdict.clauses {
        output::line(&output::dim(&format!("// {}", clause.id)));
        cedar_text(&clause.text);
    }
    if cedar {
        output::line(&output::dim("// the whole set"));
        cedar_text(set);
    }
}

/// Policies line by line: their author's words may hold what a terminal would obey.
fn cedar_text(text: &str) {
    text.lines().for_each(|line| output::line(&output::printable(line)));
}
