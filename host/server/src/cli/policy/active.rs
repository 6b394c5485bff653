//! `casemate policy verify`, `apply`, `rollback` and `list`: which pack is active for whom. It doesn't know what makes a
//! pack one that may be.

use std::path::PathBuf;

use casemate_gate::budget::written;
use serde_json::json;

use super::super::exit::Exit;
use super::super::{CliError, Format, Global, output};
use super::told;
use crate::app::{Activated, App, Database, Packs, Tenants};
use crate::clock;

/// Check a signed pack.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Verify {
    /// Directory of the pack
    #[arg(value_name = "DIR")]
    pack: PathBuf,
    /// For whom: the versions that this tenant had count
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

/// Activate a pack.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Apply {
    /// Directory of the pack
    #[arg(value_name = "DIR")]
    pack: PathBuf,
    /// For whom
    #[arg(long, value_name = "NAME")]
    tenant: String,
}

/// Go back.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Rollback {
    /// For whom
    #[arg(long, value_name = "NAME")]
    tenant: String,
}

/// List active packs.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {}

impl Verify {
    pub(in crate::cli) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let tenant = self.tenant.map(|name| Tenants::look_up(&config, &name)).transpose()?;
        let verified = Packs::look(&config)?.verify(&self.pack, tenant, clock::now_ms())?;
        let (pack, signer) = (verified.pack(), verified.signer());
        match global.format {
            Format::Json => {
                let line = json!({"type": "pack-verified", "pack": told::pack(Some(pack)), "signer": signer});
                output::line(&line.to_string());
            }
            Format::Human => output::line(&output::facts(vec![
                vec!["verified".to_owned(), told::named(Some(pack))],
                vec!["digest".to_owned(), pack.digest.to_string()],
                vec!["expires".to_owned(), written(pack.expires_ms)],
                vec!["signed by".to_owned(), signer.to_owned()],
            ])),
        }
        Ok(Exit::Done)
    }
}

impl Apply {
    pub(in crate::cli) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let mut app = App::open(&global.config()?, Database::NotNeeded).await?;
        let applied = match app.tenants.named(&self.tenant) {
            Ok(tenant) => app.apply_pack(tenant, &self.pack).await,
            Err(error) => Err(error),
        };
        let closed = app.close().await;
        let activated = applied?;
        closed?;
        say(global.format, &self.tenant, &activated);
        Ok(Exit::Done)
    }
}

impl Rollback {
    pub(in crate::cli) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let mut app = App::open(&global.config()?, Database::NotNeeded).await?;
        let rolled = match app.tenants.named(&self.tenant) {
            Ok(tenant) => app.roll_back_pack(tenant).await,
            Err(error) => Err(error),
        };
        let closed = app.close().await;
        let activated = rolled?;
        closed?;
        say(global.format, &self.tenant, &activated);
        Ok(Exit::Done)
    }
}

impl List {
    pub(in crate::cli) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let (packs, now_ms) = (Packs::look(&config)?, clock::now_ms());
        let mut rows = Vec::new();
        for (name, tenant) in Tenants::all(&config)? {
            let pack = packs.active(tenant)?;
            let state = match &pack {
                None => "built-in",
                Some(pack) => packs.state_of(pack, now_ms),
            };
            if global.format == Format::Json {
                let line =
                    json!({"type": "pack-listed", "tenant": name, "state": state, "pack": told::pack(pack.as_ref())});
                output::line(&line.to_string());
                continue;
            }
            let digest = packs.digest(tenant)?;
            let mut row = vec![name];
            row.extend(match &pack {
                None => ["default", "-", &told::short(digest), "-"].map(str::to_owned),
                Some(pack) => {
                    [pack.id.to_string(), pack.version.to_string(), told::short(digest), written(pack.expires_ms)]
                }
            });
            row.push(state.to_owned());
            rows.push(row);
        }
        if global.format == Format::Human {
            output::line(&output::table(&["tenant", "pack", "version", "digest", "expires", "state"], rows));
        }
        Ok(Exit::Done)
    }
}

fn say(format: Format, tenant: &str, Activated { pack, before, index }: &Activated) {
    let (now, then) = (pack.as_ref(), before.as_ref());
    match (format, index) {
        (Format::Json, _) => {
            let line = json!({
                "type": "pack-active",
                "tenant": tenant,
                "pack": told::pack(now),
                "before": told::pack(then),
                "ledger_index": index,
            });
            output::line(&line.to_string());
        }
        (Format::Human, None) => output::line(&format!("{tenant}: {} is active already", told::named(now))),
        (Format::Human, Some(index)) => {
            let state = match now {
                Some(_) => format!("{} is active", told::named(now)),
                None => "no pack is active, and the built-in policy denies everything".to_owned(),
            };
            let words = format!("(ledger {index}; before it {})", told::named(then));
            output::line(&format!("{tenant}: {} {}", output::good(&state), output::dim(&words)));
        }
    }
}
