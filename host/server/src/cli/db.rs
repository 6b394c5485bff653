//! `casemate db`: what an operator does to the database. It doesn't know SQL.

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
}

impl Db {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let Self::Apply { file } = self;
        let text = input::sql(&file)?;
        let app = App::open(&global.config()?, Database::Needed).await?;
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
