//! The file with the tenants of a data directory: by name, with their standing. It is the truth about them, with a
//! database and without. Whoever changes it holds a lock of its own, since a host may be up meanwhile and watch it; it is
//! replaced as a whole, so whoever reads needs none. It doesn't know what a standing does to runs.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use casemate_gate::TenantId;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::app::AppError;
use crate::app::shared::{Part, Shared};
use crate::config::Config;

/// How long a change waits for another one that is being made.
const WAIT: Duration = Duration::from_secs(20);
/// How often it looks.
const POLL: Duration = Duration::from_millis(20);
/// Most bytes of the file: some ten thousand tenants.
const FILE_BYTES: u64 = 16 << 20;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// How often its standing was changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u64,
    /// Since when it is suspended, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspended>,
    /// Since when it is being deleted, in milliseconds since 1970-01-01T00:00:00Z. What began is never taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving_ms: Option<u64>,
}

/// A suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    /// Since when, in milliseconds since 1970-01-01T00:00:00Z.
    pub since_ms: u64,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Tenant {
    /// One that may work.
    pub(super) const fn new(id: TenantId) -> Self {
        Self { id, revision: 0, suspended: None, leaving_ms: None }
    }

    /// `active`, `suspended` or `leaving`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match (self.leaving_ms, &self.suspended) {
            (Some(_), _) => "leaving",
            (None, Some(_)) => "suspended",
            (None, None) => "active",
        }
    }
}

/// All tenants by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Book(BTreeMap<String, Tenant>);

impl Book {
    pub(super) fn read(path: &Path) -> Result<Self, AppError> {
        let damaged = || AppError::Damaged(path.to_owned());
        match fs::metadata(path) {
            Ok(about) if about.len() > FILE_BYTES => return Err(damaged()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(AppError::file(path)(cause)),
        }
        serde_json::from_slice(&fs::read(path).map_err(AppError::file(path))?).map_err(|_| damaged())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Tenant> {
        self.0.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Tenant)> {
        self.0.iter().map(|(name, tenant)| (name.as_str(), tenant))
    }
}

/// The file, while nobody else changes it.
pub(super) struct Held {
    path: PathBuf,
    shared: Shared,
    // The open file is the lock.
    _lock: File,
}

impl Held {
    /// Waits for others, for a bounded time.
    pub(super) async fn take(config: &Config, shared: &Shared) -> Result<Self, AppError> {
        let lock = config.tenants_lock();
        let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock);
        let file = opened.map_err(AppError::file(&lock))?;
        let deadline = Instant::now() + WAIT;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    shared.pull(Part::Tenants)?;
                    return Ok(Self { path: config.tenants(), shared: shared.clone(), _lock: file });
                }
                Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => tokio::time::sleep(POLL).await,
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(AppError::TenantsBusy),
                Err(errno) => return Err(AppError::file(&lock)(errno.into())),
            }
        }
    }

    pub(super) fn read(&self) -> Result<Book, AppError> {
        Book::read(&self.path)
    }

    /// Puts a tenant into the file, or another in its place; it is durable on return.
    pub(super) fn put(&self, name: &str, tenant: Tenant) -> Result<Book, AppError> {
        let mut book = self.read()?;
        book.0.insert(name.to_owned(), tenant);
        self.write(book)
    }

    /// Puts a new tenant into the file, unless there is one of that name by now.
    pub(super) fn add(&self, name: &str, tenant: Tenant) -> Result<Book, AppError> {
        match self.read()?.get(name) {
            Some(_) => Err(AppError::TenantExists(name.to_owned())),
            None => self.put(name, tenant),
        }
    }

    /// Takes a tenant out of the file; it is durable on return.
    pub(super) fn remove(&self, name: &str) -> Result<Book, AppError> {
        let mut book = self.read()?;
        book.0.remove(name);
        self.write(book)
    }

    fn write(&self, book: Book) -> Result<Book, AppError> {
        let text = serde_json::to_vec_pretty(&book).map_err(|_| AppError::Damaged(self.path.clone()))?;
        // What couldn't be read back is not written.
        if text.len() as u64 > FILE_BYTES {
            return Err(AppError::TenantsFull);
        }
        self.shared.write(Part::Tenants, &text)?;
        Ok(book)
    }
}
