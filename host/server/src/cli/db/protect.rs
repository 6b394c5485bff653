//! `casemate db protect`: a migration for review, or carried out. It doesn't know SQL.

use serde_json::json;

use crate::app::{App, Database};
use crate::cli::exit::Exit;
use crate::cli::{CliError, Format, Global, output};
use crate::dispatch::DispatchError;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Protect {
    /// The table, with its schema
    table: String,
    /// Carry it out, all of it or nothing, instead of printing it
    #[arg(long)]
    apply: bool,
}

impl Protect {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let app = App::open(&global.config()?, Database::Unchecked).await?;
        let planned = match &app.database {
            Some(database) if self.apply => database.protect(&self.table).await.map_err(CliError::from),
            Some(database) => database.protection(&self.table).await.map_err(CliError::from),
            None => Err(DispatchError::NoDatabase.into()),
        };
        let closed = app.close().await;
        let protection = planned?;
        closed?;
        let applied = self.apply && !protection.statements.is_empty();
        match global.format {
            Format::Json => output::line(
                &json!({"type": "protection", "table": protection.table, "statements": protection.statements,
                    "applied": applied})
                .to_string(),
            ),
            Format::Human if applied => {
                output::line(&format!("{} {}", output::good("protected"), output::printable(&protection.table)));
            }
            Format::Human => output::line(&protection.script()),
        }
        Ok(Exit::Done)
    }
}
