//! A private Postgres for one data directory: found on the machine, initialised once, started or adopted, stopped
//! only when asked. It listens on a Unix socket in a private directory and nowhere else. It doesn't know what is kept
//! in it (provision) nor who asks.

mod account;
mod binaries;
mod error;
mod initdb;
mod layout;
mod process;
mod settings;
mod socket;

use std::fs::File;
use std::path::{Path, PathBuf};

use account::Account;
use binaries::Binaries;
pub(crate) use binaries::is_sound;
pub use error::ClusterError;
use layout::Layout;
pub(crate) use layout::write_private;
use process::Postmaster;

/// A running server of one data directory, held by this process. Dropping it lets go of the directory and leaves the
/// server running, for the next start to adopt; [`Cluster::stop`] ends it.
#[derive(Debug)]
#[must_use = "a cluster that nobody holds goes on running; stop it or keep it"]
pub struct Cluster {
    postmaster: Postmaster,
    socket: PathBuf,
    superuser_password: String,
    directory: PathBuf,
    // Held for the life of the value: one host per data directory.
    _lock: File,
}

impl Cluster {
    /// Starts the server of `directory`, or adopts the one that an earlier host left running. Blocks until it accepts
    /// connections: call it from a thread that may. `binaries` is the directory with `postgres` and `initdb` where
    /// the operator named one.
    ///
    /// # Errors
    /// What the operator has to do, by code.
    pub fn start(directory: &Path, binaries: Option<&Path>) -> Result<Self, ClusterError> {
        let account = Account::for_postgres()?;
        let layout = Layout::prepare(directory, &account)?;
        let lock = layout.lock()?;
        let socket = socket::prepare(&layout.data, &account)?;
        if let Some(postmaster) = Postmaster::adopt(&layout, &socket, &account)? {
            let superuser_password = layout.superuser_password()?;
            return Ok(Self { postmaster, socket, superuser_password, directory: layout.directory, _lock: lock });
        }
        let binaries = Binaries::find(binaries, &layout.data)?;
        if !layout.is_initialised() {
            initdb::run(&binaries, &layout, &socket, &account)?;
        }
        let superuser_password = layout.superuser_password()?;
        let postmaster = Postmaster::spawn(&binaries, &layout, &socket, &account)?;
        Ok(Self { postmaster, socket, superuser_password, directory: layout.directory, _lock: lock })
    }

    /// The directory of the socket of a server that is up in this directory, whoever has started it; none where none is.
    ///
    /// # Errors
    /// What the operator has to do, by code.
    pub(crate) fn socket_of(directory: &Path) -> Result<Option<PathBuf>, ClusterError> {
        let account = Account::for_postgres()?;
        let layout = Layout::prepare(directory, &account)?;
        match process::is_up(&layout.data) {
            true => socket::prepare(&layout.data, &account).map(Some),
            false => Ok(None),
        }
    }

    /// Fast shutdown: open transactions are rolled back, what was committed is kept. Blocks until the server is gone.
    ///
    /// # Errors
    /// [`ClusterError::Stop`] when it is still there after half a minute.
    pub fn stop(self) -> Result<(), ClusterError> {
        self.postmaster.stop()?;
        // Empty now; if not, the next start takes it as it is.
        drop(std::fs::remove_dir(&self.socket));
        Ok(())
    }

    /// The directory of the server's socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.postmaster.pid()
    }

    pub(crate) fn superuser_password(&self) -> &str {
        &self.superuser_password
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}
