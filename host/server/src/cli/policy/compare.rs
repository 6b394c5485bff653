//! `casemate policy diff`: what a pack would change, field by field. It doesn't know which of the two is meant to be newer.

use std::path::{Path, PathBuf};

use casemate_gate::Digest;
use casemate_gate::pack::{Difference, Files, diff};
use serde_json::json;

use super::super::exit::Exit;
use super::super::{CliError, Format, Global, output};
use crate::app::{Packs, Tenants, read_pack};
use crate::config::Config;

/// Compare two packs.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Diff {
    /// A directory, the digest of a pack that was active once, or `active`
    before: String,
    /// Likewise
    after: String,
    /// Whose pack `active` is
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

impl Diff {
    pub(in crate::cli) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let (before, after) = (self.files(&config, &self.before)?, self.files(&config, &self.after)?);
        let differences = diff(&before, &after)?;
        match global.format {
            Format::Json => {
                for Difference { place, before, after } in &differences {
                    let line = json!({"type": "pack-difference", "place": place, "before": before, "after": after});
                    output::line(&line.to_string());
                }
            }
            Format::Human if differences.is_empty() => output::line("the packs say the same"),
            Format::Human => people(&differences),
        }
        Ok(Exit::Done)
    }

    fn files(&self, config: &Config, named: &str) -> Result<Files, CliError> {
        if named == "active" {
            let tenant = self.tenant.as_deref().ok_or_else(|| {
                CliError::new("input-tenant", "name the tenant whose pack is active, with --tenant")
                    .with_exit(Exit::Usage)
            })?;
            let packs = Packs::look(config)?;
            let active = packs.active(Tenants::look_up(config, tenant)?)?;
            let pack = active.ok_or(crate::app::AppError::PackNone)?;
            return Ok(read_pack(&packs.folder(pack.digest))?);
        }
        let folder = match named.parse::<Digest>() {
            Ok(digest) if !Path::new(named).exists() => Packs::look(config)?.folder(digest),
            _ => PathBuf::from(named),
        };
        Ok(read_pack(&folder)?)
    }
}

fn people(differences: &[Difference]) {
    let mut last = None;
    for Difference { place, before, after } in differences {
        if last != Some(place) {
            output::line(&output::heading(&output::printable(place)));
        }
        last = Some(place);
        let line = |mark: &str, words: &str| format!("  {mark} {}", output::printable(words));
        if let Some(before) = before {
            output::line(&output::bad(&line("-", before)));
        }
        if let Some(after) = after {
            output::line(&output::good(&line("+", after)));
        }
    }
}
