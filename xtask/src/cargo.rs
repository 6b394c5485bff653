//! Cargo, as it started this program, and what its commands share.

use std::ffi::OsString;
use std::process::Command;

use crate::environment;

/// The program `casemate` as `demo` runs it and the integration tests start it. It is built for the whole workspace,
/// so that the features of its dependencies are those of the tests and nothing is compiled twice.
pub(crate) const BUILD: [&str; 4] = ["build", "--workspace", "--bin", "casemate"];

/// The Cargo that started this program.
pub(crate) fn command() -> Command {
    Command::new(program())
}

/// Its path.
pub(crate) fn program() -> OsString {
    environment::variable("CARGO").unwrap_or_else(|| "cargo".into())
}
