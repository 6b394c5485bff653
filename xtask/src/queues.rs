//! Queues by others that the benchmark of jobs is run beside: packages from npm, pinned by the lock file in
//! `tests/peers/queues`. It doesn't know what is measured.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::Error;
use crate::venv;

/// What is copied beside the packages, because Node.js looks for them from there.
const FILES: [&str; 4] = ["package.json", "package-lock.json", ".npmrc", "queues.mjs"];
/// What npm writes last: without it an installation that was cut off is done again.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// `target/queues/queues.mjs` can be run by `node`, of version 20 or later.
pub(crate) fn ensure(workspace: &Path) -> Result<(), Error> {
    let (from, to) = (workspace.join("tests/peers/queues"), workspace.join("target/queues"));
    let mut is_there = to.join(INSTALLED).is_file();
    fs::create_dir_all(&to).map_err(|error| Error::file("make", &to, &error))?;
    for name in FILES {
        let (from, to) = (from.join(name), to.join(name));
        let text = fs::read(&from).map_err(|error| Error::file("read", &from, &error))?;
        if !fs::read(&to).is_ok_and(|there| there == text) {
            is_there = false;
            fs::write(&to, text).map_err(|error| Error::file("write", &to, &error))?;
        }
    }
    if is_there {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&to).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    venv::run("npm: installing graphile-worker and pg-boss (once)", &mut npm)
}
