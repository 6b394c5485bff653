//! `cargo xtask test`: every check there is, the quick ones first. All steps compile the whole workspace with the
//! same profile, so that each uses what the ones before it built.

use std::process::Command;

use crate::error::Error;
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{cargo, setup};

/// The guests' own workspace.
const GUESTS: &str = "tests/guests/Cargo.toml";

/// Sets up and takes the steps; the first that fails is the last.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let mut steps = Steps::default();
    let result = take(workspace, &mut steps);
    println!("\n{}", steps.table());
    result
}

fn take(workspace: &Workspace, steps: &mut Steps) -> Result<(), Error> {
    let cargo = |arguments: &[&str]| {
        let mut command = cargo::command();
        command.current_dir(&workspace.root).args(arguments);
        command
    };
    // The same output folder, so that what both need for this machine is compiled once.
    let guests = |subcommand: &str, arguments: &[&str]| {
        let mut command = cargo(&[subcommand, "--manifest-path", GUESTS, "--locked"]);
        command.arg("--target-dir").arg(&workspace.target).args(arguments);
        command
    };
    steps.take("set-up", || setup::for_tests(workspace))?;
    steps.run("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    steps.run("guest format", &mut cargo(&["fmt", "--all", "--check", "--manifest-path", GUESTS]))?;
    let lint = ["--workspace", "--all-targets", "--", "-D", "warnings"];
    steps.run("lint", &mut cargo(&[&["clippy"], lint.as_slice()].concat()))?;
    steps.run("guest lint", &mut guests("clippy", &lint))?;
    // Cargo builds no program for the tests of another package, and the integration tests start `casemate`.
    // With the tests, so that no dependency is built for the program alone and once more for them.
    steps.run("build", &mut cargo(&[cargo::BUILD.as_slice(), &["--tests"]].concat()))?;
    steps.run("test", &mut cargo(tests()))?;
    steps.run("guest test", &mut guests("test", &["--workspace"]))?;
    steps.run("doc test", &mut cargo(&["test", "--doc", "--workspace"]))
}

/// Nextest runs every test in a process of its own; Cargo's own runner does as well where it is not installed.
fn tests() -> &'static [&'static str] {
    if is_nextest_installed() {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--lib", "--bins", "--tests"]
    }
}

fn is_nextest_installed() -> bool {
    let mut nextest: Command = cargo::command();
    let output = nextest.args(["nextest", "--version"]).output();
    output.is_ok_and(|output| output.status.success())
}
