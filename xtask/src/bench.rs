//! `cargo xtask bench`: sets up and runs the benchmarks, all of them or the one that is named. Named to Cargo too,
//! because the tests' own harness would not know their arguments.

use std::ffi::OsString;

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{cargo, queues, setup};

/// The benchmarks, in the order in which they run.
const BENCHES: [&str; 3] = ["crossing", "sandbox", "sql"];
/// The one that drives hosts from outside, with what the tests have for that.
const DISPATCH: &str = "dispatch";

/// Runs them. Words behind a name go to that benchmark: criterion's for `crossing`, a part's name for `sandbox`.
pub(crate) fn run(workspace: &Workspace, mut arguments: Vec<OsString>) -> Result<(), Error> {
    if arguments.first().is_some_and(|word| word == DISPATCH) {
        return dispatch(workspace, arguments.get(1));
    }
    let named = arguments.first().and_then(|word| BENCHES.into_iter().find(|bench| word == *bench));
    if named.is_some() {
        arguments.remove(0);
    }
    setup::all(workspace)?;
    for name in BENCHES.into_iter().filter(|bench| named.is_none_or(|named| named == *bench)) {
        let mut bench = cargo::command();
        bench.current_dir(&workspace.root).args(["bench", "--package", "casemate-server", "--bench", name]);
        if name == "sql" {
            bench.args(["--features", "yardstick"]);
        }
        bench.arg("--");
        let status = bench.args(&arguments).status().map_err(|error| Error::start(&bench, &error))?;
        if !status.success() {
            return Err(failed(name));
        }
    }
    if named.is_none() { dispatch(workspace, None) } else { Ok(()) }
}

/// All parts of the benchmark of jobs, or one: on the program as it is released.
fn dispatch(workspace: &Workspace, part: Option<&OsString>) -> Result<(), Error> {
    setup::all(workspace)?;
    queues::ensure(&workspace.root)?;
    let mut build = cargo::command();
    build.current_dir(&workspace.root).args(["build", "--release", "--locked", "--workspace", "--bin", "casemate"]);
    let mut bench = cargo::command();
    bench.current_dir(&workspace.root).args(["test", "--release", "--locked", "--workspace", "--test", "it"]);
    bench.args(["--", "hosts::figures::", "--ignored", "--nocapture"]);
    if let Some(part) = part {
        bench.env("CASEMATE_BENCH_PART", part);
    }
    for command in [&mut build, &mut bench] {
        let status = command.status().map_err(|error| Error::start(command, &error))?;
        if !status.success() {
            return Err(failed(DISPATCH));
        }
    }
    Ok(())
}

fn failed(name: &str) -> Error {
    Error::new(format!("the benchmark `{name}` failed; its messages above say why"))
}
