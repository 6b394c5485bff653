//! Crates know each other in one direction only: what the ledger can't name, it can't depend on. Dev-dependencies are
//! free, since no program has them.

use super::members::{Member, all};
use super::violation::{Violation, assert_none};

/// Each crate and the crates that it may name.
const EDGES: [(&str, &[&str]); 14] = [
    (
        "casemate-server",
        &[
            "casemate-store",
            "casemate-gate",
            "casemate-ledger",
            "casemate-pii",
            "casemate-keys",
            "casemate-jobs",
            "casemate-bindings",
            "casemate-toolchain",
            "casemate-abi",
        ],
    ),
    ("casemate-store", &["casemate-gate", "casemate-keys", "casemate-jobs"]),
    ("casemate-gate", &["casemate-ledger", "casemate-pii", "casemate-keys", "casemate-jobs", "casemate-abi"]),
    ("casemate-bindings", &[]),
    ("casemate-sdk", &["casemate-sdk-macros", "casemate-abi"]),
    ("casemate-sdk-macros", &[]),
    ("casemate-abi", &[]),
    ("casemate-ledger", &[]),
    ("casemate-pii", &[]),
    ("casemate-keys", &[]),
    ("casemate-jobs", &[]),
    (
        "casemate-tests",
        &[
            "casemate-server",
            "casemate-store",
            "casemate-gate",
            "casemate-ledger",
            "casemate-pii",
            "casemate-keys",
            "casemate-jobs",
            "casemate-abi",
        ],
    ),
    ("casemate-toolchain", &["casemate-abi"]),
    ("xtask", &["casemate-toolchain"]),
];

/// Where guests are; they see the host through the SDK alone.
const GUESTS: [&str; 2] = ["examples/", "tests/guests/"];
const GUEST_EDGES: &[&str] = &["casemate-sdk"];

fn edges(members: &[Member]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in members {
        let manifest = format!("{}/Cargo.toml", member.folder);
        let Some(allowed) = allowed(member) else {
            let message = format!("`{}` is not in tests/tidy/edges.rs, which says whom it may know", member.name);
            violations.push(Violation::of(&manifest, message));
            continue;
        };
        for need in member.needs.iter().filter(|need| need.is_local && !need.is_dev) {
            if !allowed.contains(&need.name.as_str()) {
                let message = format!("`{}` may not depend on `{}`", member.name, need.name);
                violations.push(Violation::of(&manifest, message));
            }
        }
    }
    violations
}

fn allowed(member: &Member) -> Option<&'static [&'static str]> {
    if GUESTS.iter().any(|folder| member.folder.starts_with(folder)) {
        return Some(GUEST_EDGES);
    }
    EDGES.iter().find(|(name, _)| *name == member.name).map(|(_, edges)| *edges)
}

#[test]
fn crates_point_one_way() -> Result<(), cargo_metadata::Error> {
    assert_none(&edges(&all()?));
    Ok(())
}

#[test]
fn a_planted_edge_is_found() {
    let upwards = Member::planted("casemate-ledger", "host/ledger", &["sha2", "casemate-store"]);
    let stranger = Member::planted("casemate-zones", "host/zones", &[]);
    let guest = Member::planted("spy", "examples/spy", &["casemate-sdk", "casemate-keys"]);
    let fine = Member::planted("casemate-store", "host/store", &["sqlx", "casemate-gate"]);
    let found: Vec<_> = edges(&[upwards, stranger, guest, fine]).iter().map(ToString::to_string).collect();
    let expected = [
        "host/ledger/Cargo.toml: `casemate-ledger` may not depend on `casemate-store`",
        "host/zones/Cargo.toml: `casemate-zones` is not in tests/tidy/edges.rs, which says whom it may know",
        "examples/spy/Cargo.toml: `spy` may not depend on `casemate-keys`",
    ];
    assert_eq!(found, expected);
}
