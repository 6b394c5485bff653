//! The one way in for the superuser, whom only the operator knows: a URL without a password, completed by what the
//! configuration says and by what libpq's variables say. It doesn't know what the superuser does.

use std::fmt::Write as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::external::{Address, Listener, ServerError};

/// Whom the operator bootstraps as.
#[derive(Debug, Clone, Default)]
pub struct Superuser {
    /// `postgres://NAME@HOST:PORT/DATABASE`; none for `postgres` at the configured address.
    pub url: Option<String>,
    /// The password, where neither `PGPASSWORD` nor a password file (`PGPASSFILE`, `~/.pgpass`) has it.
    pub password: Option<String>,
    /// Sets new passwords for the logins where another host has set some.
    pub new_passwords: bool,
}

impl Superuser {
    /// Where, and how. TLS is as for the configured address, unless the URL says otherwise.
    pub(super) fn way_in(&self, configured: &Address) -> Result<(Address, PgConnectOptions), ServerError> {
        let url = match &self.url {
            Some(url) if holds_password(url) => return Err(ServerError::Url(None)),
            Some(url) => url.clone(),
            None => url_of(configured),
        };
        let options: PgConnectOptions = url.parse().map_err(|error| ServerError::Url(Some(error)))?;
        let listener = match (options.get_socket(), options.get_host()) {
            (Some(directory), _) => Listener::Socket(directory.clone()),
            (None, host) if host.starts_with('/') => Listener::Socket(host.into()),
            (None, host) => Listener::Tcp(host.to_owned()),
        };
        let address = Address { listener, port: options.get_port(), ..configured.clone() };
        let options = match &address.root_certificate {
            Some(file) if !url.contains("sslrootcert=") => options.ssl_root_cert(file),
            _ => options,
        };
        let mode = if address.is_verified() { PgSslMode::VerifyFull } else { PgSslMode::Disable };
        let options = if url.contains("sslmode=") { options } else { options.ssl_mode(mode) };
        let options = match &self.password {
            Some(password) => options.password(password),
            None => options,
        };
        let named = if options.get_database().is_none() { options.database("postgres") } else { options };
        Ok((address, named.extra_float_digits(None).disable_statement_logging()))
    }
}

/// As a URL, so that a password file's lines are looked at for it.
fn url_of(address: &Address) -> String {
    let host = match &address.listener {
        Listener::Tcp(host) => host.as_bytes(),
        Listener::Socket(directory) => directory.as_os_str().as_encoded_bytes(),
    };
    let mut url = "postgres:///postgres?user=postgres&host=".to_owned();
    for byte in host {
        let _never_fails =
            if byte.is_ascii_alphanumeric() { write!(url, "{}", *byte as char) } else { write!(url, "%{byte:02X}") };
    }
    format!("{url}&port={}", address.port)
}

/// Whether a password stands in the URL, for whoever lists the system's processes to read.
fn holds_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.split('/').next().unwrap_or_default();
    let named = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    named || query.split('&').any(|pair| pair.starts_with("password="))
}

#[cfg(test)]
mod tests {
    use super::{Superuser, holds_password};
    use crate::external::{Address, Listener, ServerError};

    #[test]
    fn passwords_in_urls_are_found() {
        for url in ["postgres://a:b@c/d", "postgres://a:@c", "postgres://c/d?user=a&password=b", "postgres://a:b@c?x=y"]
        {
            assert!(holds_password(url), "{url}");
        }
        for url in ["postgres://a@c:5432/d", "postgres:///d?host=/run", "postgres://a@c/d:e@f", "postgres://[::1]:5432"]
        {
            assert!(!holds_password(url), "{url}");
        }
    }

    #[test]
    fn the_configuration_completes_what_the_url_leaves_open() -> Result<(), ServerError> {
        let listener = Listener::Socket("/run/a b".into());
        let configured = Address { listener, port: 5433, tls: None, root_certificate: None };
        let (address, options) = Superuser::default().way_in(&configured)?;
        assert_eq!(address, configured);
        assert_eq!((options.get_username(), options.get_port()), ("postgres", 5433));
        let url = |url: &str| Superuser { url: Some(url.to_owned()), ..Superuser::default() }.way_in(&configured);
        let (address, options) = url("postgres://admin@db.example.org:6000")?;
        assert_eq!((address.to_string().as_str(), address.is_verified()), ("db.example.org:6000", true));
        assert_eq!((options.get_username(), options.get_database()), ("admin", Some("postgres")));
        assert!(format!("{:?}", options.get_ssl_mode()).contains("VerifyFull"));
        assert!(matches!(url("postgres://admin:x@db"), Err(ServerError::Url(None))));
        assert!(matches!(url("nonsense"), Err(ServerError::Url(Some(_)))));
        Ok(())
    }
}
