//! Where a cluster's files are and whose. The host's secrets stay in the host's directory; the server's data lies
//! beside them, or under /var/lib/casemate where the server's user can't reach the host's directory. It doesn't run
//! anything.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use casemate_keys::MacKey;
use rustix::fs::{FlockOperation, flock};

use super::account::Account;
use super::error::ClusterError;

/// Where data goes that can't lie in the host's own directory.
const ELSEWHERE: &str = "/var/lib/casemate";

/// The places of one cluster.
#[derive(Debug)]
pub(super) struct Layout {
    /// The host's directory, absolute.
    pub(super) directory: PathBuf,
    /// The server's data.
    pub(super) data: PathBuf,
    /// The server's log.
    pub(super) log: PathBuf,
}

impl Layout {
    pub(super) fn prepare(directory: &Path, account: &Account) -> Result<Self, ClusterError> {
        // Passable for the server's user where that is another one; not listable.
        let mode = if account.drops { 0o711 } else { 0o700 };
        make(directory, mode)?;
        let directory = directory.canonicalize().map_err(ClusterError::at(directory))?;
        let home = Self::home(&directory, account)?;
        make(&home, mode)?;
        Ok(Self { data: home.join("data"), log: home.join("log"), directory })
    }

    /// Where the server's files are: as recorded, else decided now and recorded if it is elsewhere.
    fn home(directory: &Path, account: &Account) -> Result<PathBuf, ClusterError> {
        let record = directory.join("location");
        match fs::read_to_string(&record) {
            Ok(text) => return Ok(PathBuf::from(text.trim())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ClusterError::Directory { path: record, source }),
        }
        if account.reaches(&directory.join("data")) {
            return Ok(directory.to_owned());
        }
        let home = Path::new(ELSEWHERE).join(short_name(directory)?);
        make(Path::new(ELSEWHERE), 0o755)?;
        write_private(&record, home.to_string_lossy().as_bytes())?;
        Ok(home)
    }

    /// One host per directory. The kernel lets go of it when the process ends, however it ends.
    pub(super) fn lock(&self) -> Result<File, ClusterError> {
        let path = self.directory.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(ClusterError::at(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(ClusterError::Busy { path: self.directory.clone() }),
            Err(errno) => Err(ClusterError::Directory { path, source: errno.into() }),
        }
    }

    pub(super) fn is_initialised(&self) -> bool {
        self.data.join("PG_VERSION").is_file()
    }

    pub(super) fn superuser_file(&self) -> PathBuf {
        self.directory.join("superuser")
    }

    pub(super) fn superuser_password(&self) -> Result<String, ClusterError> {
        let path = self.superuser_file();
        fs::read_to_string(&path).map(|text| text.trim().to_owned()).map_err(ClusterError::at(path))
    }
}

/// 16 hex digits that stand for a path. HMAC under a known key is a plain digest; nothing is kept secret by it.
pub(super) fn short_name(path: &Path) -> Result<String, ClusterError> {
    let key = MacKey::from_bytes(&[0; 32]).map_err(ClusterError::Random)?;
    let digest = key.tag(&[path.as_os_str().as_encoded_bytes()]);
    Ok(hex::encode(digest).chars().take(16).collect())
}

/// The directory, made if it isn't there.
fn make(path: &Path, mode: u32) -> Result<(), ClusterError> {
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(ClusterError::at(path))
}

/// A file that only its owner reads, complete or not there.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), ClusterError> {
    let draft = path.with_extension("new");
    let write = || {
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(path.parent().unwrap_or(path))?.sync_all()
    };
    write().map_err(ClusterError::at(path))
}
