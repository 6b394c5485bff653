//! What another machine needs to be a host on the same Postgres: where that is, the passwords for it and the key file, in one
//! directory, which is all that has to be brought there. Whoever has it is a host. It doesn't know who is invited.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::{Shared, signing};
use crate::app::AppError;
use crate::config::Config;

/// What was written.
#[derive(Debug)]
pub struct Invited {
    /// The configuration, beside which its two secrets are.
    pub configuration: PathBuf,
}

/// Writes an invitation into a directory that is not there yet.
///
/// # Errors
/// [`AppError::NoExternal`] for a host with a Postgres of its own; those of files.
pub async fn invite(config: &Config, directory: &Path) -> Result<Invited, AppError> {
    if config.database_host.is_none() {
        return Err(AppError::NoExternal);
    }
    // So that what is handed out is what the others have.
    Shared::visit(config).await?;
    let made = fs::DirBuilder::new().mode(0o700).create(directory);
    made.map_err(|cause| match cause.kind() {
        ErrorKind::AlreadyExists => AppError::InviteExists(directory.to_owned()),
        _ => AppError::file(directory)(cause),
    })?;
    let copy = |from: &Path, name: &str| {
        let bytes = fs::read(from).map_err(AppError::file(from))?;
        signing::write(&directory.join(name), &bytes)
    };
    copy(&config.key(), "host.key")?;
    copy(&config.database_credentials, "database.credentials")?;
    if let Some(root) = &config.database_root_certificate {
        copy(root, "root.pem")?;
    }
    let mut text =
        "# An invitation: whoever has this directory is a host. Relative paths are relative to it.\n".to_owned();
    for (key, value) in config.values() {
        let value = match (key, value) {
            ("keys.file", _) => Some("\"host.key\"".to_owned()),
            ("database.credentials-file", _) => Some("\"database.credentials\"".to_owned()),
            ("database.root-certificate", Some(_)) => Some("\"root.pem\"".to_owned()),
            (key, value) if key.starts_with("database.") || key == "hosts.lease-seconds" => value,
            _ => None,
        };
        if let Some(value) = value {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    let configuration = directory.join("config.toml");
    signing::write(&configuration, text.as_bytes())?;
    Ok(Invited { configuration })
}
