//! The same on a server that the host doesn't start. `bootstrap` is the operator's, once and after each upgrade that
//! changes roles, with a superuser whom the host never sees again; `open` is each start's, with the three logins. Each
//! act says what it found and did. It doesn't know tenants.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sqlx::{Connection, PgConnection, Row as _};

use super::credentials::Credentials;
use super::superuser::Superuser;
use super::{ConnectInfo, EXTERNAL, LOGINS, ROLES, create_database, migrate, passwords};
use crate::cluster::{ClusterError, is_sound};
use crate::error::StoreError;
use crate::external::{Address, External, ServerError, connect};
use crate::pooler::{self, Session, look};
use crate::wire::{self, identifier, literal};

/// What the roles' revision is kept behind, as the database's comment.
const COMMENT: &str = "Casemate; roles ";
/// Serialises bootstraps: an arbitrary number, this file's own.
const LOCK: i64 = 0x6361_7365_626f_6f74;

/// What an act of [`bootstrap`] came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What it is about.
    pub what: String,
    /// Whether anything was changed.
    pub changed: bool,
}

/// What is known of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Where the server is.
    pub address: String,
    /// Where the pooler is.
    pub pooler: Option<String>,
    /// Whether the network in between is encrypted and the server's name verified.
    pub is_verified: bool,
    /// The server's version.
    pub version: String,
    /// Whether the run-time logins share sessions with each other.
    pub is_pooled: bool,
    /// Name of the database.
    pub database: String,
    /// The logins.
    pub logins: [&'static str; 3],
    /// Name under which this host's keys stand in the database.
    pub host: String,
}

/// Makes roles, database, revocations and credentials. A second time it only puts right what is not so.
///
/// # Errors
/// [`ServerError`]: what the operator has to do.
pub async fn bootstrap(external: &External, superuser: &Superuser) -> Result<Vec<Done>, StoreError> {
    let credentials = Credentials::read(&external.credentials)?;
    let revision = revision();
    let (address, options) = superuser.way_in(&external.direct)?;
    let address = &address;
    let mut first = connect(address, &options).await?;
    is_superuser(&mut first, options.get_username()).await?;
    let server = look(&mut first, true).await.map_err(StoreError::Bootstrap)?;
    is_usable(&server, address)?;
    let taken = has_password(&mut first).await?;
    let (known, credentials) = match credentials {
        Some(found) if !superuser.new_passwords => (true, Credentials { revision: revision.clone(), ..found }),
        None if taken && !superuser.new_passwords => {
            return Err(ServerError::Taken { path: external.credentials.clone() }.into());
        }
        _ => (false, Credentials::generate(revision.clone())?),
    };
    let made = create_database(&mut first, &external.database).await.map_err(StoreError::Bootstrap)?;
    first.close().await.map_err(StoreError::unreachable)?;

    // The file first: a bootstrap that is cut off is done again with the same passwords.
    credentials.write(&external.credentials)?;
    let mut second = connect(address, &options.database(&external.database)).await?;
    let was = comment(&mut second, &external.database).await.map_err(StoreError::Bootstrap)?;
    let message = format!(
        "begin; select pg_advisory_xact_lock({LOCK}); {ROLES} {EXTERNAL} {} comment on database {} is {}; commit;",
        passwords(&credentials),
        identifier(&external.database),
        literal(&format!("{COMMENT}{revision}")),
    );
    wire::simple(&mut second, message).await.map_err(StoreError::Bootstrap)?;
    second.close().await.map_err(StoreError::unreachable)?;

    let done = |what: String, changed| Done { what, changed };
    Ok(vec![
        done(format!("database {} on Postgres {}", external.database, server.version), made),
        done("roles, revocations and settings".to_owned(), was.as_deref() != Some(&revision)),
        done("passwords of casemate_migrate, casemate_host and casemate_sql".to_owned(), !known),
        done(format!("credentials in {}", external.credentials.display()), !known),
    ])
}

/// Opens a database that was bootstrapped, as the host named `host`: brings its tables up to date, and finds out what
/// stands between.
///
/// # Errors
/// [`ServerError`]: what the operator has to do.
pub async fn open(external: &External, host: &str) -> Result<ConnectInfo, StoreError> {
    let path = &external.credentials;
    let credentials = Credentials::read(path)?.ok_or_else(|| ServerError::NotBootstrapped { path: path.clone() })?;
    is_private(path)?;
    let mut info = ConnectInfo {
        direct: external.direct.options().database(&external.database),
        runtime: external.runtime().options().database(&external.database),
        credentials,
        host: host.to_owned(),
        is_pooled: false,
        external: Some(external.clone()),
    };
    let mut owner = connect(&external.direct, &info.migrate()).await?;
    let server = look(&mut owner, true).await.map_err(StoreError::unreachable)?;
    is_usable(&server, &external.direct)?;
    let found = comment(&mut owner, &external.database).await.map_err(StoreError::unreachable)?;
    if found.as_deref() != Some(&revision()) {
        return Err(ServerError::Outdated.into());
    }
    owner.close().await.map_err(StoreError::unreachable)?;
    info.is_pooled = find_out(external, &info, &server).await?;
    migrate(&info).await?;
    Ok(info)
}

impl ConnectInfo {
    /// Asks the server.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn status(&self) -> Result<Status, StoreError> {
        let mut owner = self.owner().await?;
        let server = look(&mut owner, true).await.map_err(StoreError::unreachable)?;
        owner.close().await.map_err(StoreError::unreachable)?;
        let external = self.external.as_ref();
        Ok(Status {
            address: external.map_or_else(|| "embedded".to_owned(), |external| external.direct.to_string()),
            pooler: external.and_then(|external| external.pooler.as_ref()).map(ToString::to_string),
            is_verified: external.is_some_and(External::is_verified),
            version: server.version,
            is_pooled: self.is_pooled,
            database: self.direct.get_database().unwrap_or_default().to_owned(),
            logins: LOGINS,
            host: self.host.clone(),
        })
    }
}

/// The lines that let PgBouncer know the two run-time logins (its `auth_file`), from the file that [`bootstrap`] wrote:
/// not their passwords, but what Postgres keeps of them.
///
/// # Errors
/// [`ServerError::NotBootstrapped`], or the file's.
pub fn pooler_users(credentials: &Path) -> Result<[String; 2], StoreError> {
    let missing = || ServerError::NotBootstrapped { path: credentials.to_owned() };
    let Credentials { host, sql, .. } = Credentials::read(credentials)?.ok_or_else(missing)?;
    Ok([("casemate_host", host), ("casemate_sql", sql)]
        .map(|(login, password)| format!("\"{login}\" \"{}\"", casemate_keys::scram_secret(login, &password))))
}

/// What keeps the direct address from being a pooler's, and the run-time logins from sharing more than sessions.
async fn find_out(external: &External, info: &ConnectInfo, server: &Session) -> Result<bool, StoreError> {
    let direct = || ServerError::from(pooler::PoolerError::Direct { address: external.direct.to_string() });
    match pooler::is_pooled(&external.direct, &info.migrate()).await {
        Ok(false) => {}
        Ok(true) | Err(ServerError::Pooler(_)) => return Err(direct().into()),
        Err(error) => return Err(error.into()),
    }
    let runtime = external.runtime();
    let mut is_pooled = false;
    for (options, search_path) in [(info.host(), "casemate"), (info.sql(), "public")] {
        let login = options.get_username();
        let mut conn = connect(runtime, &options).await?;
        let session = look(&mut conn, login == "casemate_host").await.map_err(StoreError::unreachable)?;
        session.is_of(login)?;
        session.is_beside(server, runtime)?;
        let strange = pooler::has_its_settings(&mut conn, login, search_path).await.map_err(StoreError::unreachable)?;
        if let Some(strange) = strange {
            return Err(ServerError::from(strange).into());
        }
        conn.close().await.map_err(StoreError::unreachable)?;
        is_pooled |= pooler::is_pooled(runtime, &options).await?;
    }
    Ok(is_pooled)
}

/// What the roles' file and the file for external servers are, together.
fn revision() -> String {
    casemate_gate::Digest::of([ROLES, EXTERNAL].concat().as_bytes()).to_string()
}

fn is_usable(server: &Session, address: &Address) -> Result<(), ServerError> {
    if !is_sound(&server.version) {
        return Err(ServerError::Version { found: server.version.clone() });
    }
    server.is_durable(address)
}

/// Whether this is a superuser.
async fn is_superuser(conn: &mut PgConnection, login: &str) -> Result<(), StoreError> {
    let ask = "select rolsuper::text from pg_roles where rolname = current_user".to_owned();
    let found = wire::simple(conn, ask).await.map_err(StoreError::Bootstrap)?;
    if found.first().and_then(Option::as_deref) == Some("true") {
        Ok(())
    } else {
        Err(ServerError::NotSuperuser { login: login.to_owned() }.into())
    }
}

/// Whether somebody has set a password for one of the logins.
async fn has_password(superuser: &mut PgConnection) -> Result<bool, StoreError> {
    let ask = "select 1 from pg_authid where rolname = any($1) and rolpassword is not null";
    let found = sqlx::query(ask).bind(LOGINS.map(str::to_owned).to_vec()).fetch_optional(superuser).await;
    Ok(found.map_err(StoreError::Bootstrap)?.is_some())
}

/// The revision of the roles that the database was bootstrapped with.
async fn comment(conn: &mut PgConnection, database: &str) -> Result<Option<String>, sqlx::Error> {
    let ask = "select shobj_description(oid, 'pg_database') from pg_database where datname = $1";
    let found = sqlx::query(ask).bind(database.to_owned()).fetch_optional(conn).await?;
    let comment: Option<String> = found.map(|row| row.try_get(0)).transpose()?.flatten();
    Ok(comment.and_then(|comment| comment.strip_prefix(COMMENT).map(str::to_owned)))
}

/// A file that others may read would give them every tenant's rows.
fn is_private(path: &Path) -> Result<(), StoreError> {
    let found = fs::metadata(path);
    let found = found.map_err(|source| ClusterError::Directory { path: path.to_owned(), source })?;
    if found.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(ServerError::Open { path: path.to_owned() }.into())
    }
}
