//! `casemate runs`: a tenant's runs and their states, also beside hosts that are up. It doesn't know what they did.

use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, Global, output};
use crate::app::Office;

/// List a tenant's runs.
#[derive(Debug, clap::Args)]
pub(super) struct Runs {
    /// Whose
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// How many, the newest first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

impl Runs {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let office = Office::open(&global.config()?).await?;
        let listed = match office.tenant(&self.tenant) {
            Ok(tenant) => office.desk.runs(tenant, self.limit).await.map_err(CliError::from),
            Err(error) => Err(error.into()),
        };
        let closed = office.close().await;
        let runs = listed?;
        closed?;
        match global.format {
            Format::Json => {
                for run in &runs {
                    let line =
                        json!({"run": run.id, "agent": run.agent, "state": run.state.name(), "epoch": run.epoch});
                    output::line(&line.to_string());
                }
            }
            Format::Human => {
                let row = |run: &casemate_store::RunRecord| {
                    vec![run.id.to_string(), run.agent.to_string(), run.state.name().to_owned(), run.epoch.to_string()]
                };
                output::line(&output::table(&["run", "agent", "state", "claims"], runs.iter().map(row).collect()));
            }
        }
        Ok(Exit::Done)
    }
}
