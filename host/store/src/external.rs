//! A Postgres that the host doesn't start: where it is, how a connection to it is made, and what its refusal means. TLS
//! is verified in full, or there is none; what lies between (encrypting to whoever answers) isn't offered. It doesn't
//! know roles or tables.

mod error;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};

use crate::error::sqlstate;
pub use error::ServerError;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Where a server or a pooler listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listener {
    /// A name or address of the network.
    Tcp(String),
    /// The directory of a Unix socket.
    Socket(PathBuf),
}

/// Where a server or a pooler is, and how it is talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Where it listens.
    pub listener: Listener,
    /// Its port; also a part of a socket's name.
    pub port: u16,
    /// Whether its certificate is verified; `false` is no TLS at all. None: wherever the network is not this machine's.
    pub tls: Option<bool>,
    /// File of certificates (PEM) that are believed beside the public ones.
    pub root_certificate: Option<PathBuf>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.listener {
            Listener::Tcp(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            Listener::Tcp(host) => write!(f, "{host}:{}", self.port),
            Listener::Socket(directory) => write!(f, "{}:{}", directory.display(), self.port),
        }
    }
}

impl Address {
    /// Whether what is sent there is encrypted, and only to who is meant.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        match &self.listener {
            Listener::Socket(_) => false,
            Listener::Tcp(host) => self.tls.unwrap_or_else(|| !is_loopback(host)),
        }
    }

    /// Without a login. What libpq's variables would set is set here; client certificates (`PGSSLCERT`, `PGSSLKEY`) are
    /// the ones that stay.
    pub(crate) fn options(&self) -> PgConnectOptions {
        // Two more digits of floats than nobody asked for, and a parameter that poolers refuse: since version 12 every
        // value above 0 prints the same.
        let options = PgConnectOptions::new_without_pgpass().port(self.port).extra_float_digits(None);
        let options = match &self.listener {
            Listener::Tcp(host) => options.host(host),
            Listener::Socket(directory) => options.socket(directory),
        };
        let options = match &self.root_certificate {
            Some(file) => options.ssl_root_cert(file),
            None => options,
        };
        options.ssl_mode(if self.is_verified() { PgSslMode::VerifyFull } else { PgSslMode::Disable })
    }
}

/// By what is written: a name is looked up when it is used, so only the usual one counts.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A database on a Postgres that somebody else runs.
#[derive(Debug, Clone)]
pub struct External {
    /// The server itself: for migrations and administrative acts, which need sessions of their own.
    pub direct: Address,
    /// The pooler in front of it, if there is one: for what the host does while agents run.
    pub pooler: Option<Address>,
    /// Name of the database.
    pub database: String,
    /// The file with the logins' passwords.
    pub credentials: PathBuf,
}

impl External {
    /// Whether a network is in between, and everything that is sent over it is encrypted to whom it is meant for.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        let is_remote = |address: &&Address| matches!(address.listener, Listener::Tcp(_));
        let remote = [Some(&self.direct), self.pooler.as_ref()].into_iter().flatten().filter(is_remote);
        remote.map(Address::is_verified).reduce(|all, one| all && one).unwrap_or(false)
    }

    /// Where the logins that serve agents connect.
    #[must_use]
    pub fn runtime(&self) -> &Address {
        self.pooler.as_ref().unwrap_or(&self.direct)
    }
}

/// Connects, in bounded time.
///
/// # Errors
/// What the operator has to do, by code.
pub(crate) async fn connect(address: &Address, options: &PgConnectOptions) -> Result<PgConnection, ServerError> {
    match tokio::time::timeout(CONNECT, options.connect()).await {
        Ok(connected) => connected.map_err(|error| refused(address, options, error)),
        Err(late) => Err(ServerError::Unreachable { address: address.to_string(), source: late.into() }),
    }
}

/// What a connection's error means.
fn refused(address: &Address, options: &PgConnectOptions, source: sqlx::Error) -> ServerError {
    let address = address.to_string();
    let login = || options.get_username().to_owned();
    match (&source, sqlstate(&source).as_deref()) {
        // A handshake that fails comes as data that isn't understood.
        (sqlx::Error::Tls(_), _) => ServerError::Tls { address, source },
        (sqlx::Error::Io(error), _) if error.kind() == std::io::ErrorKind::InvalidData => {
            ServerError::Tls { address, source }
        }
        (_, Some("3D000")) => ServerError::NoDatabase { address, source },
        (_, Some(code)) if code.starts_with("28") => ServerError::Login { login: login(), address, source },
        (_, Some(_)) => ServerError::Refused { login: login(), address, source },
        (_, None) => ServerError::Unreachable { address, source: source.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Listener};

    fn at(listener: Listener, tls: Option<bool>) -> Address {
        Address { listener, port: 5432, tls, root_certificate: None }
    }

    #[test]
    fn only_this_machine_goes_without_tls() {
        for (host, verified) in
            [("localhost", false), ("127.0.0.1", false), ("127.8.8.8", false), ("::1", false), ("10.0.0.1", true)]
        {
            assert_eq!(at(Listener::Tcp(host.to_owned()), None).is_verified(), verified, "{host}");
        }
        // Whoever can have such a name is another machine.
        for host in ["localhost.example.org", "db", "localhost."] {
            assert!(at(Listener::Tcp(host.to_owned()), None).is_verified(), "{host}");
        }
        assert!(at(Listener::Tcp("127.0.0.1".to_owned()), Some(true)).is_verified());
        assert!(!at(Listener::Tcp("db".to_owned()), Some(false)).is_verified());
        assert!(!at(Listener::Socket("/run/postgresql".into()), Some(true)).is_verified());
    }

    #[test]
    fn addresses_are_told_as_people_write_them() {
        assert_eq!(at(Listener::Tcp("::1".to_owned()), None).to_string(), "[::1]:5432");
        assert_eq!(at(Listener::Tcp("db".to_owned()), None).to_string(), "db:5432");
        assert_eq!(at(Listener::Socket("/run/pg".into()), None).to_string(), "/run/pg:5432");
    }
}
