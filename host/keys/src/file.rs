//! Files of keys: read up to a bound and only if nobody else may, written whole or not at all. It doesn't know what is
//! in them.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::KeyError;

/// Reads a file that only its owner may read; `None` where there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    let fail = |cause| KeyError::File { path: path.to_owned(), cause };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(fail(cause)),
    };
    let about = file.metadata().map_err(fail)?;
    if about.mode() & 0o077 != 0 {
        return Err(KeyError::Permissions(path.to_owned()));
    }
    // Room for all of it at once: bytes that a growing buffer leaves behind would not be wiped.
    let room = usize::try_from(about.len().min(limit)).unwrap_or_default().saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > limit { Err(KeyError::Damaged(path.to_owned())) } else { Ok(Some(bytes)) }
}

/// Held while a file is replaced, by whichever process; the kernel lets go of it when that ends.
pub(crate) fn lock(path: &Path) -> Result<File, KeyError> {
    let fail = |cause| KeyError::File { path: path.to_owned(), cause };
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(fail)?;
    file.lock().map_err(fail)?;
    Ok(file)
}

/// Written beside its place, synced and renamed there, so that a crash leaves the old file or the new one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let fail = |cause| KeyError::File { path: path.to_owned(), cause };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let fresh = path.with_extension("new");
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh);
    let mut file = file.map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)?;
    fs::rename(&fresh, path).and_then(|()| File::open(parent)?.sync_all()).map_err(fail)
}
