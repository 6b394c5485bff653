//! `cargo xtask bench`: sets up and runs the benchmarks, all of them or the one that is named. Named to Cargo too,
//! because the tests' own harness would not know their arguments.

use std::ffi::OsString;

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{cargo, setup};

/// The benchmarks, in the order in which they run.
const BENCHES: [&str; 3] = ["crossing", "sandbox", "sql"];

/// Runs them. Words behind a name go to that benchmark: criterion's for `crossing`, a part's name for `sandbox`.
pub(crate) fn run(workspace: &Workspace, mut arguments: Vec<OsString>) -> Result<(), Error> {
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
            return Err(Error::new(format!("the benchmark `{name}` failed; its messages above say why")));
        }
    }
    Ok(())
}
