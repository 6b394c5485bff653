//! Where the ring of keys is kept: one document, replaced as a whole, with nothing in it that is secret in the clear.
//! A file here, a row of a database elsewhere. It doesn't know what stands in the document.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::KeyError;
use crate::file;

/// Most bytes of the document: some hundred thousand keys.
pub(crate) const DOCUMENT_BYTES: u64 = 64 << 20;

/// Keeps one document, which several processes may have open: each replaces only what it has read.
pub trait KeyStore: Send + Sync {
    /// The document as it was written last; `None` before the first time.
    ///
    /// # Errors
    /// [`KeyError`] when it can't be read.
    fn read(&self) -> Result<Option<Vec<u8>>, KeyError>;

    /// Replaces the document, if it still is what was read last (`None`: if there is none). It is durable on return, and a
    /// crash leaves the old one or the new one.
    ///
    /// # Errors
    /// [`KeyError::Stale`] when somebody else has replaced it meanwhile; [`KeyError`] when it can't be written.
    fn replace(&self, last: Option<&[u8]>, document: &[u8]) -> Result<(), KeyError>;

    /// Where that is, for messages.
    fn place(&self) -> PathBuf;
}

/// A file.
#[derive(Debug)]
pub struct FileStore(PathBuf);

impl FileStore {
    /// The file at this path.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl KeyStore for FileStore {
    fn read(&self) -> Result<Option<Vec<u8>>, KeyError> {
        Ok(file::read(&self.0, DOCUMENT_BYTES)?.map(|bytes| bytes.to_vec()))
    }

    fn replace(&self, last: Option<&[u8]>, document: &[u8]) -> Result<(), KeyError> {
        let _lock = file::lock(&self.0.with_extension("lock"))?;
        if self.read()?.as_deref() == last { file::write(&self.0, document) } else { Err(KeyError::Stale) }
    }

    fn place(&self) -> PathBuf {
        self.0.clone()
    }
}

/// Memory, for keys that end with the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Option<Vec<u8>>>);

impl KeyStore for MemoryStore {
    fn read(&self) -> Result<Option<Vec<u8>>, KeyError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn replace(&self, last: Option<&[u8]>, document: &[u8]) -> Result<(), KeyError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_deref() != last {
            return Err(KeyError::Stale);
        }
        *held = Some(document.to_vec());
        Ok(())
    }

    fn place(&self) -> PathBuf {
        PathBuf::from("memory")
    }
}
