//! Where runs' scratch directories are made: one directory of the host's own, emptied when the host starts. It doesn't
//! know what is put there.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use tempfile::TempDir;

/// What the names of runs' directories begin with: nothing else is ever removed.
const PREFIX: &str = "run-";
/// For this user alone.
const MODE: u32 = 0o700;

/// Why scratch directories can't be made.
#[derive(Debug, thiserror::Error)]
#[error("make {path} writable for this user, on a disk with space left: scratch directories are made there")]
pub struct ScratchError {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// The directory of runs' scratch directories, once the host has opened it.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct Place(Arc<OnceLock<PathBuf>>);

impl Place {
    /// Makes the directory and removes what a host that was killed left there.
    pub(in crate::sandbox) fn open(&self, path: &Path) -> Result<(), ScratchError> {
        let fails = |cause| ScratchError { path: path.to_owned(), cause };
        DirBuilder::new().recursive(true).mode(MODE).create(path).map_err(fails)?;
        fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(fails)?;
        for entry in fs::read_dir(path).map_err(fails)? {
            let entry = entry.map_err(fails)?;
            if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
                fs::remove_dir_all(entry.path()).map_err(fails)?;
            }
        }
        // A second opening is of the same directory: a sandbox has one host.
        let _same = self.0.set(path.to_owned());
        Ok(())
    }

    /// A directory for one run.
    pub(super) fn directory(&self) -> io::Result<Directory> {
        let path = self.0.get().ok_or(io::ErrorKind::NotFound)?;
        let permissions = Permissions::from_mode(MODE);
        let own = tempfile::Builder::new().prefix(PREFIX).permissions(permissions).tempdir_in(path)?;
        let dir = Dir::open_ambient_dir(own.path(), ambient_authority())?;
        Ok(Directory { dir, _own: own })
    }
}

/// The directory of one run, removed with everything in it when it is dropped.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) dir: Dir,
    _own: TempDir,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::Place;

    #[test]
    fn what_is_left_over_goes_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("scratch");
        let (left, other) = (path.join("run-left"), path.join("kept"));
        fs::create_dir_all(left.join("deep")).unwrap();
        fs::write(left.join("1"), "bytes").unwrap();
        fs::write(&other, "somebody's").unwrap();

        let place = Place::default();
        assert!(place.directory().is_err(), "no host has opened it");
        place.open(&path).unwrap();
        assert!(!left.exists() && other.exists());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);

        let directory = place.directory().unwrap();
        directory.dir.write("1", "bytes").unwrap();
        let made = fs::read_dir(&path).unwrap().count();
        assert_eq!(made, 2);
        drop(directory);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "a run's directory goes with the run");
    }
}
