//! The state: for each tenant the active pack's digest, those before it, and every version that was ever active. It doesn't
//! know the packs themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use casemate_gate::id::NotADigest;
use casemate_gate::pack::{Known, Pack};
use casemate_gate::{AgentName, Digest, TenantId};
use serde::{Deserialize, Serialize};

use crate::app::AppError;

/// Most bytes of the state.
const STATE_BYTES: u64 = 16 * 1024 * 1024;
/// How far back a tenant can roll.
const BEFORE: usize = 32;

/// A digest as people read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Hex(Digest);

impl TryFrom<String> for Hex {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse().map(Self)
    }
}

impl From<Hex> for String {
    fn from(Hex(digest): Hex) -> Self {
        digest.to_string()
    }
}

/// What is known of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    active: Option<Hex>,
    /// What was active before, the latest last.
    before: Vec<Hex>,
    seen: BTreeMap<AgentName, BTreeMap<u64, Hex>>,
}

impl Standing {
    /// Every pack that is active, or was.
    fn packs(&self) -> BTreeSet<Digest> {
        let seen = self.seen.values().flat_map(BTreeMap::values);
        self.active.iter().chain(&self.before).chain(seen).map(|Hex(digest)| *digest).collect()
    }
}

/// The state of all tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    tenants: BTreeMap<TenantId, Standing>,
}

/// Where it is.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("active.json")
}

impl State {
    /// Reads it; empty where there is none yet.
    pub(super) fn read(path: &Path) -> Result<Self, AppError> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(STATE_BYTES).read_to_end(&mut bytes));
        match read {
            Ok(_) => Self::parse(&bytes).ok_or_else(|| AppError::Damaged(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(AppError::File { path: path.to_owned(), cause }),
        }
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// As it is written at a place.
    pub(super) fn text(&self, path: &Path) -> Result<Vec<u8>, AppError> {
        serde_json::to_vec_pretty(self).map_err(|_| AppError::Damaged(path.to_owned()))
    }

    /// Every pack that is active, or was.
    pub(super) fn packs(&self) -> BTreeSet<Digest> {
        self.tenants.values().flat_map(Standing::packs).collect()
    }

    /// Which pack is active for each tenant that has one.
    pub(super) fn all_active(&self) -> BTreeMap<TenantId, Digest> {
        let active = |(tenant, standing): (&TenantId, &Standing)| Some((*tenant, standing.active?.0));
        self.tenants.iter().filter_map(active).collect()
    }

    pub(super) fn active(&self, tenant: TenantId) -> Option<Digest> {
        self.tenants.get(&tenant)?.active.map(|Hex(digest)| digest)
    }

    /// What was active before the active one.
    pub(super) fn previous(&self, tenant: TenantId) -> Option<Digest> {
        self.tenants.get(&tenant)?.before.last().map(|Hex(digest)| *digest)
    }

    pub(super) fn known(&self, tenant: TenantId) -> Known {
        let mut known = Known::default();
        for (id, versions) in self.tenants.get(&tenant).iter().flat_map(|standing| &standing.seen) {
            for (version, Hex(digest)) in versions {
                known.note(id.clone(), *version, *digest);
            }
        }
        known
    }

    /// The same with a new pack in the place of the active one.
    pub(super) fn activated(&self, tenant: TenantId, pack: &Pack) -> Self {
        let mut next = self.clone();
        let standing = next.tenants.entry(tenant).or_default();
        standing.before.extend(standing.active.replace(Hex(pack.digest)));
        let surplus = standing.before.len().saturating_sub(BEFORE);
        standing.before.drain(..surplus);
        standing.seen.entry(pack.id.clone()).or_default().insert(pack.version, Hex(pack.digest));
        next
    }

    /// The same without a tenant, and the packs that no other tenant has or had.
    pub(super) fn without(&self, tenant: TenantId) -> (Self, BTreeSet<Digest>) {
        let mut next = self.clone();
        let gone = next.tenants.remove(&tenant).map(|standing| standing.packs()).unwrap_or_default();
        let others: BTreeSet<Digest> = next.tenants.values().flat_map(Standing::packs).collect();
        (next, gone.difference(&others).copied().collect())
    }

    /// The same with what was active before. What was seen stays seen.
    pub(super) fn rolled_back(&self, tenant: TenantId) -> Self {
        let mut next = self.clone();
        let standing = next.tenants.entry(tenant).or_default();
        standing.active = standing.before.pop();
        next
    }
}
