//! The lock of the data directory: one process at a time, by the kernel, so that it is free again when the process
//! dies in whatever way. It doesn't know what the directory holds.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use rustix::fs::{FlockOperation, flock};

use super::AppError;
use crate::config::Config;

/// Held for as long as the host is up.
pub(super) struct DataLock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Makes the data directory where there is none.
pub(super) fn make(config: &Config) -> Result<(), AppError> {
    // Others may pass through to the socket of Postgres, which runs as another user under root; not look.
    let made = fs::DirBuilder::new().recursive(true).mode(0o711).create(config.data());
    made.map_err(AppError::file(config.data()))
}

impl DataLock {
    /// Makes the data directory where there is none, and locks it.
    pub(super) fn take(config: &Config) -> Result<Self, AppError> {
        make(config)?;
        let data = config.data();
        // Zones that were named are the operator's to make; these are the host's own.
        let own = data.join("zones");
        if config.zones.iter().any(|zone| zone.starts_with(&own)) {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&own);
            made.map_err(AppError::file(&own))?;
        }
        let path = config.lock();
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(AppError::file(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(AppError::Locked(data.to_owned())),
            Err(errno) => Err(AppError::File { path, cause: errno.into() }),
        }
    }
}
