//! `casemate db`: what an operator does to the database. It doesn't know SQL.

mod bootstrap;
mod check;
mod protect;
mod status;

use super::exit::Exit;
use super::{CliError, Format, Global, input, output};
use crate::app::{App, Database};
use std::path::PathBuf;

/// Prepare the database.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Db {
    /// Run an SQL file as the owner of the tables: all of it or nothing
    Apply {
        /// The file; `-` for standard input
        file: PathBuf,
    },
    /// Say what breaks the rules that keep tenants apart, and who may do what with which table
    Check,
    /// Print the migration that protects a table, or carry it out
    Protect(protect::Protect),
    /// Prepare a Postgres that the host doesn't start: roles, database, passwords; once, with a superuser
    Bootstrap(bootstrap::Bootstrap),
    /// Say where the database is, what stands before it and what was checked
    Status,
    /// Print the run-time logins for PgBouncer's `auth_file`, without their passwords
    PoolerUsers,
}

impl Db {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let file = match self {
            Self::Apply { file } => file,
            Self::Check => return check::show(global).await,
            Self::Protect(protect) => return protect.carry_out(global).await,
            Self::Bootstrap(bootstrap) => return bootstrap.carry_out(global).await,
            Self::Status => return status::show(global).await,
            Self::PoolerUsers => return status::pooler_users(global),
        };
        let text = input::sql(&file)?;
        let app = App::open(&global.config()?, Database::Unchecked).await?;
        let applied = match &app.database {
            Some(database) => database.info().apply_sql(&text).await.map_err(CliError::from),
            None => Err(crate::dispatch::DispatchError::NoDatabase.into()),
        };
        let closed = app.close().await;
        applied?;
        closed?;
        if global.format == Format::Human {
            output::line(&format!("{} {}", output::good("applied"), file.display()));
        }
        Ok(Exit::Done)
    }
}
