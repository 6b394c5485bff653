//! The ring of keys in Postgres, for hosts that share it, with a copy in the data directory for whoever reads public keys. It
//! doesn't know what stands in the ring.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casemate_keys::{KeyError, KeyStore, ring_id};

use super::link::{self, Link};
use crate::app::AppError;

/// Its name among documents.
const NAME: &str = "shared/keys";

/// See the file's head.
pub(in crate::app) struct SharedRing {
    link: Arc<Link>,
    path: PathBuf,
    // Held for one question: the version that was read or written last, and its bytes.
    last: Mutex<(i64, Vec<u8>)>,
}

impl SharedRing {
    pub(in crate::app) fn new(link: Arc<Link>, path: PathBuf) -> Self {
        Self { link, path, last: Mutex::default() }
    }

    fn last(&self) -> MutexGuard<'_, (i64, Vec<u8>)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The copy, unless it is of other keys: those are nobody else's, and would be gone.
    fn copy(&self, document: &[u8]) -> Result<(), KeyError> {
        let kept = link::file(&self.path).map_err(store)?;
        match kept.as_deref().map(ring_id) {
            Some(own) if own != ring_id(document) => Err(KeyError::Other(self.path.clone())),
            _ if kept.as_deref() == Some(document) => Ok(()),
            _ => link::put(&self.path, document).map_err(store),
        }
    }
}

impl KeyStore for SharedRing {
    fn read(&self) -> Result<Option<Vec<u8>>, KeyError> {
        let _lock = self.link.lock_ring().map_err(store)?;
        let mut last = self.last();
        match self.link.keeper.newer(NAME, last.0).map_err(store)? {
            Some(document) => {
                self.copy(&document.content)?;
                self.link.note(NAME, document.version);
                *last = (document.version, document.content);
            }
            None if last.0 == 0 => return Ok(None),
            None => {}
        }
        Ok(Some(last.1.clone()))
    }

    fn replace(&self, expected: Option<&[u8]>, document: &[u8]) -> Result<(), KeyError> {
        let _lock = self.link.lock_ring().map_err(store)?;
        let mut last = self.last();
        let known = (last.0 > 0).then_some(last.1.as_slice());
        if known != expected {
            return Err(KeyError::Stale);
        }
        let version = self.link.keeper.replace(NAME, last.0, document).map_err(store)?.ok_or(KeyError::Stale)?;
        self.link.note(NAME, version);
        *last = (version, document.to_vec());
        self.copy(document)
    }

    fn place(&self) -> PathBuf {
        self.path.clone()
    }
}

fn store(error: impl Into<AppError>) -> KeyError {
    KeyError::Store(Box::new(error.into()))
}
