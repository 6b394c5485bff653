//! `cargo xtask bench`: sets up and runs the benchmark of the crossing.

use std::ffi::OsString;

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{cargo, setup};

/// The one benchmark. Named, because the tests' own harness would not know criterion's arguments.
const BENCH: [&str; 6] = ["bench", "--package", "casemate-server", "--bench", "crossing", "--"];

/// Passes the arguments on to criterion.
pub(crate) fn run(workspace: &Workspace, arguments: Vec<OsString>) -> Result<(), Error> {
    setup::all(workspace)?;
    let mut bench = cargo::command();
    bench.current_dir(&workspace.root).args(BENCH).args(arguments);
    let status = bench.status().map_err(|error| Error::start(&bench, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new("the benchmark failed; its messages above say why"))
}
