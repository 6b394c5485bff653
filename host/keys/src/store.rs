//! Where the ring of keys is kept: one document, replaced as a whole, with nothing in it that is secret in the clear.
//! A file here, a row of a database elsewhere. It doesn't know what stands in the document.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::KeyError;
use crate::file;

/// Most bytes of the document: some hundred thousand keys.
pub(crate) const DOCUMENT_BYTES: u64 = 64 << 20;

/// Keeps one document. One process writes at a time; others may read.
pub trait KeyStore: Send + Sync {
    /// The document as it was written last; `None` before the first time.
    ///
    /// # Errors
    /// [`KeyError`] when it can't be read.
    fn read(&self) -> Result<Option<Vec<u8>>, KeyError>;

    /// Replaces the document. It is durable on return, and a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// [`KeyError`] when it can't be written.
    fn write(&self, document: &[u8]) -> Result<(), KeyError>;

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

    fn write(&self, document: &[u8]) -> Result<(), KeyError> {
        file::write(&self.0, document)
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

    fn write(&self, document: &[u8]) -> Result<(), KeyError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(document.to_vec());
        Ok(())
    }

    fn place(&self) -> PathBuf {
        PathBuf::from("memory")
    }
}
