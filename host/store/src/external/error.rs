//! Why a server that the host doesn't start can't be used. Display says what to do; what the server said is the source.

use std::error::Error;
use std::path::PathBuf;

use crate::pooler::PoolerError;

/// See the file's head.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Nobody answers.
    #[error("start what should answer at {address}, or correct its place under `database`")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The connection isn't encrypted, or to somebody else.
    #[error(
        "have {address} answer with a certificate for the name in the configuration, from a public authority or one in \
         `database.root-certificate`"
    )]
    Tls {
        /// Where.
        address: String,
        /// What is wrong with it.
        source: sqlx::Error,
    },
    /// A password or the server's `pg_hba.conf`.
    #[error("let {login} log in at {address}: its password or the server's rules don't")]
    Login {
        /// Which login.
        login: String,
        /// Where.
        address: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// The server or the pooler doesn't want the connection, for a reason of its own.
    #[error("see why {address} refuses a connection of {login}")]
    Refused {
        /// Which login.
        login: String,
        /// Where.
        address: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// There is no such database.
    #[error("run `casemate db bootstrap` first, or correct `database.name`: {address} has no such database")]
    NoDatabase {
        /// Where.
        address: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// There are no credentials yet.
    #[error("run `casemate db bootstrap` first, or bring the credentials to {}", path.display())]
    NotBootstrapped {
        /// Where they would be.
        path: PathBuf,
    },
    /// The roles are of another version.
    #[error("run `casemate db bootstrap` again: the database's roles are not those of this Casemate")]
    Outdated,
    /// Others may read the passwords.
    #[error("make {} readable for this user alone (mode 600)", path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// Only a superuser can take from PUBLIC what is Postgres's own.
    #[error("name a superuser: {login} is none")]
    NotSuperuser {
        /// Who was named.
        login: String,
    },
    /// A password on the command line, or no URL at all.
    #[error("write the superuser's URL as postgres://NAME@HOST:PORT/postgres, without the password")]
    Url(#[source] Option<sqlx::Error>),
    /// Another host has set the passwords.
    #[error("bring the credentials of the host that prepared this server to {}, or pass --new-passwords, which locks it out", path.display())]
    Taken {
        /// Where they should be.
        path: PathBuf,
    },
    /// A commit might be lost.
    #[error("turn `{setting}` on in the server: what it has committed must survive a power cut")]
    Fragile {
        /// The server's setting.
        setting: &'static str,
    },
    /// Nothing can be written there.
    #[error("name the primary server: {address} is a standby")]
    Standby {
        /// Where.
        address: String,
    },
    /// It has flaws.
    #[error("update Postgres {found}: row-level security has known flaws before 15.14, 16.10 and 17.6")]
    Version {
        /// What it is.
        found: String,
    },
    /// What stands between the host and the server.
    #[error(transparent)]
    Pooler(#[from] PoolerError),
}

impl ServerError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "store-unreachable",
            Self::Tls { .. } => "database-tls",
            Self::Login { .. } => "database-login",
            Self::Refused { .. } => "database-refused",
            Self::NoDatabase { .. } | Self::NotBootstrapped { .. } => "database-not-bootstrapped",
            Self::Outdated => "database-roles",
            Self::Open { .. } => "database-credentials-open",
            Self::NotSuperuser { .. } => "database-superuser",
            Self::Url(_) => "database-url",
            Self::Taken { .. } => "database-taken",
            Self::Fragile { .. } => "database-fragile",
            Self::Standby { .. } => "database-standby",
            Self::Version { .. } => "store-postgres-version",
            Self::Pooler(error) => error.code(),
        }
    }
}
