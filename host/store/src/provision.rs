//! Makes a server into Casemate's database: roles and revocations as superuser, once; migrations as the owner, at
//! each start. The logins' random passwords lie in a file that only the host reads. It doesn't open tenant sessions.

mod credentials;
mod external;
mod superuser;

use std::path::Path;

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::cluster::Cluster;
use crate::error::{StoreError, sqlstate};
use crate::external::External;
use crate::wire;
use credentials::Credentials;
pub use external::{Done, Status, bootstrap as bootstrap_external, open as open_external, pooler_users};
pub use superuser::Superuser;

/// Name of the embedded server's database.
const DATABASE: &str = "casemate";
/// What the superuser runs.
const ROLES: &str = include_str!("../bootstrap/roles.sql");
/// What the superuser runs as well where the server isn't the host's own.
const EXTERNAL: &str = include_str!("../bootstrap/external.sql");
/// The logins. What they may do says `ROLES`.
const LOGINS: [&str; 3] = ["casemate_migrate", "casemate_host", "casemate_sql"];
/// The name under which the keys of an embedded server's only host stand in its database.
const HOST: &str = "local";
/// Most bytes of an operator's SQL file.
const SQL_FILE_BYTES: usize = 64 * 1024 * 1024;

/// How the three logins reach the database.
#[derive(Clone)]
pub struct ConnectInfo {
    /// For what needs a session of its own: migrations and administrative acts.
    direct: PgConnectOptions,
    /// For the host's own records and agents' statements; possibly through a pooler.
    runtime: PgConnectOptions,
    credentials: Credentials,
    host: String,
    is_pooled: bool,
    external: Option<External>,
}

impl std::fmt::Debug for ConnectInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConnectInfo(…)")
    }
}

impl ConnectInfo {
    pub(crate) fn migrate(&self) -> PgConnectOptions {
        login(&self.direct, "casemate_migrate", &self.credentials.migrate)
    }

    pub(crate) fn host(&self) -> PgConnectOptions {
        login(&self.runtime, "casemate_host", &self.credentials.host)
    }

    /// For notifications, which need a session of their own.
    pub(crate) fn listener(&self) -> PgConnectOptions {
        login(&self.direct, "casemate_host", &self.credentials.host)
    }

    /// Without sqlx's cache of statements: this login's are prepared in SQL, under names of the session's own.
    pub(crate) fn sql(&self) -> PgConnectOptions {
        login(&self.runtime, "casemate_sql", &self.credentials.sql).statement_cache_capacity(0)
    }

    /// Whether the two run-time logins share Postgres's sessions with each other and with other hosts: then nothing of
    /// a session lives on after a transaction, or all of it does.
    #[must_use]
    pub const fn is_pooled(&self) -> bool {
        self.is_pooled
    }

    /// Name under which this host's keys stand in the database.
    pub(crate) fn host_name(&self) -> &str {
        &self.host
    }

    /// A connection as the owner of the tables, for the length of one administrative act.
    pub(crate) async fn owner(&self) -> Result<PgConnection, StoreError> {
        self.migrate().connect().await.map_err(StoreError::unreachable)
    }

    /// Runs an operator's SQL file as the owner of the tables: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Sql`] when Postgres refuses it.
    pub async fn apply_sql(&self, text: &str) -> Result<(), StoreError> {
        let refused = |source| StoreError::Sql { sqlstate: sqlstate(&source).unwrap_or_default(), source };
        if text.len() > SQL_FILE_BYTES || text.contains('\0') {
            return Err(refused(sqlx::Error::Protocol("the file is too long or holds a NUL".to_owned())));
        }
        let mut owner = self.owner().await?;
        // One message without BEGIN is one transaction, unless the file says otherwise itself.
        wire::simple(&mut owner, text.to_owned()).await.map_err(refused)?;
        owner.close().await.map_err(StoreError::unreachable)
    }
}

fn login(base: &PgConnectOptions, name: &str, password: &str) -> PgConnectOptions {
    base.clone().username(name).password(password).application_name("casemate").disable_statement_logging()
}

/// Prepares roles and tables of the cluster's database. Idempotent; a second run checks and changes nothing.
///
/// # Errors
/// What the operator has to do, by code.
pub async fn provision(cluster: &Cluster) -> Result<ConnectInfo, StoreError> {
    let base = PgConnectOptions::new_without_pgpass().socket(cluster.socket()).port(5432).disable_statement_logging();
    let path = cluster.directory().join("credentials");
    let revision = casemate_gate::Digest::of(ROLES.as_bytes()).to_string();
    let credentials = match Credentials::read(&path)? {
        Some(found) if found.revision == revision => found,
        Some(found) => bootstrap(&base, cluster, Credentials { revision, ..found }, &path).await?,
        None => bootstrap(&base, cluster, Credentials::generate(revision)?, &path).await?,
    };
    let direct = base.database(DATABASE);
    let runtime = direct.clone();
    let info = ConnectInfo { direct, runtime, credentials, host: HOST.to_owned(), is_pooled: false, external: None };
    migrate(&info).await?;
    Ok(info)
}

/// How a process beside the host reaches the embedded server, as the host named `host`; none where it isn't up.
///
/// # Errors
/// What the operator has to do, by code.
pub fn visit(directory: &Path, host: &str) -> Result<Option<ConnectInfo>, StoreError> {
    let Some(socket) = Cluster::socket_of(directory)? else { return Ok(None) };
    let Some(credentials) = Credentials::read(&directory.join("credentials"))? else { return Ok(None) };
    let base = PgConnectOptions::new_without_pgpass().socket(socket).port(5432).disable_statement_logging();
    let direct = base.database(DATABASE);
    let runtime = direct.clone();
    Ok(Some(ConnectInfo { direct, runtime, credentials, host: host.to_owned(), is_pooled: false, external: None }))
}

/// The superuser's part. The file is written last: without it the next start does all of this again.
async fn bootstrap(
    base: &PgConnectOptions,
    cluster: &Cluster,
    credentials: Credentials,
    path: &Path,
) -> Result<Credentials, StoreError> {
    let superuser = base.clone().username("postgres").password(cluster.superuser_password());
    let mut first = superuser.clone().database("postgres").connect().await.map_err(StoreError::unreachable)?;
    create_database(&mut first, DATABASE).await.map_err(StoreError::Bootstrap)?;
    first.close().await.map_err(StoreError::unreachable)?;

    let mut second = superuser.database(DATABASE).connect().await.map_err(StoreError::unreachable)?;
    let passwords = passwords(&credentials);
    wire::simple(&mut second, format!("begin; {ROLES} {passwords} commit;")).await.map_err(StoreError::Bootstrap)?;
    second.close().await.map_err(StoreError::unreachable)?;
    credentials.write(path)?;
    Ok(credentials)
}

/// Makes the database, if it isn't there.
async fn create_database(superuser: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    let exists = format!("select 1 from pg_database where datname = {}", wire::literal(name));
    let missing = wire::simple(superuser, exists).await?.is_empty();
    if missing {
        // Sorted by code point, so that indexes survive an update of the C library.
        let create =
            format!("create database {} template template0 encoding 'UTF8' locale 'C.UTF-8'", wire::identifier(name));
        if wire::simple(superuser, create).await.is_err() {
            let create =
                format!("create database {} template template0 encoding 'UTF8' locale 'C'", wire::identifier(name));
            wire::simple(superuser, create).await?;
        }
    }
    Ok(missing)
}

/// What sets the logins' passwords, without a password in it.
fn passwords(credentials: &Credentials) -> String {
    let Credentials { migrate, host, sql, .. } = credentials;
    let set = |(login, password): (&str, &String)| {
        format!("alter role {login} password {};", wire::literal(&casemate_keys::scram_secret(login, password)))
    };
    LOGINS.into_iter().zip([migrate, host, sql]).map(set).collect()
}

/// Forward only, in the order of their numbers, each once.
async fn migrate(info: &ConnectInfo) -> Result<(), StoreError> {
    let mut owner = info.owner().await?;
    // Beside the keys: the schema `casemate` holds nothing that isn't protected by row-level security.
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.dangerous_set_table_name("app.migrations");
    match migrator.run_direct(None, &mut owner, false).await {
        Ok(()) => {}
        Err(MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..)) => return Err(StoreError::Newer),
        Err(error) => return Err(StoreError::Migrate(error)),
    }
    owner.close().await.map_err(StoreError::unreachable)
}
