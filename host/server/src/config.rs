//! The host's configuration: one struct, each field's comment is its manual. It doesn't know the command line that
//! filled it.

use std::path::{Path, PathBuf};

/// How this host is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Directory of the host's own state: key, tenants, components, the embedded Postgres. One process at a time.
    pub data: PathBuf,
    /// The three zones of the ledger, in order: directories on devices of their own, where there are such.
    pub zones: [PathBuf; 3],
    /// Directory with the binaries of Postgres, where they are not found by themselves.
    pub postgres: Option<PathBuf>,
    /// The program that is started to compile a component: `casemate` itself, which the kernel knows by this name even
    /// if its file was replaced since.
    pub compiler: PathBuf,
}

impl Config {
    /// The configuration of a data directory, with its zones inside where none are named.
    #[must_use]
    pub fn new(data: PathBuf, zones: Option<[PathBuf; 3]>, postgres: Option<PathBuf>) -> Self {
        let zones = zones.unwrap_or_else(|| ["1", "2", "3"].map(|number| data.join("zones").join(number)));
        Self { data, zones, postgres, compiler: "/proc/self/exe".into() }
    }

    /// The wrapper's keys: what everything else is sealed under.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.data.join("host.key")
    }

    /// All other keys, wrapped.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.data.join("keys.json")
    }

    /// The keys with which anybody can verify the checkpoints, one a line, the active one first.
    #[must_use]
    pub fn verifier_key(&self) -> PathBuf {
        self.data.join("checkpoint.pub")
    }

    /// The lock that one process holds.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.data.join("lock")
    }

    /// The tenants by name.
    #[must_use]
    pub fn tenants(&self) -> PathBuf {
        self.data.join("tenants.json")
    }

    /// What was used of budgets in hours, days and months, and what the operator set.
    #[must_use]
    pub fn budgets(&self) -> PathBuf {
        self.data.join("budgets")
    }

    /// Which component each agent was last started with, and which tools the host has.
    #[must_use]
    pub fn registry(&self) -> PathBuf {
        self.data.join("registry.json")
    }

    /// Components and policies of runs that may have to be resumed, by digest.
    #[must_use]
    pub fn artefacts(&self) -> PathBuf {
        self.data.join("artefacts")
    }

    /// Code of components, compiled.
    #[must_use]
    pub fn compiled_code(&self) -> PathBuf {
        self.data.join("code")
    }

    /// Scratch directories of the runs that are under way.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.data.join("scratch")
    }

    /// Packs that were activated, by digest, and which of them is active for whom.
    #[must_use]
    pub fn packs(&self) -> PathBuf {
        self.data.join("policies")
    }

    /// Keys of others that may sign packs for this host, one `name+hash+key` a line.
    #[must_use]
    pub fn trusted_pack_keys(&self) -> PathBuf {
        self.data.join("trusted-pack-keys")
    }

    /// The embedded Postgres.
    #[must_use]
    pub fn cluster(&self) -> PathBuf {
        self.data.join("postgres")
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }
}
