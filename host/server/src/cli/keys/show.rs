//! Keys as they are shown: tables for people, one JSON object a line for machines. It shows nothing secret and knows
//! nothing secret.

use casemate_gate::budget;
use casemate_keys::{KeyEntry, SigningKeyState, SigningKeys, SigningKind};
use serde_json::{Value, json};

use super::owner;
use crate::app::Tenants;
use crate::cli::{CliError, Format, output};
use crate::config::Config;

pub(super) fn list(format: Format, config: &Config, entries: &[KeyEntry]) -> Result<(), CliError> {
    let names = Tenants::look(config)?;
    let time = budget::written;
    match format {
        Format::Json => {
            for entry in entries {
                let line = json!({
                    "type": "key", "kind": entry.kind, "id": entry.id, "tenant": owner(entry.tenant, &names),
                    "tenant_id": entry.tenant, "purpose": entry.purpose, "version": entry.version,
                    "state": entry.state.as_str(), "until": until(entry.state), "created": time(entry.created_ms),
                    "sealed_at_most": entry.sealed,
                });
                output::line(&line.to_string());
            }
        }
        Format::Human => {
            let row = |entry: &KeyEntry| {
                let KeyEntry { kind, id, purpose, version, state, created_ms, .. } = entry;
                let sealed = entry.sealed.map_or_else(String::new, |sealed| format!("≤ {sealed}"));
                let (owner, version) = (owner(entry.tenant, &names), version.to_string());
                let words = [kind, id.as_str(), &owner, purpose, &version, state.as_str(), &time(*created_ms), &sealed];
                words.map(str::to_owned).to_vec()
            };
            let heads = ["kind", "id", "tenant", "purpose", "version", "state", "created", "sealed"];
            output::line(&output::table(&heads, entries.iter().map(row).collect()));
        }
    }
    Ok(())
}

pub(super) fn public(format: Format, keys: &SigningKeys, kind: Option<SigningKind>) {
    let kinds = SigningKind::ALL.into_iter().filter(|of| kind.is_none_or(|kind| kind == *of));
    let keys: Vec<_> = kinds.flat_map(|kind| keys.all(kind)).collect();
    match format {
        Format::Json => {
            for key in keys {
                let line = json!({
                    "type": "public-key", "kind": key.kind.as_str(), "key": key.key.to_string(),
                    "state": key.state.as_str(), "until": until(key.state),
                });
                output::line(&line.to_string());
            }
        }
        Format::Human => {
            // A line is the key and nothing else, to be pinned or trusted; its name says of which kind it is.
            for key in keys.into_iter().filter(|key| key.state != SigningKeyState::Retired) {
                output::line(&key.key.to_string());
            }
        }
    }
}

fn until(state: SigningKeyState) -> Value {
    match state {
        SigningKeyState::Retiring { until_ms } => json!(budget::written(until_ms)),
        SigningKeyState::Active | SigningKeyState::Retired => Value::Null,
    }
}
