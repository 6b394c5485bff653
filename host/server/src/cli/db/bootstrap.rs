//! `casemate db bootstrap`: a superuser's one visit to a server that the host doesn't start. The password comes from where
//! `psql` looks for it, or from a file, never from the command line. It doesn't know what is done there.

use std::path::PathBuf;

use casemate_store::Superuser;
use serde_json::json;

use super::super::exit::Exit;
use super::super::{CliError, Format, Global, input, output};
use crate::app;

/// Prepare a Postgres that the host doesn't start.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The superuser's password is looked for as psql does: PGPASSWORD, then PGPASSFILE or ~/.pgpass."
)]
pub(in super::super) struct Bootstrap {
    /// postgres://NAME@HOST:PORT/DATABASE, without the password [default: `postgres` at `database.host`]
    #[arg(long, value_name = "URL")]
    superuser_url: Option<String>,
    /// File with the superuser's password alone; `-` for standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Set new passwords though another host has set some, which locks that host out
    #[arg(long)]
    new_passwords: bool,
}

impl Bootstrap {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let password = self.password_file.as_deref().map(input::secret).transpose()?;
        let superuser = Superuser { url: self.superuser_url, password, new_passwords: self.new_passwords };
        let done = app::bootstrap(&config, &superuser).await?;
        match global.format {
            Format::Human => {
                let word = |changed| if changed { output::good("done") } else { output::dim("kept") };
                let rows = done.iter().map(|one| vec![word(one.changed), output::printable(&one.what)]);
                output::line(&output::facts(rows.collect()));
            }
            Format::Json => done.iter().for_each(|one| {
                output::line(&json!({"type": "bootstrap", "what": one.what, "changed": one.changed}).to_string());
            }),
        }
        Ok(Exit::Done)
    }
}
