//! `casemate db`: what an operator does to the database. It doesn't know SQL.

mod check;
mod protect;

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
}

impl Db {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let file = match self {
            Self::Apply { file } => file,
            Self::Check => return check::show(global).await,
            Self::Protect(protect) => return protect.carry_out(global).await,
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
