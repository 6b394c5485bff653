//! A data directory's way to what its host shares: the thread that asks Postgres, which version of what is here, and a lock for
//! several processes on one directory. It doesn't know what is shared.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use casemate_store::{ConnectInfo, Keeper};
use rustix::fs::{FlockOperation, flock};

use crate::app::{AppError, signing};
use crate::config::Config;

/// How long another process on the same directory may take.
const WAIT: Duration = Duration::from_secs(20);
/// How often it is looked.
const POLL: Duration = Duration::from_millis(2);

/// See the file's head.
#[derive(Debug)]
pub(in crate::app) struct Link {
    pub(super) keeper: Keeper,
    pub(super) data: PathBuf,
    // Held for one look.
    versions: Mutex<HashMap<String, i64>>,
}

impl Link {
    /// The way of this directory to the database. Nothing is asked yet.
    pub(in crate::app) fn open(config: &Config, info: &ConnectInfo) -> Result<Self, AppError> {
        Ok(Self { keeper: Keeper::open(info)?, data: config.data().to_owned(), versions: Mutex::default() })
    }

    /// Held while files are brought in line; each holder asks Postgres a few things at most.
    pub(super) fn lock(&self) -> Result<File, AppError> {
        lock(&self.data, "shared.lock")
    }

    /// The same for the ring's file, which may be asked for while the other is held.
    pub(super) fn lock_ring(&self) -> Result<File, AppError> {
        lock(&self.data, "shared-keys.lock")
    }

    /// The version that this process has of a document; 0 for none.
    pub(super) fn version(&self, name: &str) -> i64 {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or_default()
    }

    pub(super) fn note(&self, name: &str, version: i64) {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), version);
    }
}

/// Waits for whoever has it, but not for ever: that one may have been stopped.
pub(in crate::app) fn lock(data: &Path, name: &str) -> Result<File, AppError> {
    let path = data.join(name);
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = opened.map_err(AppError::file(&path))?;
    let deadline = Instant::now() + WAIT;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => std::thread::sleep(POLL),
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(AppError::Locked(data.to_owned())),
            Err(errno) => return Err(AppError::file(&path)(errno.into())),
        }
    }
}

/// The bytes of a file; none where there is none.
pub(super) fn file(path: &Path) -> Result<Option<Vec<u8>>, AppError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(AppError::file(path)(cause)),
    }
}

/// Writes a file whole, in a directory of the host's own.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(AppError::file(directory))?;
    }
    signing::write(path, bytes)
}
