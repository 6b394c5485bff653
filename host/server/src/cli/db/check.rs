//! `casemate db check`: findings first, then the rights. It doesn't know the rules.

use casemate_store::{Finding, Right};
use serde_json::json;

use crate::app::{App, Database};
use crate::cli::exit::Exit;
use crate::cli::{CliError, Format, Global, output};
use crate::dispatch::DispatchError;

pub(super) async fn show(global: &Global) -> Result<Exit, CliError> {
    let app = App::open(&global.config()?, Database::Unchecked).await?;
    let read = match &app.database {
        Some(database) => match database.check().await {
            Ok(findings) => database.rights().await.map(|rights| (findings, rights)).map_err(CliError::from),
            Err(error) => Err(error.into()),
        },
        None => Err(DispatchError::NoDatabase.into()),
    };
    let closed = app.close().await;
    let (findings, rights) = read?;
    closed?;
    match global.format {
        Format::Json => for_machines(&findings, &rights),
        Format::Human => for_people(&findings, &rights),
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Unsafe })
}

fn for_machines(findings: &[Finding], rights: &[Right]) {
    for finding in findings {
        let Finding { object, note, .. } = finding;
        let line = json!({"type": "finding", "rule": finding.rule(), "object": object, "note": note,
            "wrong": finding.wrong(), "remedy": finding.remedy()});
        output::line(&line.to_string());
    }
    for Right { role, table, verbs, rows } in rights {
        output::line(&json!({"type": "right", "role": role, "table": table, "may": verbs, "rows": rows}).to_string());
    }
    output::line(&json!({"type": "checked", "findings": findings.len()}).to_string());
}

fn for_people(findings: &[Finding], rights: &[Right]) {
    let row = |Right { role, table, verbs, rows }: &Right| {
        vec![output::printable(role), output::printable(table), verbs.join(", "), rows.clone()]
    };
    output::line(&output::table(&["role", "table", "may", "rows"], rights.iter().map(row).collect()));
    for finding in findings {
        let object = output::printable(&finding.object);
        let note = finding.note.as_deref().map(|note| format!(" ({})", output::printable(note))).unwrap_or_default();
        output::line("");
        output::line(&format!("{} {object}{note}: {}", output::bad(finding.rule()), finding.wrong()));
        output::line(&format!("  {}", output::printable(&finding.remedy())));
    }
    output::line("");
    output::line(&match findings.len() {
        0 => output::good("nothing breaks the rules"),
        1 => output::bad("1 finding: no agent may use this database"),
        many => output::bad(&format!("{many} findings: no agent may use this database")),
    });
}
