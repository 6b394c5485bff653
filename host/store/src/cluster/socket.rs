//! The private directory of the server's socket. Short, because a socket's path may have 107 bytes; refused when
//! somebody else made it first. It doesn't know who connects.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::ClusterError;
use super::layout::short_name;

/// Bytes that `sun_path` holds, less the terminator.
const LONGEST: usize = 107;
/// What Postgres calls its socket on the default port.
pub(super) const NAME: &str = ".s.PGSQL.5432";

/// The directory for the cluster with this data, made or checked.
pub(super) fn prepare(data: &Path, account: &Account) -> Result<PathBuf, ClusterError> {
    let name = format!("casemate-{}", short_name(data)?);
    let preferred = std::env::temp_dir().join(&name);
    let fits = preferred.join(NAME).as_os_str().len() <= LONGEST && account.reaches(&preferred);
    let path = if fits { preferred } else { Path::new("/tmp").join(&name) };
    match DirBuilder::new().mode(0o700).create(&path) {
        Ok(()) => account.own(&path)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(ClusterError::Directory { path, source }),
    }
    // Not through a link: in a shared directory anybody could have put one there.
    let meta = fs::symlink_metadata(&path).map_err(ClusterError::at(&path))?;
    if meta.is_dir() && meta.uid() == account.uid && meta.mode() & 0o077 == 0 {
        Ok(path)
    } else {
        Err(ClusterError::Socket { path })
    }
}
