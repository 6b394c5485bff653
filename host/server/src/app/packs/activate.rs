//! Activation: a pack is verified, kept, put on record in the tenant's log, and then takes the place of the active one. A
//! host that dies in between leaves the old one active; the same command goes on from there. It doesn't know who asks.

use std::path::Path;
use std::sync::Arc;

use casemate_abi::Code;
use casemate_gate::pack::{MANIFEST, Pack, builtin};
use casemate_gate::policy::Policy;
use casemate_gate::registry::{Change, Happened, Subject};
use casemate_gate::{Digest, TenantId};
use casemate_keys::{PublicKey, random};
use casemate_ledger::{Draft, Kind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Packs, State, read_pack, store};
use crate::app::{App, AppError, PackKeys};
use crate::clock;
use crate::config::Config;
use crate::dispatch::registry::record;

/// What became of it.
#[derive(Debug)]
pub struct Activated {
    /// What is active now; none where the built-in policy holds.
    pub pack: Option<Pack>,
    /// What was active before, if it can still be read.
    pub before: Option<Pack>,
    /// Index of its entry in the tenant's log; none where nothing changed.
    pub index: Option<u64>,
}

impl App {
    /// Makes the pack in a directory the tenant's active one. A pack that is refused is on record too, and leaves the old
    /// one active. One that is active already stays so.
    ///
    /// # Errors
    /// [`AppError`]: why it is refused.
    pub async fn apply_pack(&mut self, tenant: TenantId, directory: &Path) -> Result<Activated, AppError> {
        let verified = match self.packs.verify(directory, Some(tenant), clock::now_ms()) {
            Ok(verified) => verified,
            Err(error) => {
                self.refused(tenant, directory, &error).await?;
                return Err(error);
            }
        };
        let pack = verified.pack().clone();
        // Whatever became of the files of the active one: a pack that is applied puts that right.
        store::keep(&self.packs.folder(pack.digest), verified.files())?;
        let before = self.packs.active(tenant).ok().flatten();
        if self.packs.state.active(tenant) == Some(pack.digest) {
            return Ok(Activated { pack: Some(pack), before, index: None });
        }
        let next = self.packs.state.activated(tenant, &pack);
        self.activate(tenant, Some(pack), before, Happened::Activated, next).await
    }

    /// Makes the pack active that was before the active one; where there was none, the built-in policy holds again.
    /// Versions that were active stay known: only the newest of them can be applied again.
    ///
    /// # Errors
    /// [`AppError::PackNone`] when no pack is active; [`AppError::Pack`] when the one before doesn't hold any more.
    pub async fn roll_back_pack(&mut self, tenant: TenantId) -> Result<Activated, AppError> {
        if !self.packs.has_active(tenant) {
            return Err(AppError::PackNone);
        }
        let before = self.packs.active(tenant).ok().flatten();
        let previous = self.packs.state.previous(tenant);
        let pack = previous.map(|digest| self.packs.recorded(digest)).transpose()?;
        if let Some(pack) = &pack {
            self.packs.vouched(pack.digest, clock::now_ms())?;
        }
        let next = self.packs.state.rolled_back(tenant);
        self.activate(tenant, pack, before, Happened::RolledBack, next).await
    }

    /// Believes signatures of a key on packs from now on. The change is on record in the host's own log.
    ///
    /// # Errors
    /// [`AppError`]. A key that is believed already changes nothing.
    pub async fn trust_pack_key(&mut self, config: &Config, key: &PublicKey) -> Result<bool, AppError> {
        if self.packs.keys.has(key) {
            return Ok(false);
        }
        // This host's other keys sign other things: nobody may pass one off as the other.
        if self.keys.signing().has(key) {
            return Err(AppError::KeyOfHost);
        }
        let host = TenantId::from(Uuid::nil());
        let change =
            Change::new(Subject::Key, key.name(), Happened::Added, Value::Null, json!({"pack": key.to_string()}));
        record(&self.ledger, host, self.packs.digest(host)?, &[change]).await?;
        PackKeys::trust(config, &self.shared, key)?;
        self.packs.keys.add(key.clone());
        Ok(true)
    }

    /// Holds runs that go on to the tenant's active pack: each keeps the version with which it began until the active one
    /// forbids a call. Where a pack's run goes on and no pack is active any more, the built-in policy forbids all of them.
    ///
    /// # Errors
    /// [`AppError`], where the active pack's files are not what they were.
    pub fn hold_to_active_pack(&self, tenant: TenantId, began: Digest) -> Result<(), AppError> {
        let policy = match self.packs.active(tenant)? {
            Some(pack) => pack.source.policy,
            None if self.packs.folder(began).exists() => builtin_policy()?,
            None => return Ok(()),
        };
        self.dispatcher.activate(tenant, Arc::new(policy));
        Ok(())
    }

    /// Believes signatures of a key no more: packs of it can't be applied from now on, and no run begins under one that is
    /// active. The change is on record in the host's own log.
    ///
    /// # Errors
    /// [`AppError`]. A key that is not believed changes nothing.
    pub async fn distrust_pack_key(&mut self, config: &Config, key: &PublicKey) -> Result<bool, AppError> {
        if !PackKeys::of_others(config)?.has(key) {
            return Ok(false);
        }
        let host = TenantId::from(Uuid::nil());
        let before = json!({"pack": key.to_string()});
        let change = Change::new(Subject::Key, key.name(), Happened::Withdrawn, before, Value::Null);
        record(&self.ledger, host, self.packs.digest(host)?, &[change]).await?;
        PackKeys::distrust(config, &self.shared, key)?;
        self.packs.keys = PackKeys::trusted(config)?;
        Ok(true)
    }

    async fn activate(
        &mut self,
        tenant: TenantId,
        pack: Option<Pack>,
        before: Option<Pack>,
        happened: Happened,
        next: State,
    ) -> Result<Activated, AppError> {
        let named = pack.as_ref().or(before.as_ref()).map(|pack| pack.id.to_string()).unwrap_or_default();
        let was = match (&before, self.packs.state.active(tenant)) {
            // It can't be read any more; its digest is known.
            (None, Some(digest)) => json!({"digest": digest.to_string()}),
            _ => told(before.as_ref()),
        };
        let change = Change::new(Subject::Pack, named, happened, was, told(pack.as_ref()));
        // Under the policy that holds while it is decided: the one before.
        let index = record(&self.ledger, tenant, self.packs.digest(tenant)?, &[change]).await?;
        self.packs.put(next)?;
        // Runs under way in this process meet it at their next call.
        let holds = pack.as_ref().map(|pack| pack.policy().clone());
        self.dispatcher.activate(tenant, Arc::new(holds.map_or_else(builtin_policy, Ok)?));
        Ok(Activated { pack, before, index })
    }

    /// Puts on record that a pack was refused: the digest of its manifest, where it has one, and the reason's code; nothing
    /// else of what nobody vouches for.
    async fn refused(&self, tenant: TenantId, directory: &Path, error: &AppError) -> Result<(), AppError> {
        if !matches!(error, AppError::Pack(_) | AppError::PackTest { .. }) {
            return Ok(());
        }
        let files = read_pack(directory).ok();
        let manifest = files.and_then(|files| files.get(MANIFEST).map(|bytes| Digest::of(bytes).to_string()));
        let payload = json!({"pack": manifest, "code": error.code()}).to_string().into_bytes();
        let draft = Draft {
            kind: Kind::Refusal,
            tenant: tenant.as_uuid(),
            run: Uuid::nil(),
            seq: 0,
            epoch: 0,
            tool: 0,
            decision: Code::PolicyRefused as u16,
            time_ms: clock::now_ms(),
            policy: *self.packs.digest(tenant)?.as_bytes(),
            salt: random()?,
            payload,
        };
        drop(self.ledger.submit(vec![draft]).await?);
        Ok(())
    }
}

impl Packs {
    /// Whether a tenant has an active pack.
    #[must_use]
    pub fn has_active(&self, tenant: TenantId) -> bool {
        self.state.active(tenant).is_some()
    }
}

fn builtin_policy() -> Result<Policy, AppError> {
    Ok(builtin().map_err(AppError::Builtin)?.0)
}

/// A pack in an entry.
fn told(pack: Option<&Pack>) -> Value {
    pack.map_or(Value::Null, |pack| json!({"id": pack.id, "version": pack.version, "digest": pack.digest.to_string()}))
}
