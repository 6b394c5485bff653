//! Which policy a new run is under: the tenant's active pack, a file that the operator names for a tenant without one, or
//! the built-in policy, which denies everything. It doesn't know what any of them grants.

use std::sync::Arc;

use casemate_gate::pack::builtin;
use casemate_gate::policy::Policy;
use casemate_gate::{Digest, TenantId};

use super::super::CliError;
use crate::app::{Artefacts, Packs};

/// A policy that the operator named, with its text.
pub(in crate::cli) struct Given {
    /// The policy.
    pub(in crate::cli) policy: Arc<Policy>,
    text: String,
}

impl Given {
    pub(in crate::cli) fn of((policy, text): (Policy, String)) -> Self {
        Self { policy: Arc::new(policy), text }
    }
}

/// The policy of a new run.
pub(in crate::cli) struct Granted {
    pub(in crate::cli) policy: Arc<Policy>,
    /// Its text, where it isn't a pack's: whoever resumes the run needs it.
    pub(in crate::cli) text: Option<String>,
    /// Where the built-in policy holds: what would change that.
    help: Option<String>,
}

impl Granted {
    /// The error, and what the operator can do where nothing was ever granted.
    pub(in crate::cli) fn explain(&self, error: CliError) -> CliError {
        match &self.help {
            Some(help) => error.with_help(help.clone()),
            None => error,
        }
    }
}

/// What holds for new runs of a tenant.
pub(in crate::cli) fn of(
    packs: &Packs,
    (name, tenant): (&str, TenantId),
    given: Option<&Given>,
    now_ms: u64,
) -> Result<Granted, CliError> {
    let active = packs.for_new_run(tenant, now_ms)?;
    match (active, given) {
        (Some(pack), Some(_)) => {
            let (id, version) = (&pack.id, pack.version);
            let message = format!("leave --policy out: `{name}` has the active pack `{id}` in version {version}");
            Err(CliError::new("policy-pack-active", message))
        }
        (Some(pack), None) => Ok(Granted { policy: Arc::new(pack.source.policy), text: None, help: None }),
        (None, Some(given)) => {
            Ok(Granted { policy: Arc::clone(&given.policy), text: Some(given.text.clone()), help: None })
        }
        (None, None) => {
            let (policy, text) = builtin()?;
            let help = format!(
                "`{name}` has no policy pack, so everything is denied: `casemate policy apply DIR --tenant {name}` gives it one"
            );
            Ok(Granted { policy: Arc::new(policy), text: Some(text.to_owned()), help: Some(help) })
        }
    }
}

/// A policy that a run was started with: a pack's, or that of a file.
pub(in crate::cli) fn recorded(packs: &Packs, artefacts: &Artefacts, digest: Digest) -> Result<Policy, CliError> {
    if let Some(pack) = packs.with_digest(digest)? {
        return Ok(pack.source.policy);
    }
    let text = String::from_utf8(artefacts.get(digest)?)
        .map_err(|error| CliError::new("data-damaged", "restore the policy from its copy").because(&error))?;
    Ok(Policy::parse(&text)?)
}
