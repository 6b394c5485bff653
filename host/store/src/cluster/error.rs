//! Why a cluster doesn't start or stop. Display says what to do; what the system said is the source.

use std::io;
use std::path::PathBuf;

/// Why there is no running server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No `postgres` and `initdb` on the machine.
    #[error("install Postgres 15 or newer (Debian package `postgresql`), or name the directory of its programs")]
    NoPostgres,
    /// A Postgres in which row-level security has a known flaw.
    #[error("update Postgres {found}: row-level security has known flaws before 15.14, 16.10 and 17.6")]
    Version {
        /// What is installed.
        found: String,
    },
    /// The data directory was made by another major version.
    #[error("install Postgres {needed}, which the data in {} was made by", path.display())]
    Major {
        /// The version of the data.
        needed: String,
        /// Where it is.
        path: PathBuf,
    },
    /// Another host holds the directory.
    #[error("stop the other Casemate that uses {}, or choose another data directory", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// A file or directory can't be made or read.
    #[error("make {} readable and writable", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The socket's directory belongs to somebody else or is open to others.
    #[error("remove {}: it is not a private directory of the database's user", path.display())]
    Socket {
        /// Which.
        path: PathBuf,
    },
    /// No unprivileged user to run as.
    #[error("add the user `postgres`: Postgres refuses to run as root")]
    NoUser,
    /// `initdb` failed.
    #[error("read {}: initdb could not make the database", log.display())]
    Initdb {
        /// What it wrote.
        log: PathBuf,
    },
    /// The server ended or isn't ready in time.
    #[error("read {}: Postgres did not become ready", log.display())]
    Start {
        /// What it wrote.
        log: PathBuf,
    },
    /// A program of Postgres can't be run.
    #[error("make {} executable", program.display())]
    Program {
        /// Which.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The server doesn't end.
    #[error("end the Postgres process {pid}: it did not stop")]
    Stop {
        /// Its process id.
        pid: u32,
    },
    /// No randomness for a password.
    #[error("repair the system's source of randomness")]
    Random(#[source] casemate_keys::KeyError),
}

impl ClusterError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPostgres => "store-no-postgres",
            Self::Version { .. } => "store-postgres-version",
            Self::Major { .. } => "store-postgres-major",
            Self::Busy { .. } => "store-busy",
            Self::Directory { .. } => "store-directory",
            Self::Socket { .. } => "store-socket",
            Self::NoUser => "store-no-user",
            Self::Initdb { .. } => "store-initdb",
            Self::Start { .. } => "store-start",
            Self::Program { .. } => "store-program",
            Self::Stop { .. } => "store-stop",
            Self::Random(_) => "store-random",
        }
    }

    /// For `map_err`: the path that failed.
    pub(super) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Directory { path, source }
    }
}
