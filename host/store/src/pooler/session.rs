//! What a session is as whoever asks for it finds it: whose, where, and with which settings. It doesn't know what stands
//! in between.

use sqlx::PgConnection;

use super::PoolerError;
use crate::external::{Address, ServerError};
use crate::wire;

/// What every login's sessions have by its role's own settings (`bootstrap/roles.sql`), as Postgres shows it.
const SETTINGS: [(&str, &str); 6] = [
    ("row_security", "on"),
    ("statement_timeout", "30s"),
    ("TimeZone", "UTC"),
    ("IntervalStyle", "iso_8601"),
    ("bytea_output", "hex"),
    ("standard_conforming_strings", "on"),
];

/// One session's whereabouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// As in `15.14 (Debian …)`, up to the first space.
    pub(crate) version: String,
    database: String,
    /// When the server was started, to the microsecond: no two are alike.
    started: Option<String>,
    login: String,
    is_standby: bool,
    fsync: String,
    full_page_writes: String,
}

/// Asks a connection. When the server was started is nothing for the login that agents' SQL runs on.
pub(crate) async fn look(conn: &mut PgConnection, is_ours: bool) -> Result<Session, sqlx::Error> {
    let started = if is_ours { ", pg_postmaster_start_time()::text" } else { "" };
    let ask = format!(
        "select unnest(array[current_setting('server_version'), current_database(), session_user, \
         current_setting('in_hot_standby'), current_setting('fsync'), current_setting('full_page_writes'){started}])"
    );
    let mut found = wire::simple(conn, ask).await?.into_iter().flatten();
    let mut next = || found.next().unwrap_or_default();
    Ok(Session {
        version: next().split(' ').next().unwrap_or_default().to_owned(),
        database: next(),
        login: next(),
        is_standby: next() == "on",
        fsync: next(),
        full_page_writes: next(),
        started: found.next(),
    })
}

impl Session {
    /// Whether what is committed there stays.
    pub(crate) fn is_durable(&self, address: &Address) -> Result<(), ServerError> {
        let on = |value: &str, setting| if value == "on" { Ok(()) } else { Err(ServerError::Fragile { setting }) };
        if self.is_standby {
            return Err(ServerError::Standby { address: address.to_string() });
        }
        on(&self.fsync, "fsync")?;
        on(&self.full_page_writes, "full_page_writes")
    }

    /// Whether this is the same database of the same server, as far as both were told.
    pub(crate) fn is_beside(&self, other: &Self, address: &Address) -> Result<(), ServerError> {
        let is_same = self.started.is_none() || self.started == other.started;
        if is_same && (&self.version, &self.database) == (&other.version, &other.database) {
            Ok(())
        } else {
            Err(PoolerError::OtherServer { address: address.to_string() }.into())
        }
    }

    /// Whether it is the session of whom it was asked for.
    pub(crate) fn is_of(&self, login: &str) -> Result<(), ServerError> {
        if self.login == login {
            Ok(())
        } else {
            Err(PoolerError::OtherLogin { login: login.to_owned(), found: self.login.clone() }.into())
        }
    }
}

/// Whether a session of `login` has the settings of its role.
pub(crate) async fn has_its_settings(
    conn: &mut PgConnection,
    login: &str,
    search_path: &'static str,
) -> Result<Option<PoolerError>, sqlx::Error> {
    for (setting, wanted) in SETTINGS.into_iter().chain([("search_path", search_path)]) {
        let found = wire::simple(conn, format!("select current_setting('{setting}')")).await?;
        if found.first().and_then(Option::as_deref) != Some(wanted) {
            return Ok(Some(PoolerError::Setting { login: login.to_owned(), setting }));
        }
    }
    Ok(None)
}
