//! Installs Debian packages without questions, where this user may.

use std::process::{Command, Output};

use crate::error::Error;
use crate::progress;

/// Whether this is root on a system with apt.
pub(crate) fn is_usable() -> bool {
    let id = Command::new("id").arg("-u").output();
    let root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    root && Command::new("apt-get").arg("--version").output().is_ok()
}

/// Installs packages; `topic` opens each line of progress. Package lists are fetched only if it doesn't work without.
pub(crate) fn install(topic: &str, packages: &[&str]) -> Result<(), Error> {
    let names = packages.join(" ");
    let activity = format!("{topic}: installing {names} (about a minute, once)");
    let arguments = [&["install", "-y", "--no-install-recommends"], packages].concat();
    if apt(&activity, &arguments)?.status.success() {
        return Ok(());
    }
    apt(&format!("{topic}: fetching apt's package lists first"), &["update"])?;
    let second = apt(&activity, &arguments)?;
    if second.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&second.stderr);
    Err(Error::new(format!("apt-get could not install {names}:\n{}", reason.trim_end())))
}

/// Runs apt-get. Configuration files that are there stay as they are.
fn apt(activity: &str, arguments: &[&str]) -> Result<Output, Error> {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").env("UCF_FORCE_CONFFOLD", "1").arg("-q").args(arguments);
    let output = progress::watch(activity, &mut command);
    output.map_err(|error| Error::start(&command, &error))
}
