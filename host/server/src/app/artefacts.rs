//! Components and policies by digest: what a run was started with is kept until it can't be resumed any more. It
//! doesn't know which run needs which.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use casemate_gate::Digest;

use super::{AppError, signing};

/// A directory of files that are named by the SHA-256 of their bytes.
#[derive(Debug, Clone)]
pub struct Artefacts {
    directory: PathBuf,
}

impl Artefacts {
    pub(super) const fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Keeps bytes.
    ///
    /// # Errors
    /// [`AppError::File`].
    pub fn keep(&self, bytes: &[u8]) -> Result<Digest, AppError> {
        let digest = Digest::of(bytes);
        let path = self.path(digest);
        if !path.exists() {
            fs::create_dir_all(&self.directory).map_err(AppError::file(&self.directory))?;
            signing::write(&path, bytes)?;
        }
        Ok(digest)
    }

    /// Bytes that were kept, if they are still what they were.
    ///
    /// # Errors
    /// [`AppError::File`], [`AppError::Damaged`].
    pub fn get(&self, digest: Digest) -> Result<Vec<u8>, AppError> {
        let path = self.path(digest);
        let bytes = fs::read(&path).map_err(AppError::file(&path))?;
        if Digest::of(&bytes) == digest { Ok(bytes) } else { Err(AppError::Damaged(path)) }
    }

    /// Removes bytes, where they were kept.
    ///
    /// # Errors
    /// [`AppError::File`].
    pub fn remove(&self, digest: Digest) -> Result<(), AppError> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(AppError::file(path)(error)),
            _ => Ok(()),
        }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.directory.join(digest.to_string())
    }
}
