//! `casemate errors`: the catalogue, as a list or one entry in full. It doesn't know who met the error.

use casemate_abi::{ENTRIES, Entry};
use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, output};

/// List refusals and problems, or explain one.
#[derive(Debug, clap::Args)]
pub(super) struct Errors {
    /// Name or number of one
    code: Option<String>,
}

impl Errors {
    pub(super) fn carry_out(self, format: Format) -> Result<Exit, CliError> {
        match (&self.code, format) {
            (Some(code), Format::Human) => output::line(&full(find(code)?)),
            (Some(code), Format::Json) => output::line(&line(find(code)?)),
            (None, Format::Human) => output::line(&list()),
            (None, Format::Json) => ENTRIES.iter().for_each(|entry| output::line(&line(entry))),
        }
        Ok(Exit::Done)
    }
}

/// A name can't be a number, so that both may stand in one place.
fn find(code: &str) -> Result<&'static Entry, CliError> {
    let found = code.parse().map_or_else(|_| Entry::named(code), Entry::numbered);
    found.ok_or_else(|| {
        CliError::new("input-code", "name a code or number of the list that `casemate errors` prints")
            .with_exit(Exit::Usage)
    })
}

fn list() -> String {
    let row = |entry: &Entry| {
        vec![entry.number.to_string(), entry.name.to_owned(), entry.kind.name().to_owned(), entry.title.to_owned()]
    };
    output::table(&["number", "code", "kind", "what happened"], ENTRIES.iter().map(row).collect())
}

fn full(entry: &Entry) -> String {
    let fact = |name: &str, value: String| vec![name.to_owned(), value];
    output::facts(vec![
        fact("code", entry.name.to_owned()),
        fact("number", entry.number.to_string()),
        fact("kind", entry.kind.name().to_owned()),
        fact("what happened", entry.title.to_owned()),
        fact("why", entry.cause.to_owned()),
        fact("what to do", entry.remedy.to_owned()),
        fact("HTTP status", entry.status.to_string()),
        fact("problem type", entry.uri.to_owned()),
    ])
}

fn line(entry: &Entry) -> String {
    json!({
        "type": "problem",
        "number": entry.number,
        "code": entry.name,
        "kind": entry.kind.name(),
        "title": entry.title,
        "cause": entry.cause,
        "remedy": entry.remedy,
        "status": entry.status,
        "uri": entry.uri,
    })
    .to_string()
}
