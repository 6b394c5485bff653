//! Where things are in the data directory. It doesn't know what is in them.

use std::path::{Path, PathBuf};

use super::Config;

impl Config {
    /// The host's key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.key_file.clone()
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

    /// The id of this host.
    #[must_use]
    pub fn host_id(&self) -> PathBuf {
        self.data.join("host.id")
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

    /// Held while the tenants' file is changed.
    #[must_use]
    pub fn tenants_lock(&self) -> PathBuf {
        self.data.join("tenants.lock")
    }

    /// Up to which change of its standing each tenant's is on record and in force.
    #[must_use]
    pub fn standing(&self) -> PathBuf {
        self.data.join("standing.json")
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

    /// Packs that were activated, by digest, and which of them is active for whom.
    #[must_use]
    pub fn packs(&self) -> PathBuf {
        self.data.join("policies")
    }

    /// Keys of others that may sign packs for this host, one `name+hash+key` a line.
    #[must_use]
    pub fn trusted_pack_keys(&self) -> PathBuf {
        self.trusted_pack_keys.clone()
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

    /// The embedded Postgres.
    #[must_use]
    pub fn cluster(&self) -> PathBuf {
        self.data.join("postgres")
    }

    /// Whether there can be runs in a database: one that was started before, or another that is configured.
    #[must_use]
    pub fn has_database(&self) -> bool {
        self.database_host.is_some() || self.cluster().exists()
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }
}
