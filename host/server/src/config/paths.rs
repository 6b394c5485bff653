//! Where things are in the data directory. It doesn't know what is in them.

use std::path::{Path, PathBuf};

use super::Config;

impl Config {
    /// The host's key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.key_file.clone()
    }

    /// The seed of the key that signs checkpoints, sealed under the host's key.
    #[must_use]
    pub fn signing_seed(&self) -> PathBuf {
        self.data.join("checkpoint.key")
    }

    /// The key with which anybody can verify the checkpoints.
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

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }
}
