//! Which versions were ever active for a tenant, so that none of them comes back through the door by which new ones come.
//! It doesn't know where that is kept.

use std::collections::BTreeMap;

use super::{Pack, PackError};
use crate::id::{AgentName, Digest};

/// Versions that were active, with their digests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    versions: BTreeMap<AgentName, BTreeMap<u64, Digest>>,
}

impl Known {
    /// Notes a version.
    pub fn note(&mut self, id: AgentName, version: u64, digest: Digest) {
        self.versions.entry(id).or_default().insert(version, digest);
    }

    /// The highest version of a pack, where there was one.
    #[must_use]
    pub fn highest(&self, id: &AgentName) -> Option<u64> {
        self.versions.get(id).and_then(|versions| versions.keys().next_back().copied())
    }

    /// Each version that was noted.
    pub fn iter(&self) -> impl Iterator<Item = (&AgentName, u64, Digest)> {
        self.versions.iter().flat_map(|(id, versions)| versions.iter().map(move |(v, digest)| (id, *v, *digest)))
    }

    /// Whether a pack may become active: it is newer than all, or the newest itself once more.
    ///
    /// # Errors
    /// [`PackError::Rollback`], [`PackError::Duplicate`].
    pub fn admit(&self, pack: &Pack) -> Result<(), PackError> {
        let (id, version) = (&pack.id, pack.version);
        let known = self.versions.get(id).and_then(|versions| versions.get(&version).copied());
        match (self.highest(id), known) {
            (Some(highest), _) if version < highest => Err(PackError::Rollback { id: id.clone(), version, highest }),
            (_, Some(known)) if known != pack.digest => Err(PackError::Duplicate { id: id.clone(), version, known }),
            _ => Ok(()),
        }
    }
}
