//! A host that is up and what other hosts change: it looks twice a second, brings its files in line, and lets packs come into
//! force. Standings come into force where the tenants' file is watched. It doesn't know who changes anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use casemate_gate::pack::builtin;
use casemate_gate::{Digest, TenantId};
use casemate_keys::KeyRing;

use super::{Part, Shared};
use crate::app::{AppError, Packs, signing};
use crate::config::Config;
use crate::dispatch::Dispatcher;

/// How often.
const POLL: Duration = Duration::from_millis(500);

/// Follows for as long as the host is up.
pub(in crate::app) async fn follow(shared: Shared, keys: Arc<KeyRing>, dispatcher: Arc<Dispatcher>) {
    let config = shared.config.clone();
    let mut active = Packs::look(&config).map(|packs| packs.all_active()).unwrap_or_default();
    let mut noted = shared.packs_version();
    loop {
        tokio::time::sleep(POLL).await;
        let (looking, keys, at) = (shared.clone(), Arc::clone(&keys), config.clone());
        let looked = tokio::task::spawn_blocking(move || looking.look(&keys, &at)).await;
        let version = shared.packs_version();
        let followed = looked.unwrap_or(Err(AppError::Interrupted)).and_then(|()| match version == noted {
            true => Ok(()),
            false => come_into_force(&config, &dispatcher, &mut active),
        });
        match followed {
            Ok(()) => noted = version,
            Err(error) => {
                tracing::warn!(%error, code = error.code(), "what other hosts have changed could not be looked at");
            }
        }
    }
}

impl Shared {
    fn packs_version(&self) -> i64 {
        self.others.as_ref().map_or(0, |(link, _)| link.version(Part::Packs.name()))
    }

    /// Brings everything in line that has changed.
    fn look(&self, keys: &KeyRing, config: &Config) -> Result<(), AppError> {
        let Some((link, _)) = &self.others else { return Ok(()) };
        for (name, version) in link.keeper.versions("shared/")? {
            if link.version(&name) == version {
                continue;
            }
            match Part::ALL.into_iter().find(|part| part.name() == name) {
                Some(part) => {
                    self.pull(part)?;
                }
                None if keys.refresh()? => signing::publish(config, &keys.signing())?,
                None => {}
            }
        }
        Ok(())
    }
}

type Active = BTreeMap<TenantId, Digest>;

/// Lets the packs hold that are active by now where others were before.
fn come_into_force(config: &Config, dispatcher: &Dispatcher, before: &mut Active) -> Result<(), AppError> {
    let packs = Packs::look(config)?;
    let now = packs.all_active();
    for tenant in before.keys().chain(now.keys()) {
        if before.get(tenant) == now.get(tenant) {
            continue;
        }
        let policy = match packs.active(*tenant)? {
            Some(pack) => pack.source.policy,
            None => builtin().map_err(AppError::Builtin)?.0,
        };
        dispatcher.activate(*tenant, Arc::new(policy));
    }
    *before = now;
    Ok(())
}
