//! How a report is printed, for people and as one JSON object. Names in it are a stranger's, so people see no control
//! characters of theirs. It doesn't know how the report came about.

use casemate_abi::PACKAGE;
use casemate_gate::policy::{Coverage, Rule, snippet};
use serde_json::{Value, json};

use super::super::{Format, output};
use super::{Import, Report};
use crate::sandbox::anatomy::{Extent, Kind};

pub(super) fn report(report: &Report, format: Format) {
    match format {
        Format::Json => output::line(&machine(report).to_string()),
        Format::Human => people(report),
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Component => "component",
        Kind::Module => "module",
        Kind::Precompiled => "precompiled",
    }
}

const fn coverage(coverage: Coverage) -> &'static str {
    match coverage {
        Coverage::Whole => "granted",
        Coverage::Part => "partly",
        Coverage::Nothing => "refused",
    }
}

fn resource(rule: &Rule) -> Option<String> {
    match rule {
        Rule::Table { schema, table, .. } => Some(format!("{schema}.{table}")),
        Rule::Keys { pattern, .. } => Some(pattern.clone()),
        Rule::Tool { .. } => None,
    }
}

fn grants(report: &Report) -> String {
    report.manifest.as_ref().map(|manifest| snippet(manifest.rules())).unwrap_or_default()
}

fn machine(report: &Report) -> Value {
    let anatomy = &report.anatomy;
    let extent = |extent: &Extent| {
        json!({
            "count": extent.count,
            "initial": extent.initial,
            "largest": extent.largest,
            "maximum": extent.maximum,
        })
    };
    let import = |import: &Import| {
        let Import { name, tool, is_named, is_granted } = import;
        json!({"name": name, "tool": tool, "named": is_named, "granted": is_granted})
    };
    let ask = |(rule, covered): &(Rule, Option<Coverage>)| {
        json!({
            "tool": rule.tool().name(),
            "verb": rule.verb().name(),
            "resource": resource(rule),
            "policy": covered.map(coverage),
        })
    };
    json!({
        "type": "component",
        "file": report.path.display().to_string(),
        "kind": kind(anatomy.kind),
        "bytes": anatomy.size,
        "sha256": anatomy.digest.to_string(),
        "agent": report.manifest.as_ref().map(|manifest| manifest.agent.as_str()),
        "version": report.manifest.as_ref().map(|manifest| manifest.version.as_str()),
        "worlds": anatomy.worlds(),
        "imports": report.imports.iter().map(import).collect::<Vec<_>>(),
        "exports": anatomy.exports,
        "modules": anatomy.modules,
        "components": anatomy.components,
        "core_instances": anatomy.footprint.instances,
        "memories": extent(&anatomy.footprint.memories),
        "tables": extent(&anatomy.footprint.tables),
        "whole": anatomy.footprint.is_whole,
        "asks": report.asks.iter().map(ask).collect::<Vec<_>>(),
        "grants": grants(report),
        "problems": report.problems.iter().map(|p| json!({"code": p.code, "message": p.remedy})).collect::<Vec<_>>(),
    })
}

fn people(report: &Report) {
    let anatomy = &report.anatomy;
    let what = match anatomy.kind {
        Kind::Component => "a component",
        Kind::Module => "a core module, not a component",
        Kind::Precompiled => "machine code that was made from WebAssembly, not a component",
    };
    let name = output::printable(&report.path.display().to_string());
    output::line(&format!("{} is {what} of {} bytes", output::heading(&name), anatomy.size));
    let mut facts = vec![vec!["sha-256".to_owned(), anatomy.digest.to_string()]];
    let mut fact = |name: &str, words: String| facts.push(vec![name.to_owned(), words]);
    if let Some(manifest) = &report.manifest {
        fact("agent", format!("{} {}", manifest.agent, output::printable(&manifest.version)));
    }
    if anatomy.kind != Kind::Precompiled {
        let list = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| output::printable(name)).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let worlds: Vec<_> = anatomy.worlds().iter().map(|version| format!("{PACKAGE}@{version}")).collect();
        fact("world", list(&worlds.iter().map(String::as_str).collect::<Vec<_>>()));
        fact("exports", list(&anatomy.exports.iter().map(String::as_str).collect::<Vec<_>>()));
        fact("parts", format!("{} core modules, {} components inside", anatomy.modules, anatomy.components));
        let takes = &anatomy.footprint;
        let rest = if takes.is_whole { "" } else { ", and what it imports" };
        fact("an instance", format!("{} core instances{rest}", takes.instances));
        fact("memories", extent(&takes.memories, "bytes"));
        fact("tables", extent(&takes.tables, "elements"));
    }
    output::line(&output::facts(facts));
    if !report.imports.is_empty() {
        let rows = report.imports.iter().map(row).collect();
        output::line(&format!("\n{}", output::table(&["import", "needs a grant of", "manifest", "policy"], rows)));
    }
    asked(report);
    if report.problems.is_empty() {
        output::line(&output::good("\nnothing that can be seen from outside stands against it"));
    }
    for (at, problem) in report.problems.iter().enumerate() {
        let gap = if at == 0 { "\n" } else { "" };
        let words = output::printable(&problem.remedy);
        output::line(&format!(
            "{gap}{} {words} {}",
            output::bad("problem:"),
            output::dim(&format!("[{}]", problem.code))
        ));
    }
}

fn row(import: &Import) -> Vec<String> {
    let word = |answer: Option<bool>, yes: &str, no: &str| match answer {
        Some(true) => yes.to_owned(),
        Some(false) => no.to_owned(),
        None => "-".to_owned(),
    };
    vec![
        output::printable(&import.name),
        import.tool.unwrap_or("-").to_owned(),
        word(import.is_named, "named", "not named"),
        word(import.is_granted, "granted", "refused"),
    ]
}

/// What the manifest names, and the policy's words for all of it.
fn asked(report: &Report) {
    if report.asks.is_empty() {
        return;
    }
    let row = |(rule, covered): &(Rule, Option<Coverage>)| {
        vec![
            rule.tool().name().to_owned(),
            rule.verb().name().to_owned(),
            resource(rule).map_or_else(|| "-".to_owned(), |resource| output::printable(&resource)),
            covered.map_or("-", coverage).to_owned(),
        ]
    };
    let rows = report.asks.iter().map(row).collect();
    output::line(&format!("\n{}", output::table(&["asks for", "verb", "resource", "policy"], rows)));
    output::line(&format!("\n{}\n\n{}", output::heading("In a policy, all of it is:"), grants(report).trim_end()));
}

fn extent(extent: &Extent, unit: &str) -> String {
    let Extent { count, initial, largest, maximum } = extent;
    if *count == 0 {
        return "none".to_owned();
    }
    let most = maximum.map_or_else(|| "no limit of their own".to_owned(), |most| format!("at most {most}"));
    format!("{count}, with {initial} {unit} at the start (the largest {largest}) and {most}")
}
