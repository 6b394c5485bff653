//! Why the store's own work failed. Display says what to do; what Postgres said is the source and stays inside,
//! because it may quote a tenant's data. Errors of an agent's statements are `SqlError`.

use casemate_gate::{Digest, TenantId};

use crate::cluster::ClusterError;
use crate::external::ServerError;
use crate::session::SqlError;

/// Why the host's own records can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The server or its files.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A server that the host doesn't start, or what stands before it.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// No connection, or it broke.
    #[error("check that Postgres runs, then try again")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The roles could not be made.
    #[error("read the server's log: the database's roles could not be prepared")]
    Bootstrap(#[source] sqlx::Error),
    /// A migration failed.
    #[error("restore a backup or report this: the database could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The database was migrated by a newer Casemate.
    #[error("use the newer Casemate that this database was migrated by")]
    Newer,
    /// The file with the logins' passwords is damaged.
    #[error("restore the file `credentials` of the data directory")]
    Credentials,
    /// An operator's SQL file failed.
    #[error("correct the SQL file: Postgres refused it with SQLSTATE {sqlstate}")]
    Sql {
        /// Postgres's code.
        sqlstate: String,
        /// What it said; for the operator who wrote the file.
        #[source]
        source: sqlx::Error,
    },
    /// The database doesn't keep tenants apart.
    #[error("run `casemate db check` and do what it says: {rule} is broken by {object} (findings beside it: {others})")]
    Unsafe {
        /// The first broken rule.
        rule: &'static str,
        /// By what.
        object: String,
        /// How many findings there are besides.
        others: usize,
    },
    /// A table can't be protected without a decision of its owner.
    #[error("{why}: {table} can't be protected as it is")]
    Protect {
        /// Which.
        table: String,
        /// What to do.
        why: String,
    },
    /// A tenant of that name exists.
    #[error("choose another name: the tenant exists")]
    TenantExists,
    /// Not a name of a tenant.
    #[error("name a tenant with 1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit")]
    TenantName,
    /// No such tenant.
    #[error("add the tenant first: {0} is not known")]
    NoTenant(TenantId),
    /// Rows of a table belong to tenants and aren't confined to them.
    #[error(
        "protect {table} first, with `casemate db protect`: it has a column `tenant_id` and not the floor, so which of its \
         rows are the tenant's is not sure"
    )]
    TenantTable {
        /// Which.
        table: String,
    },
    /// A policy hides rows of a table from everybody.
    #[error(
        "let no other restrictive policy to public than the floor hide rows of {table}: the tenant's would not all be found"
    )]
    TenantTableNarrowed {
        /// Which.
        table: String,
    },
    /// More tables than one transaction takes.
    #[error("keep tenants' rows in at most {limit} tables")]
    TenantTables {
        /// The limit.
        limit: usize,
    },
    /// Postgres keeps rows of a tenant that is to be deleted.
    #[error(
        "let the rows of {tables} be deleted: Postgres refused it with SQLSTATE {sqlstate}, and all rows are there still"
    )]
    Erase {
        /// Of which tables.
        tables: String,
        /// Postgres's code.
        sqlstate: String,
        /// What it said; for the operator.
        #[source]
        source: sqlx::Error,
    },
    /// No such run of this tenant.
    #[error("name a run of this tenant")]
    NoRun,
    /// The run isn't in a state in which this can be done, or another host has claimed it.
    #[error("stop this run: it has ended, waits, or another host has claimed it")]
    Fenced,
    /// The job is not in a state in which this can be done.
    #[error(transparent)]
    Job(#[from] casemate_jobs::Refused),
    /// The key is another request's.
    #[error("use another idempotency key: {key} is that of a job that was something else")]
    KeyTaken {
        /// Which.
        key: String,
    },
    /// More jobs than one submission takes.
    #[error("submit at most {limit} jobs at once")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A component or policy isn't there any more, or isn't what it was.
    #[error("submit the job again: {0} is not kept any more")]
    NoArtefact(Digest),
    /// The run's journal is larger than a host loads.
    #[error("end the run: its journal is over {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A tenant transaction failed.
    #[error(transparent)]
    Transaction(#[from] SqlError),
    /// No randomness, or the key library failed.
    #[error("repair the system's source of randomness")]
    Keys(#[from] casemate_keys::KeyError),
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Cluster(error) => error.code(),
            Self::Server(error) => error.code(),
            Self::Unreachable(_) => "store-unreachable",
            Self::Bootstrap(_) => "store-bootstrap",
            Self::Migrate(_) => "store-migrate",
            Self::Newer => "store-newer",
            Self::Credentials => "store-credentials",
            Self::Sql { .. } => "store-sql",
            Self::Unsafe { .. } => "store-unsafe",
            Self::Protect { .. } => "store-protect",
            Self::TenantExists => "store-tenant-exists",
            Self::TenantName => "store-tenant-name",
            Self::NoTenant(_) => "store-no-tenant",
            Self::TenantTable { .. } => "store-tenant-table",
            Self::TenantTableNarrowed { .. } => "store-tenant-table-narrowed",
            Self::TenantTables { .. } => "store-tenant-tables",
            Self::Erase { .. } => "store-tenant-rows",
            Self::NoRun => "store-no-run",
            Self::Fenced => "store-run-fenced",
            Self::Job(refused) => refused.code(),
            Self::KeyTaken { .. } => "job-key-taken",
            Self::TooMany { .. } => "job-too-many",
            Self::NoArtefact(_) => "job-no-artefact",
            Self::TooLarge { .. } => "store-run-too-large",
            Self::Transaction(error) => error.code(),
            Self::Keys(_) => "store-random",
        }
    }

    /// For `map_err` where nothing but the connection can fail.
    pub(crate) fn unreachable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unreachable(error.into())
    }
}

/// Postgres's code of an error, if it is Postgres's.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}
