//! How packs, their faults and their tests are printed, for people and as JSON. It doesn't know how they were found.

use std::path::Path;

use casemate_gate::Digest;
use casemate_gate::budget::written;
use casemate_gate::pack::{Answer, Case, Expected, Pack, Source};
use serde_json::{Value, json};

use super::super::{CliError, Format, output};

/// Digits of a digest that tell it from others for people.
const SHORT: usize = 12;

/// A pack's digest, as much of it as people need.
pub(super) fn short(digest: Digest) -> String {
    digest.to_string().chars().take(SHORT).collect()
}

/// A pack as JSON; null for the built-in policy.
pub(super) fn pack(pack: Option<&Pack>) -> Value {
    pack.map_or(Value::Null, |pack| {
        json!({
            "id": pack.id,
            "version": pack.version,
            "digest": pack.digest.to_string(),
            "expires": written(pack.expires_ms),
        })
    })
}

/// A pack in words: `assessor` version 3.
pub(super) fn named(pack: Option<&Pack>) -> String {
    pack.map_or_else(|| "the built-in policy".to_owned(), |pack| format!("`{}` version {}", pack.id, pack.version))
}

/// What `check` found.
pub(super) fn checked(format: Format, directory: &Path, checked: &Result<Source, Vec<CliError>>) {
    let place = output::printable(&directory.display().to_string());
    match (format, checked) {
        (Format::Json, Ok(source)) => {
            let (id, version, cases) = (&source.id, source.version, source.cases.len());
            let line = json!({"type": "pack-checked", "directory": directory, "pack": id, "version": version, "cases": cases, "approvals": asking(source), "problems": []});
            output::line(&line.to_string());
        }
        (Format::Json, Err(errors)) => {
            let problems: Vec<Value> = errors.iter().map(CliError::json).collect();
            output::line(&json!({"type": "pack-checked", "directory": directory, "problems": problems}).to_string());
        }
        (Format::Human, Ok(source)) => {
            let words = format!("`{}` version {}, {} decision tests", source.id, source.version, source.cases.len());
            let words = match asking(source) {
                0 => words,
                1 => format!("{words}, 1 grant asks for an approval"),
                some => format!("{words}, {some} grants ask for an approval"),
            };
            output::line(&format!("{} {place}: {words}", output::good("✓")));
        }
        (Format::Human, Err(errors)) => {
            output::line(&format!("{} {place}", output::bad("✗")));
            for error in errors {
                // A fault in TOML shows its place in several lines.
                error.lines().iter().flat_map(|line| line.lines()).for_each(|line| {
                    output::line(&format!("    {line}"));
                });
            }
        }
    }
}

/// How many grants ask for an approval.
fn asking(source: &Source) -> usize {
    source.policy.each_grant().iter().filter(|grant| grant.approve.is_some()).count()
}

/// A case as JSON.
pub(super) fn case(case: &Case, answer: &Answer) -> Value {
    json!({
        "type": "pack-case",
        "file": case.file,
        "case": case.name,
        "as": case.question.principal.to_string(),
        "does": case.question.action.to_string(),
        "on": case.question.resource,
        "expected": case.expect.name(),
        "decided": answer.decided.name(),
        "by": answer.by,
        "errors": answer.errors,
        "verdict": if answer.passed { "passed" } else { "failed" },
    })
}

/// All cases as a table; what failed says why below it.
pub(super) fn cases(answers: &[(&Case, Answer)]) {
    let row = |(case, answer): &(&Case, Answer)| {
        // Without colours, whose signs would count as width.
        let mark = if answer.passed { '✓' } else { '✗' };
        let by = if answer.by.is_empty() { "-".to_owned() } else { answer.by.join(", ") };
        let (question, decided) = (&case.question, answer.decided);
        let decided = if decided == case.expect { decided.name().to_owned() } else { mismatch(case.expect, decided) };
        let cells =
            [question.principal.to_string(), question.action.to_string(), question.resource.clone(), decided, by];
        let mut row = vec![format!("{mark} {}", output::printable(&case.name))];
        row.extend(cells.iter().map(|cell| output::printable(cell)));
        row
    };
    output::line(&output::table(&["case", "as", "does", "on", "decided", "by"], answers.iter().map(row).collect()));
    for (case, answer) in answers.iter().filter(|(_, answer)| !answer.passed) {
        let why = match (&case.by, answer.errors.first()) {
            (_, Some(error)) => output::printable(error),
            (Some(by), None) if answer.decided == case.expect => format!("not decided by `{}`", output::printable(by)),
            _ => format!("expected {}", case.expect.name()),
        };
        output::line(&output::bad(&format!("{}: {}: {why}", case.file, output::printable(&case.name))));
    }
}

fn mismatch(expected: Expected, decided: Expected) -> String {
    format!("{}, not {}", decided.name(), expected.name())
}
