//! Postgres's programs: found on the machine, else installed. The host starts a private cluster with them, so the one
//! that Debian's package would create and start is asked to stay away.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use casemate_toolchain::apt;

use crate::environment;
use crate::error::Error;

/// Where Debian and its relatives keep one folder per major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Debian's package.
const PACKAGE: &str = "postgresql";

/// Read by Debian's package when it is installed.
const CREATE_CLUSTER: &str = "/etc/postgresql-common/createcluster.conf";

/// Keeps the package from starting a server of its own.
const NO_CLUSTER: &str = "\
# Written by Casemate's `cargo xtask`, which needs Postgres's programs and no server.
create_main_cluster = false
";

/// The folder of Postgres's programs. Installs them if there are none.
pub(crate) fn ensure() -> Result<PathBuf, Error> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if !apt::is_usable() {
        return Err(Error::new(advice("this user may not install packages")));
    }
    keep_cluster_away(Path::new(CREATE_CLUSTER))?;
    apt::install("postgres", &[PACKAGE]).map_err(|error| Error::new(advice(&error.to_string())))?;
    find().ok_or_else(|| Error::new(format!("{PACKAGE} was installed and its programs still can't be found")))
}

/// The newest of Debian's versions, else what PATH has, else what `pg_config` names.
fn find() -> Option<PathBuf> {
    newest(Path::new(DEBIAN)).or_else(in_path).or_else(named)
}

fn newest(folder: &Path) -> Option<PathBuf> {
    let names = fs::read_dir(folder).ok()?.flatten();
    names
        .filter_map(|entry| entry.file_name().into_string().ok()?.parse::<u32>().ok())
        .map(|major| (major, folder.join(major.to_string()).join("bin")))
        .filter(|(_, programs)| is_complete(programs))
        .max()
        .map(|(_, programs)| programs)
}

fn in_path() -> Option<PathBuf> {
    env::split_paths(&environment::variable("PATH")?).find(|folder| is_complete(folder))
}

fn named() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    is_complete(&folder).then_some(folder)
}

/// Clients alone have no `initdb`.
fn is_complete(folder: &Path) -> bool {
    ["postgres", "initdb"].iter().all(|name| folder.join(name).is_file())
}

/// An administrator's own choice stays.
fn keep_cluster_away(file: &Path) -> Result<(), Error> {
    if file.exists() {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, &error))?;
    fs::write(file, NO_CLUSTER).map_err(|error| Error::file("write", file, &error))
}

/// What to do where the package can't be installed from here.
fn advice(reason: &str) -> String {
    format!(
        "Casemate needs Postgres's programs, and {reason}\nInstall them and try again; on Debian:\n  \
         sudo apt-get install --no-install-recommends {PACKAGE}"
    )
}

#[cfg(test)]
mod tests;
