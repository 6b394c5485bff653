//! Installs Debian packages without questions, where this user may. It doesn't know what they are for.

use std::process::{Command, Output};

use crate::error::ToolchainError;
use crate::progress;

/// Whether this is root on a system with apt.
#[must_use]
pub fn is_usable() -> bool {
    let id = Command::new("id").arg("-u").output();
    let root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    root && Command::new("apt-get").arg("--version").output().is_ok()
}

/// Installs packages; `topic` opens each line of progress. Package lists are fetched only if it doesn't work without.
///
/// # Errors
/// [`ToolchainError::Install`] with what apt-get said.
pub fn install(topic: &str, packages: &[&str]) -> Result<(), ToolchainError> {
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
    let reason = String::from_utf8_lossy(&second.stderr).trim_end().to_owned();
    Err(ToolchainError::Install { packages: names, cause: reason.into() })
}

/// Runs apt-get. Configuration files that are there stay as they are.
fn apt(activity: &str, arguments: &[&str]) -> Result<Output, ToolchainError> {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").env("UCF_FORCE_CONFFOLD", "1").arg("-q").args(arguments);
    progress::watch(activity, &mut command).map_err(|cause| ToolchainError::start(&command, cause))
}
