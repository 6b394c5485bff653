//! The table `[wasi]` of a manifest or policy: which families of WASI 0.2 a component of another tool chain may import,
//! and how many bytes of scratch directory it gets. What a family gives is fixed and little; it doesn't know how that
//! is linked.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::{PolicyError, Unenforceable};

/// Least bytes of a scratch directory: what one empty file is charged.
const SCRATCH_LEAST: u64 = 4096;
/// Most bytes of a scratch directory, whatever a policy says.
const SCRATCH_MOST: u64 = 1 << 30;

/// One package of WASI 0.2. An import of it is admitted only where manifest and policy both name its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// `wasi:cli`: standard streams, environment, exit, terminals.
    Cli,
    /// `wasi:clocks`.
    Clocks,
    /// `wasi:filesystem`.
    Filesystem,
    /// `wasi:io`: streams, polling, errors.
    Io,
    /// `wasi:random`.
    Random,
    /// `wasi:sockets`: linked with everything denied.
    Sockets,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 6] = [Self::Cli, Self::Clocks, Self::Filesystem, Self::Io, Self::Random, Self::Sockets];

    /// Its name in manifests and policies, which is its package's.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Clocks => "clocks",
            Self::Filesystem => "filesystem",
            Self::Io => "io",
            Self::Random => "random",
            Self::Sockets => "sockets",
        }
    }

    /// The family of an import such as `wasi:cli/stdout@0.2.9`. None for what is no import of WASI 0.2 or of a package
    /// that the host doesn't have, such as `wasi:http`.
    #[must_use]
    pub fn of_import(name: &str) -> Option<Self> {
        let (package, interface) = name.strip_prefix("wasi:")?.split_once('/')?;
        let (_, version) = interface.split_once('@')?;
        let patch = version.strip_prefix("0.2.")?;
        if patch.is_empty() || !patch.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::ALL.into_iter().find(|family| family.name() == package)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WasiTable {
    families: Vec<Family>,
    scratch_bytes: Option<u64>,
}

/// The table as it can be enforced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wasi {
    families: BTreeSet<Family>,
    /// Zero for no scratch directory.
    scratch_bytes: u64,
}

impl Wasi {
    pub(super) fn parse(file: &'static str, table: Option<WasiTable>) -> Result<Self, PolicyError> {
        let Some(WasiTable { families, scratch_bytes }) = table else { return Ok(Self::default()) };
        let families: BTreeSet<Family> = families.into_iter().collect();
        let fails = |cause| Err(PolicyError::Wasi { file, cause });
        if families.is_empty() {
            return fails(Unenforceable::NoFamilies);
        }
        match scratch_bytes {
            None => Ok(Self { families, scratch_bytes: 0 }),
            Some(_) if !families.contains(&Family::Filesystem) => fails(Unenforceable::Unreachable),
            Some(bytes) if !(SCRATCH_LEAST..=SCRATCH_MOST).contains(&bytes) => {
                fails(Unenforceable::Scratch { bytes, least: SCRATCH_LEAST, most: SCRATCH_MOST })
            }
            Some(scratch_bytes) => Ok(Self { families, scratch_bytes }),
        }
    }

    /// What both allow: the families that both name, and the smaller scratch directory.
    pub(super) fn intersect(&self, other: &Self) -> Self {
        Self {
            families: self.families.intersection(&other.families).copied().collect(),
            scratch_bytes: self.scratch_bytes.min(other.scratch_bytes),
        }
    }

    pub(super) fn has(&self, family: Family) -> bool {
        self.families.contains(&family)
    }

    pub(super) fn scratch(&self) -> Option<u64> {
        Some(self.scratch_bytes).filter(|bytes| *bytes > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::Family;

    #[test]
    fn an_import_belongs_to_the_family_of_its_package_in_any_patch_of_0_2() {
        for (import, family) in [
            ("wasi:cli/stdout@0.2.0", Some(Family::Cli)),
            ("wasi:sockets/tcp@0.2.12", Some(Family::Sockets)),
            ("wasi:filesystem/types@0.2.9", Some(Family::Filesystem)),
            ("wasi:http/outgoing-handler@0.2.0", None),
            ("wasi:cli/stdout@0.3.0", None),
            ("wasi:cli/stdout@0.2.0-rc-2023", None),
            ("wasi:cli/stdout@0.2.", None),
            ("wasi:cli/stdout", None),
            ("wasi:cli", None),
            ("casemate:agent/log@0.1.0", None),
            ("wasix:cli/stdout@0.2.0", None),
        ] {
            assert_eq!(Family::of_import(import), family, "{import}");
        }
    }
}
