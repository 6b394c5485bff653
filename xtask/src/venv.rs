//! Virtual environments of Python under `target`: packages from PyPI, pinned by version and by the digests of their
//! files, installed once. It doesn't know what they are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use casemate_toolchain::{apt, progress};

use crate::error::Error;

/// An environment.
pub(crate) struct Venv {
    /// Its folder under `target`.
    pub(crate) folder: &'static str,
    /// What pip installs and accepts.
    pub(crate) requirements: &'static str,
    /// What is being installed, for whoever waits.
    pub(crate) contents: &'static str,
}

impl Venv {
    /// Installs it, if it isn't there or holds something else; returns its folder.
    pub(crate) fn ensure(&self, workspace: &Path) -> Result<PathBuf, Error> {
        let folder = workspace.join("target").join(self.folder);
        // Written last: without it an installation that was cut off is done again.
        let stamp = folder.join("installed.txt");
        if fs::read_to_string(&stamp).is_ok_and(|text| text == self.requirements) {
            return Ok(folder);
        }
        ensure_python()?;
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        run(&format!("python: a virtual environment for {}", self.contents), &mut venv)?;
        let requirements = folder.join("requirements.txt");
        write(&requirements, self.requirements)?;
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]);
        pip.args(["--only-binary", ":all:", "-r"]).arg(&requirements);
        run(&format!("python: installing {} from PyPI (once)", self.contents), &mut pip)?;
        write(&stamp, self.requirements)?;
        Ok(folder)
    }
}

/// Python with what makes environments, from the system's packages where this user may install them.
fn ensure_python() -> Result<(), Error> {
    let looked = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    if looked.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let needed = ["python3", "python3-venv"];
    let fix = format!("install them: sudo apt-get install --no-install-recommends {}", needed.join(" "));
    let advice = |reason: &str| Error::new(format!("tests need `python3` with `venv`, and {reason}; {fix}"));
    if !apt::is_usable() {
        return Err(advice("this user may not install packages"));
    }
    apt::install("guests", &needed).map_err(|error| advice(&error.to_string()))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::file("write", path, &error))
}

/// Runs a program to its end; what it said is shown if it fails.
pub(crate) fn run(activity: &str, command: &mut Command) -> Result<(), Error> {
    let output = progress::watch(activity, command).map_err(|error| Error::start(command, &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("{} failed:\n{}", command.get_program().display(), said.trim_end())))
}
