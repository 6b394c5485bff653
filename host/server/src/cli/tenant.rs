//! `casemate tenant`: add and list. It doesn't know what tenants do.

use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, Global, output};
use crate::app::{App, Database};

/// Add and list tenants.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Tenant {
    /// Add a tenant
    Add {
        /// 1 to 64 of a-z, 0-9 and '-'
        name: String,
    },
    /// List the tenants
    List,
}

impl Tenant {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let mut app = App::open(&global.config()?, Database::NotNeeded).await?;
        let done = match &self {
            Self::Add { name } => app.add_tenant(name).await.map(|id| vec![(name.clone(), id)]),
            Self::List => Ok(app.tenants.iter().map(|(name, id)| (name.to_owned(), id)).collect()),
        };
        let closed = app.close().await;
        let tenants = done?;
        closed?;
        match global.format {
            Format::Json => {
                for (name, id) in tenants {
                    output::line(&json!({"type": "tenant", "tenant": name, "id": id}).to_string());
                }
            }
            Format::Human => {
                let rows = tenants.into_iter().map(|(name, id)| vec![name, id.to_string()]).collect();
                output::line(&output::table(&["tenant", "id"], rows));
            }
        }
        Ok(Exit::Done)
    }
}
