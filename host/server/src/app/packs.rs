//! Which pack is active for which tenant, and the packs themselves, in the data directory. A state is written whole and
//! renamed into its place, so that a tenant has its old pack or the new one at every moment. It doesn't know what a pack
//! permits.

mod activate;
mod directory;
mod state;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use casemate_gate::pack::{self, Known, Pack, PackError, TrustedKeys, Unverified, Verified};
use casemate_gate::{Digest, TenantId};

pub use activate::Activated;
pub use directory::read as read_pack;
pub(super) use store::keep;
pub use store::write_pack;

use super::shared::{Part, Shared};
use super::{AppError, PackKeys};
use crate::config::Config;
use state::State;

/// The folder of all packs, in the packs' directory.
const PACKS: &str = "packs";

/// The packs of this host.
#[derive(Debug)]
pub struct Packs {
    directory: PathBuf,
    keys: TrustedKeys,
    state: State,
    shared: Shared,
}

/// Where it stands which packs are active.
pub(super) fn state_path(config: &Config) -> PathBuf {
    state::path(&config.packs())
}

/// Where a pack is kept.
pub(super) fn folder(config: &Config, digest: Digest) -> PathBuf {
    config.packs().join(PACKS).join(digest.to_string())
}

/// Every pack that a state names; none for what is no state.
pub(super) fn named(state: &[u8]) -> Option<BTreeSet<Digest>> {
    Some(State::parse(state)?.packs())
}

impl Packs {
    /// Reads the state as it is, also for whoever doesn't hold the data directory's lock.
    ///
    /// # Errors
    /// [`AppError`] naming the file.
    pub fn look(config: &Config) -> Result<Self, AppError> {
        let directory = config.packs();
        let state = State::read(&state::path(&directory))?;
        Ok(Self { directory, keys: PackKeys::trusted(config)?, state, shared: Shared::none(config) })
    }

    /// The same for whoever changes it.
    pub(super) fn open(config: &Config, shared: &Shared) -> Result<Self, AppError> {
        Ok(Self { shared: shared.clone(), ..Self::look(config)? })
    }

    /// Which pack is active for each tenant that has one.
    pub(super) fn all_active(&self) -> BTreeMap<TenantId, Digest> {
        self.state.all_active()
    }

    /// Another state, for everybody.
    fn put(&mut self, next: State) -> Result<(), AppError> {
        self.shared.write(Part::Packs, &next.text(&state::path(&self.directory))?)?;
        self.state = next;
        Ok(())
    }

    /// The pack that is active for a tenant, where there is one. Its bytes are those that were activated; whether its time
    /// is over is for the caller to ask.
    ///
    /// # Errors
    /// [`AppError`], where its files are not what they were.
    pub fn active(&self, tenant: TenantId) -> Result<Option<Pack>, AppError> {
        self.state.active(tenant).map(|digest| self.recorded(digest)).transpose()
    }

    /// The same for a run that begins now: whoever signed the pack must still be believed, and its time not be over.
    ///
    /// # Errors
    /// [`AppError::Pack`]: why no run may begin under it.
    pub fn for_new_run(&self, tenant: TenantId, now_ms: u64) -> Result<Option<Pack>, AppError> {
        let Some(digest) = self.state.active(tenant) else { return Ok(None) };
        let pack = self.recorded(digest)?;
        self.vouched(digest, now_ms)?;
        Ok(Some(pack))
    }

    /// Whether a pack that is kept is still signed by somebody who is believed, and its time not over.
    fn vouched(&self, digest: Digest, now_ms: u64) -> Result<(), AppError> {
        Ok(Unverified::of(read_pack(&self.folder(digest))?).verify(&self.keys.with_retired(), now_ms).map(drop)?)
    }

    /// Whether a run may begin under a policy by its digest, where that is a pack's.
    ///
    /// # Errors
    /// As [`Packs::for_new_run`].
    pub fn may_begin(&self, digest: Digest, now_ms: u64) -> Result<(), AppError> {
        if self.folder(digest).exists() { self.vouched(digest, now_ms) } else { Ok(()) }
    }

    /// What people are told of a tenant's pack: `active`, `expired`, or `refused` where no run may begin under it for
    /// another reason.
    #[must_use]
    pub fn state_of(&self, pack: &Pack, now_ms: u64) -> &'static str {
        match self.vouched(pack.digest, now_ms) {
            Ok(()) => "active",
            Err(AppError::Pack(PackError::Expired(_))) => "expired",
            Err(_) => "refused",
        }
    }

    /// Digest of the policy that holds for a tenant: its active pack's, or the built-in one's. It stands in every entry of
    /// the ledger.
    ///
    /// # Errors
    /// None: the built-in policy can be read.
    pub fn digest(&self, tenant: TenantId) -> Result<Digest, AppError> {
        match self.state.active(tenant) {
            Some(digest) => Ok(digest),
            None => Ok(pack::builtin().map_err(AppError::Builtin)?.0.digest),
        }
    }

    /// A pack that was active once, by its digest.
    ///
    /// # Errors
    /// [`AppError`], where its files are not what they were.
    pub fn with_digest(&self, digest: Digest) -> Result<Option<Pack>, AppError> {
        if self.folder(digest).exists() { self.recorded(digest).map(Some) } else { Ok(None) }
    }

    /// The versions that were ever active for a tenant.
    #[must_use]
    pub fn known(&self, tenant: TenantId) -> Known {
        self.state.known(tenant)
    }

    /// Where a pack that was active is kept.
    #[must_use]
    pub fn folder(&self, digest: Digest) -> PathBuf {
        self.directory.join(PACKS).join(digest.to_string())
    }

    /// Forgets a tenant: which packs were active for it, and those packs that no other tenant has or had. Durable on return.
    ///
    /// # Errors
    /// [`AppError::File`].
    pub fn forget(&mut self, tenant: TenantId) -> Result<(), AppError> {
        let (next, gone) = self.state.without(tenant);
        if next != self.state {
            self.put(next)?;
        }
        for digest in gone {
            let folder = self.folder(digest);
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(AppError::file(folder)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks a directory as if its pack should be activated: for a tenant, whose earlier versions count, or for any.
    ///
    /// # Errors
    /// [`AppError::Pack`], [`AppError::PackTest`]: why it isn't; [`AppError::PackFolder`].
    pub fn verify(&self, directory: &Path, tenant: Option<TenantId>, now_ms: u64) -> Result<Verified, AppError> {
        let verified = Unverified::of(read_pack(directory)?).verify(&self.keys, now_ms)?;
        if let Some(tenant) = tenant {
            self.known(tenant).admit(verified.pack())?;
        }
        let source = &verified.pack().source;
        let failed: Vec<_> = source.cases.iter().filter(|case| !case.put_to(&source.policy, now_ms).passed).collect();
        match failed.first() {
            None => Ok(verified),
            Some(first) => {
                let (all, first) = (source.cases.len(), first.name.clone());
                Err(AppError::PackTest { failed: failed.len(), all, first })
            }
        }
    }

    fn recorded(&self, digest: Digest) -> Result<Pack, AppError> {
        Ok(Unverified::of(read_pack(&self.folder(digest))?).recorded_as(digest)?)
    }
}
