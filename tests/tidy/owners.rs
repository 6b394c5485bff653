//! Third parties have one owner each, so that a change of one is a change of one place, and what a module can't name
//! it can't do. Checked in manifests and in every path of the sources.

use super::members::{Member, all};
use super::reaches;
use super::tree::{File, files};
use super::violation::{Violation, assert_none};

/// Who may name a crate. `*` at the end stands for the rest of a name.
const OWNERS: [(&str, Who); 13] = [
    // Published scripts are run by wasmtime's own runner, with the host's engine.
    ("wasmtime-wast", Who::Only(&["tests/it/conformance"])),
    ("wasmtime*", Who::Only(&["host/bindings", "host/server/src/sandbox", "host/server/benches"])),
    // It would bring wasmtime along under another name. Benchmarks have a bare embedding beside the host.
    ("casemate-bindings", Who::Only(&["host/bindings", "host/server/src/sandbox", "host/server/benches"])),
    ("sqlx*", Who::Only(&["host/store"])),
    ("axum*", Who::Only(&["host/server/src/gateway"])),
    ("clap*", Who::Only(&["host/server/src/cli", "host/server/src/main"])),
    ("wit-component", Who::Only(&["toolchain"])),
    ("notify*", Who::Only(&["host/server/src/cli/dev"])),
    ("cedar-policy*", Who::Only(&["host/gate/src/authz"])),
    ("bincode", Who::Only(&["host/server/src/crossing/frame"])),
    ("aws-lc-*", Who::Only(&["host/keys"])),
    ("cap-std", Who::Only(&["host/server/src/sandbox"])),
    ("tokio*", Who::NotIn(&["host/ledger", "host/pii", "host/gate", "host/keys", "host/jobs"])),
];

#[derive(Clone, Copy)]
enum Who {
    /// Modules and folders.
    Only(&'static [&'static str]),
    /// Crates that are free of it.
    NotIn(&'static [&'static str]),
}

fn in_manifests(members: &[Member]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in members {
        let holds = |home: &&str| home.strip_prefix(&member.folder).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        for need in &member.needs {
            let allowed = rule(&need.name).is_none_or(|(_, who)| match who {
                Who::Only(homes) => homes.iter().any(holds),
                Who::NotIn(folders) => !folders.contains(&member.folder.as_str()),
            });
            if !allowed {
                let message = format!("`{}` may not depend on `{}`", member.name, need.name);
                violations.push(Violation::of(&format!("{}/Cargo.toml", member.folder), message));
            }
        }
    }
    violations
}

fn in_sources(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let reaches = match reaches::of(file) {
            Ok(reaches) => reaches,
            Err(violation) => {
                violations.push(violation);
                continue;
            }
        };
        for reach in reaches {
            let Some((name, who)) = reach.segments.first().and_then(|first| rule(first)) else {
                continue;
            };
            let allowed = match who {
                Who::Only(homes) => homes.iter().any(|home| file.is_under(home)),
                Who::NotIn(folders) => !folders.iter().any(|folder| file.is_under(folder)),
            };
            if !allowed {
                let message = format!("`{}`: `{name}` has no business here", reach.segments.join("::"));
                violations.push(Violation::at(&file.path, reach.line, message));
            }
        }
    }
    violations
}

/// Packages have `-` where paths have `_`.
fn rule(name: &str) -> Option<(&'static str, Who)> {
    let name = name.replace('_', "-");
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    OWNERS.into_iter().find(|(pattern, _)| fits(pattern))
}

#[test]
fn third_parties_stay_with_their_owners() -> Result<(), Box<dyn std::error::Error>> {
    let violations = [in_manifests(&all()?), in_sources(&files()?)].concat();
    assert_none(&violations);
    Ok(())
}

#[test]
fn a_planted_dependency_is_found() {
    let members = [
        Member::planted("casemate-gate", "host/gate", &["tokio", "serde"]),
        Member::planted("casemate-store", "host/store", &["sqlx", "tokio", "wasmtime-wasi"]),
        Member::planted("casemate-server", "host/server", &["wasmtime", "clap", "sqlx", "casemate-bindings"]),
    ];
    let found: Vec<_> = in_manifests(&members).iter().map(ToString::to_string).collect();
    let expected = [
        "host/gate/Cargo.toml: `casemate-gate` may not depend on `tokio`",
        "host/store/Cargo.toml: `casemate-store` may not depend on `wasmtime-wasi`",
        "host/server/Cargo.toml: `casemate-server` may not depend on `sqlx`",
    ];
    assert_eq!(found, expected);
}

#[test]
fn planted_paths_are_found() {
    for (path, text) in [
        ("host/server/src/crossing/passage.rs", "use wasmtime::Engine;"),
        ("host/server/src/crossing.rs", "fn f(_: casemate_bindings::Host) {}"),
        ("host/server/src/tools/sql.rs", "fn f() { sqlx::query(\"\"); }"),
        ("host/server/src/dispatch.rs", "fn f() { log!(axum::serve()) }"),
        ("host/server/src/app.rs", "#[derive(clap::Parser)] struct A;"),
        ("host/server/src/crossing/recorder.rs", "use bincode as b;"),
        ("host/gate/src/call.rs", "use ::tokio::sync;"),
        ("host/store/src/claims.rs", "use aws_lc_rs::hmac;"),
        ("xtask/src/guests.rs", "use wit_component::ComponentEncoder;"),
        ("host/server/src/app.rs", "use notify::Watcher;"),
        ("tests/it/abuse.rs", "use wasmtime_wast::WastContext;"),
        ("tests/it/conformance.rs", "use wasmtime::Engine;"),
    ] {
        assert_eq!(in_sources(&[File::planted(path, text)]).len(), 1, "{path}: {text}");
    }
    let fine = [
        File::planted("host/server/src/sandbox/guest.rs", "use wasmtime::Store; use casemate_bindings::Agent;"),
        File::planted("host/server/src/crossing/frame.rs", "use bincode::config;"),
        File::planted("host/server/src/main.rs", "use clap::Parser;"),
        File::planted("host/store/src/wire.rs", "use sqlx::query; use tokio::time;"),
        File::planted("tests/it/conformance/suites.rs", "use wasmtime_wast::WastContext;"),
    ];
    assert_none(&in_sources(&fine));
}
