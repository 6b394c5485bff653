//! `cargo xtask soak dispatch [SECONDS]`: the test in which hosts are killed, stopped and cut off, for longer than tests last. It
//! doesn't know what is looked for.

use std::ffi::OsString;

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{cargo, setup};

/// For how long, where nobody says: an hour.
const SECONDS: &str = "3600";
/// The test.
const TEST: &str = "hosts::nemesis::";

/// Sets up, builds and lets the test go on for so long.
pub(crate) fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<(), Error> {
    if arguments.first().is_none_or(|what| what != "dispatch") {
        return Err(Error::new("name what is soaked: dispatch"));
    }
    let seconds = arguments.get(1).map_or_else(|| SECONDS.into(), |seconds| seconds.to_string_lossy());
    if seconds.parse::<u32>().is_err() {
        return Err(Error::new(format!("give a number of seconds: `{seconds}` is none")));
    }
    setup::for_tests(workspace)?;
    let mut build = cargo::command();
    build.current_dir(&workspace.root).args(cargo::BUILD);
    let mut test = cargo::command();
    test.current_dir(&workspace.root).args(["test", "--workspace", "--test", "it", "--", TEST, "--nocapture"]);
    test.env("CASEMATE_NEMESIS_SECONDS", &*seconds);
    for command in [&mut build, &mut test] {
        let status = command.status().map_err(|error| Error::start(command, &error))?;
        if !status.success() {
            return Err(Error::new("the soak found something; its last words say what, and its first the seed"));
        }
    }
    Ok(())
}
