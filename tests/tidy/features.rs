//! `cargo build --workspace` and `cargo test --workspace` compile each dependency once. They do as long as
//! dev-dependencies add no features, which Cargo counts only when it builds tests; see tests/Cargo.toml.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::process::Command;

use super::violation::{Violation, assert_none};

/// Packages whose features depend on whether tests are built.
fn features(build: &str, test: &str) -> Vec<Violation> {
    let (build, test) = (parse(build), parse(test));
    let differing = build.iter().filter(|(package, _)| build.get(*package) != test.get(*package));
    let message = "tests add features to it: name the dev-dependency that does in tests/Cargo.toml too";
    differing.map(|(package, _)| Violation::of(package, message)).collect()
}

/// Each package with its sets of features: macros and build scripts may have others than the programs.
fn parse(tree: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        if let Some((package, features)) = line.trim_end_matches(" (*)").split_once('|') {
            packages.entry(package).or_default().insert(features);
        }
    }
    packages
}

fn tree(edges: &str) -> Result<String, Box<dyn Error>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--offline", "--workspace", "--prefix", "none", "--format", "{p}|{f}", "--edges", edges]);
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn tests_add_no_features() -> Result<(), Box<dyn Error>> {
    assert_none(&features(&tree("normal,build")?, &tree("normal,build,dev")?));
    Ok(())
}

#[test]
fn a_planted_feature_is_found() {
    let build = "a v1|default\nb v1|\nb v1| (*)\n";
    assert_eq!(features(build, "a v1|default,extra\nb v1|\nc v1|x\n").len(), 1);
    assert_none(&features(build, "a v1|default\nb v1|\nc v1|x\n"));
}
