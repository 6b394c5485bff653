//! Which files a zone has, and that it has no others: what nobody wrote has no place in evidence.
//! It does not look into the files, except the identity.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{Flaw, VerifyError};
use crate::zone::{CHECKPOINT, IDENTITY, LOCK, LOGS, SEGMENTS};
use crate::{Origin, Writer, disk, segment, zone};

/// The files of a zone that are to be verified.
pub(crate) struct Files {
    /// Writer, first frame number, path, length in bytes; by writer and number.
    pub(crate) segments: Vec<(Writer, u64, PathBuf, u64)>,
    pub(crate) checkpoints: Vec<(Origin, PathBuf)>,
}

pub(crate) fn identity(path: &Path) -> Result<(Uuid, u8), VerifyError> {
    let file = path.join(IDENTITY);
    if matches!(path.symlink_metadata(), Err(error) if error.kind() == std::io::ErrorKind::NotFound) {
        return Err(VerifyError::new(Flaw::Missing, path));
    }
    match zone::identity(path) {
        Ok(Some(identity)) => Ok(identity),
        Ok(None) => Err(VerifyError::new(Flaw::Identity, &file)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(VerifyError::new(Flaw::Identity, &file)),
        Err(e) => Err(VerifyError::io(&file, &e)),
    }
}

/// Lists the zone. A lock file is passed over, but it must be empty.
pub(crate) fn list(path: &Path) -> Result<Files, VerifyError> {
    for (name, entry) in names(path)? {
        let fine = match name.as_str() {
            SEGMENTS | LOGS => is_dir(&entry),
            IDENTITY => len(&entry).is_some(),
            LOCK => len(&entry) == Some(0),
            _ => false,
        };
        if !fine {
            return Err(VerifyError::new(Flaw::Stray, &entry));
        }
    }
    let mut segments = Vec::new();
    for (name, file) in names(&path.join(SEGMENTS))? {
        let stray = || VerifyError::new(Flaw::Stray, &file);
        let (writer, first) = segment::parse_name(&name).ok_or_else(stray)?;
        let len = len(&file).ok_or_else(stray)?;
        segments.push((writer, first, file, len));
    }
    segments.sort_by_key(|(writer, first, ..)| (*writer, *first));
    Ok(Files { segments, checkpoints: checkpoints(path)? })
}

fn checkpoints(path: &Path) -> Result<Vec<(Origin, PathBuf)>, VerifyError> {
    let mut found = Vec::new();
    for (tenant, dir) in names(&path.join(LOGS))? {
        for (writer, log) in names(&dir)? {
            let stray = |file: &Path| VerifyError::new(Flaw::Stray, file);
            let origin: Origin = format!("{tenant}/{writer}").parse().map_err(|_| stray(&log))?;
            let files = names(&log)?;
            if let Some((_, file)) = files.iter().find(|(name, file)| name != CHECKPOINT || len(file).is_none()) {
                return Err(stray(file));
            }
            let Some((_, file)) = files.into_iter().next() else {
                let error = VerifyError::new(Flaw::CheckpointMissing, &log);
                return Err(VerifyError { log: Some(origin), ..error });
            };
            found.push((origin, file));
        }
    }
    Ok(found)
}

fn names(dir: &Path) -> Result<Vec<(String, PathBuf)>, VerifyError> {
    if dir.exists() && !is_dir(dir) {
        return Err(VerifyError::new(Flaw::Stray, dir));
    }
    disk::list(dir).map_err(|e| VerifyError::io(dir, &e))
}

// Symbolic links are not followed: what a link points to is not in the zone.
fn is_dir(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_dir())
}

fn len(path: &Path) -> Option<u64> {
    path.symlink_metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len())
}
