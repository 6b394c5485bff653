//! `casemate evidence`: one file with everything that repeating a run takes, for whoever wants to see for themselves, and the
//! run's own key in another where that is asked for. It doesn't know what is in a run.

use std::path::{Path, PathBuf};

use casemate_gate::{RunId, TenantId};
use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, Global, output};
use crate::app::{App, AppError, Database};
use crate::durable;

/// Write everything that repeating a run takes to one file.
#[derive(Debug, clap::Args)]
pub(super) struct Evidence {
    /// The run's id, as `casemate runs` shows it
    run: RunId,
    /// Whose it is
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// Where to
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Also write the run's own key, which opens its records in the log with the personal data in them
    #[arg(long, value_name = "FILE")]
    key_out: Option<PathBuf>,
}

impl Evidence {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let app = App::open(&config, Database::of(&config)).await?;
        let done = Box::pin(self.on(&app)).await;
        let closed = app.close().await;
        let (records, bytes) = done?;
        closed?;
        match global.format {
            Format::Json => {
                let line = json!({
                    "type": "evidence", "tenant": self.tenant, "run": self.run, "file": self.out.display().to_string(),
                    "records": records, "bytes": bytes,
                });
                output::line(&line.to_string());
            }
            Format::Human => {
                output::line(&format!("{} ({records} records, {} KiB)", self.out.display(), bytes.div_ceil(1024)));
            }
        }
        Ok(Exit::Done)
    }

    async fn on(&self, app: &App) -> Result<(usize, usize), CliError> {
        let tenant = app.tenants.named(&self.tenant)?;
        write(app, (tenant, self.run), &self.out, self.key_out.as_deref()).await
    }
}

/// Writes a run's evidence, for this user alone; says how many records it has, and bytes.
pub(super) async fn write(
    app: &App,
    (tenant, run): (TenantId, RunId),
    path: &Path,
    key: Option<&Path>,
) -> Result<(usize, usize), CliError> {
    let (evidence, told) = app.evidence(tenant, run, true).await.map_err(|error| match error {
        AppError::Record(error) => CliError::from(*error),
        other => other.into(),
    })?;
    let bytes = evidence.write()?;
    put(path, &bytes)?;
    if let Some(key) = key {
        put(key, format!("{}\n", hex::encode(told.key.key.disclose())).as_bytes())?;
    }
    Ok((evidence.pieces.len(), bytes.len()))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    durable::write(path, bytes).map_err(|error| {
        let message = format!("name a file that can be written: {} can't", path.display());
        CliError::new("evidence-file", message).because(&error)
    })
}
