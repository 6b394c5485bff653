//! Which host this is: an id of its data directory, made once. It is not the id that its keys have: hosts that share keys are
//! different hosts. It doesn't know what it is used for.

use std::fs;
use std::io::ErrorKind;

use casemate_keys::KeyRing;
use uuid::Uuid;

use super::{AppError, signing};
use crate::config::Config;

/// The id, made if there is none. A data directory that was made before there were ids has that of its keys.
pub(super) fn of(config: &Config, keys: &KeyRing) -> Result<Uuid, AppError> {
    read_or_make(config, || keys.host())
}

/// The same on a Postgres that the host doesn't start: others there may have the same keys.
pub(super) fn of_its_own(config: &Config) -> Result<Uuid, AppError> {
    read_or_make(config, Uuid::new_v4)
}

fn read_or_make(config: &Config, make: impl FnOnce() -> Uuid) -> Result<Uuid, AppError> {
    let path = config.host_id();
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| AppError::Damaged(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let id = make();
            signing::write(&path, id.to_string().as_bytes())?;
            Ok(id)
        }
        Err(cause) => Err(AppError::file(path)(cause)),
    }
}

/// What people call this host: the machine's name.
pub(super) fn name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "host".to_owned() } else { name }
}
