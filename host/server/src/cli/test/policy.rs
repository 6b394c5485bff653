//! The policy under which an agent is tested: the one that is named, the one in its folder, or one that grants all that
//! its manifest names. It doesn't know the cases.

use std::path::Path;

use casemate_gate::policy::{Manifest, Policy, snippet};

use super::super::{CliError, input};

/// What stands in no manifest: room for any test, and the modes that most operators choose.
const REST: &str = r#"
[pii]
email = "reversible"
phone = "reversible"
card = "reversible"
government_id = "reversible"
credential = "strict"

[budget]
denials = 100

[budget.run]
fuel = 20_000_000_000
memory = 268_435_456
wall-clock = 60_000
calls = 10_000
log-bytes = 8_388_608
result-bytes = 67_108_864

[budget.tenant]
fuel = 20_000_000_000
memory = 268_435_456
wall-clock = 60_000
calls = 10_000
log-bytes = 8_388_608
result-bytes = 67_108_864
"#;

/// The policy for the agent in this folder.
pub(super) fn of(directory: &Path, named: Option<&Path>, manifest: &Manifest) -> Result<Policy, CliError> {
    let own = directory.join("policy.toml");
    let path = named.or_else(|| own.is_file().then_some(own.as_path()));
    match path {
        Some(path) => Ok(input::policy(path)?.0),
        None => Ok(Policy::parse(&format!("name = \"test\"\n{}\n{REST}", snippet(manifest.rules())))?),
    }
}
