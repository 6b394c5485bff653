//! Inside the server a module knows only modules below it, so that a call goes one way and a layer can be read, and
//! replaced, without those above. The table is ARCHITECTURE.md's.

use super::reaches::{self, Reach};
use super::tree::{File, files};
use super::violation::{Violation, assert_none};

/// Top-level modules and their lines. `main` is alone above all, since it starts `cli`.
const LAYERS: [(&str, u8); 15] = [
    ("main", 8),
    ("cli", 7),
    ("app", 6),
    ("gateway", 5),
    ("dispatch", 4),
    ("sandbox", 3),
    ("crossing", 2),
    ("tools", 1),
    ("policy", 0),
    ("config", 0),
    ("telemetry", 0),
    ("clock", 0),
    ("durable", 0),
    ("lease", 0),
    // The list of modules, and nothing else.
    ("lib", 0),
];

/// Two halves of the gateway that share nothing.
const STRANGERS: [(&str, &str); 2] = [("api", "console"), ("console", "api")];

const SOURCES: &str = "host/server/src/";

fn layers(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let Some(module) = module(&file.path) else {
            continue;
        };
        let Some(own) = module.first().and_then(|top| line_of(top)) else {
            violations.push(Violation::of(&file.path, "its module is not in the table of layers"));
            continue;
        };
        match reaches::of(file) {
            Ok(reaches) => {
                let wrong = reaches.iter().filter_map(|reach| Some((reach.line, judge(&module, own, reach)?)));
                violations.extend(wrong.map(|(line, message)| Violation::at(&file.path, line, message)));
            }
            Err(violation) => violations.push(violation),
        }
    }
    violations
}

/// `host/server/src/tools/kv.rs` is `[tools, kv]`.
fn module(path: &str) -> Option<Vec<String>> {
    let name = path.strip_prefix(SOURCES)?.strip_suffix(".rs")?;
    let name = name.strip_suffix("/mod").unwrap_or(name);
    Some(name.split('/').map(str::to_owned).collect())
}

fn line_of(top: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == top).map(|(_, line)| *line)
}

/// What is wrong with a path, if anything.
fn judge(module: &[String], own: u8, reach: &Reach) -> Option<String> {
    let target = absolute(module, reach)?;
    let (here, there) = (module.first()?.as_str(), target.first()?.as_str());
    if here == there {
        let halves = (module.get(1)?.as_str(), target.get(1)?.as_str());
        let apart = here == "gateway" && STRANGERS.contains(&halves);
        return apart.then(|| format!("`gateway::{}` may not know `gateway::{}`", halves.0, halves.1));
    }
    match line_of(there) {
        None => Some(format!("`crate::{there}` is not in the table of layers")),
        Some(line) if line >= own => Some(format!("`{here}` (line {own}) may not know `{there}` (line {line})")),
        Some(_) => None,
    }
}

/// The path from the crate's root, unless it starts at another crate or at a name of the file's own.
fn absolute(module: &[String], reach: &Reach) -> Option<Vec<String>> {
    let is_root = matches!(module.first()?.as_str(), "main" | "lib");
    let file: &[String] = if is_root { &[] } else { module };
    let mut target: Vec<String> = file.iter().chain(&reach.within).cloned().collect();
    let mut rest = reach.segments.as_slice();
    match rest.split_first()? {
        (first, tail) if first == "crate" || first == "casemate_server" => {
            target.clear();
            rest = tail;
        }
        (first, tail) if first == "self" => rest = tail,
        (first, _) if first == "super" => {}
        _ => return None,
    }
    while let Some((_, tail)) = rest.split_first().filter(|(first, _)| *first == "super") {
        target.pop();
        rest = tail;
    }
    target.extend(rest.iter().cloned());
    Some(target)
}

#[test]
fn modules_know_only_modules_below() -> std::io::Result<()> {
    assert_none(&layers(&files()?));
    Ok(())
}

#[test]
fn planted_paths_are_found() {
    let found = |path: &str, text: &str| {
        let file = File::planted(&format!("host/server/src/{path}"), text);
        layers(&[file]).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let up = "host/server/src/tools/kv.rs:1: `tools` (line 1) may not know `sandbox` (line 3)";
    for text in [
        "use crate::{clock, sandbox::Guest};",
        "fn f() { crate::sandbox::run() }",
        "fn f() { println!(\"{}\", crate::sandbox::NAME) }",
        "use super::super::sandbox;",
        "mod tests { use super::super::super::sandbox; }",
        "use casemate_server::sandbox;",
    ] {
        assert_eq!(found("tools/kv.rs", text), [up], "{text}");
    }
    let beside = "host/server/src/policy.rs:1: `policy` (line 0) may not know `clock` (line 0)";
    assert_eq!(found("policy.rs", "use crate::clock;"), [beside]);
    let unknown = "host/server/src/cli.rs:1: `crate::console` is not in the table of layers";
    assert_eq!(found("cli.rs", "use crate::console;"), [unknown]);
    let strange = "host/server/src/shed.rs: its module is not in the table of layers";
    assert_eq!(found("shed.rs", ""), [strange]);
    let halves = "host/server/src/gateway/api.rs:1: `gateway::api` may not know `gateway::console`";
    assert_eq!(found("gateway/api.rs", "use super::console;"), [halves]);
}

#[test]
fn paths_that_point_down_or_stay_are_fine() {
    let file = |path: &str, text: &str| File::planted(&format!("host/server/src/{path}"), text);
    let fine = [
        file("main.rs", "use casemate_server::cli;"),
        file("sandbox/guest.rs", "use super::engine; use crate::crossing::Passage; use std::clock;"),
        file("tools.rs", "mod tests { use super::*; use crate::tools::kv; }"),
        file("lib.rs", "pub mod cli;"),
    ];
    assert_none(&layers(&fine));
}
