//! What hosts on one Postgres share beside jobs: the keys, the tenants, which packs are active for them, and whose packs are
//! believed. There, Postgres has the truth and the files of a data directory are a copy of it, which whoever only reads needs
//! no connection for; a host with a Postgres of its own has files and nothing else. Whoever writes to Postgres isn't believed:
//! a document is authenticated under the host's key. It doesn't know what stands in the files.

mod follow;
mod invite;
pub(super) mod link;
mod packs;
mod ring;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_keys::{KeyRing, MacKey, Use};
use uuid::Uuid;

use super::{AppError, database, identity, signing};
use crate::config::Config;
pub(super) use follow::follow;
pub use invite::{Invited, invite};
pub(super) use link::Link;
pub(super) use ring::SharedRing;

/// How long a host may take to notice a change, beyond its lease.
const NOTICE: Duration = Duration::from_secs(10);
/// How often it is asked whether all have noticed.
const POLL: Duration = Duration::from_millis(100);
/// Bytes of the epoch of a tag's key and of the tag, before a document's own.
const TAG: usize = 4 + 32;

/// A file that is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Tenants with their standings.
    Tenants,
    /// Which packs are active for whom. The packs are documents of their own, by digest.
    Packs,
    /// Keys of others that may sign packs.
    PackKeys,
}

impl Part {
    const ALL: [Self; 3] = [Self::Tenants, Self::Packs, Self::PackKeys];

    /// Its name among documents.
    const fn name(self) -> &'static str {
        match self {
            Self::Tenants => "shared/tenants",
            Self::Packs => "shared/packs",
            Self::PackKeys => "shared/pack-keys",
        }
    }

    fn path(self, config: &Config) -> PathBuf {
        match self {
            Self::Tenants => config.tenants(),
            Self::Packs => super::packs::state_path(config),
            Self::PackKeys => config.trusted_pack_keys(),
        }
    }
}

/// A data directory's shared files. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    config: Config,
    others: Option<(Arc<Link>, Arc<KeyRing>)>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared(…)")
    }
}

impl Shared {
    /// Files that are shared with nobody.
    pub(super) fn none(config: &Config) -> Self {
        Self { config: config.clone(), others: None }
    }

    /// Brings the files in line with what other hosts have; what they don't have, is there from now on.
    pub(super) fn open(config: &Config, link: Option<Arc<Link>>, keys: &Arc<KeyRing>) -> Result<Self, AppError> {
        let shared = Self { config: config.clone(), others: link.map(|link| (link, Arc::clone(keys))) };
        for part in Part::ALL {
            shared.pull(part)?;
        }
        Ok(shared)
    }

    /// For a process that is no host: the same, where there can be others.
    pub(super) async fn visit(config: &Config) -> Result<Self, AppError> {
        if config.database_host.is_none() {
            return Ok(Self::none(config));
        }
        super::lock::make(config)?;
        let name = format!("visitor-{}", Uuid::new_v4().simple());
        let info = database::beside(config, &name).await?.ok_or(AppError::NoExternal)?;
        let link = Arc::new(Link::open(config, &info)?);
        let keys = Arc::new(signing::open(config, Some(&link))?);
        Self::open(config, Some(link), &keys)
    }

    /// Whether there can be other hosts.
    pub(super) const fn has_others(&self) -> bool {
        self.others.is_some()
    }

    /// Brings a file in line with what other hosts have. Whether it has changed.
    pub(super) fn pull(&self, part: Part) -> Result<bool, AppError> {
        let Some((link, keys)) = &self.others else { return Ok(false) };
        // Held from the question to the file: an old answer never comes after a newer one.
        let _lock = link.lock()?;
        let path = part.path(&self.config);
        loop {
            let known = link.version(part.name());
            if let Some(document) = link.keeper.newer(part.name(), known)? {
                let text = opened(keys, part.name(), document.version, &document.content)?;
                if part == Part::Packs {
                    packs::pull(&self.config, link, keys, text)?;
                }
                let has_changed = link::file(&path)?.as_deref() != Some(text);
                if has_changed {
                    link::put(&path, text)?;
                }
                link.note(part.name(), document.version);
                return Ok(has_changed);
            }
            let own = if known == 0 { link::file(&path)? } else { None };
            let Some(own) = own else { return Ok(false) };
            if part == Part::Packs {
                packs::push_all(&self.config, link, keys, &own)?;
            }
            // Where another host was the first after all, its own is taken.
            if let Some(version) = link.keeper.replace(part.name(), 0, &closed(keys, part.name(), 1, &own)?)? {
                link.note(part.name(), version);
            }
        }
    }

    /// Replaces a file, here and for everybody, if this process has read the last one. It is durable on return.
    pub(super) fn write(&self, part: Part, bytes: &[u8]) -> Result<(), AppError> {
        let path = part.path(&self.config);
        let Some((link, keys)) = &self.others else { return link::put(&path, bytes) };
        let _lock = link.lock()?;
        let last = link.version(part.name());
        if part == Part::Packs {
            packs::push_all(&self.config, link, keys, bytes)?;
        }
        let content = closed(keys, part.name(), last.saturating_add(1), bytes)?;
        let version = link.keeper.replace(part.name(), last, &content)?.ok_or(AppError::Changed)?;
        // Noted last: a file that couldn't be written is brought in line the next time.
        link::put(&path, bytes)?;
        link.note(part.name(), version);
        Ok(())
    }

    /// Which version of the tenants this directory has, where it shares them.
    pub(super) fn tenants_version(&self) -> i64 {
        self.others.as_ref().map_or(0, |(link, _)| link.version(Part::Tenants.name()))
    }

    /// Says that this version of the tenants is in force on this host.
    pub(super) async fn tenants_in_force(&self, version: i64) -> Result<(), AppError> {
        let Some((link, _)) = &self.others else { return Ok(()) };
        let (link, host) = (Arc::clone(link), identity::of_its_own(&self.config)?);
        let noted = tokio::task::spawn_blocking(move || link.keeper.note(host, version)).await;
        Ok(noted.map_err(|_| AppError::Interrupted)??)
    }

    /// Refused while another host is up.
    pub(super) async fn expect_alone(&self) -> Result<(), AppError> {
        let Some((link, _)) = &self.others else { return Ok(()) };
        let link = Arc::clone(link);
        let up = tokio::task::spawn_blocking(move || link.keeper.behind(i64::MAX)).await;
        // This process is one of them.
        if up.map_err(|_| AppError::Interrupted)??.len() > 1 { Err(AppError::HostsUp) } else { Ok(()) }
    }

    /// Waits until the tenants are in force on every host as they are here. One that is lost has stopped by the end of its
    /// lease, and reads them before it goes on.
    pub(super) async fn in_force_everywhere(&self, name: &str) -> Result<(), AppError> {
        let Some((link, _)) = &self.others else { return Ok(()) };
        let version = self.tenants_version();
        let deadline = Instant::now() + self.config.lease.duration() + NOTICE;
        loop {
            let asked = Arc::clone(link);
            let behind = tokio::task::spawn_blocking(move || asked.keeper.behind(version)).await;
            if behind.map_err(|_| AppError::Interrupted)??.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(AppError::TenantWaits(name.to_owned()));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Brings the files of a data directory in line with what other hosts have, for whoever only reads them.
///
/// # Errors
/// [`AppError`]: what the operator has to do.
pub async fn catch_up(config: &Config) -> Result<(), AppError> {
    Shared::visit(config).await.map(drop)
}

/// The key of documents' tags, in an epoch.
fn tag_key(keys: &KeyRing, epoch: u32) -> Result<MacKey, AppError> {
    Ok(keys.mac_key(Uuid::nil(), Use::CompiledCode, epoch)?.derive(&[b"shared document"])?)
}

/// What stands before a document's text where its tag is made.
fn tagged(name: &str, version: i64) -> Vec<u8> {
    let length = u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes();
    [&length, name.as_bytes(), &version.to_be_bytes()].concat()
}

/// A document as it is kept: epoch of the key, tag, text.
fn closed(keys: &KeyRing, name: &str, version: i64, text: &[u8]) -> Result<Vec<u8>, AppError> {
    let epoch = keys.epoch(Uuid::nil(), Use::CompiledCode)?;
    let tag = tag_key(keys, epoch)?.tag(&[&tagged(name, version), text]);
    Ok([&epoch.to_be_bytes()[..], &tag, text].concat())
}

/// The text of a document that a host of ours has written under this name and version.
fn opened<'a>(keys: &KeyRing, name: &str, version: i64, kept: &'a [u8]) -> Result<&'a [u8], AppError> {
    let damaged = || AppError::DamagedShared(name.to_owned());
    let (head, text) = kept.split_at_checked(TAG).ok_or_else(damaged)?;
    let (epoch, found) = head.split_first_chunk::<4>().ok_or_else(damaged)?;
    let key = tag_key(keys, u32::from_be_bytes(*epoch))?;
    if key.is_tag(&[&tagged(name, version), text], found) { Ok(text) } else { Err(damaged()) }
}
