//! Why the host can't be built or taken down. It doesn't know which exit status that is.

use std::io;
use std::path::PathBuf;

use casemate_gate::pack::PackError;
use casemate_gate::policy::PolicyError;
use casemate_keys::KeyError;
use casemate_ledger::{AppendError, CheckpointError, OpenError};
use casemate_store::{ClusterError, StoreError};

use crate::dispatch::{BudgetError, DispatchError, RegistryError};
use crate::sandbox::{EngineError, ScratchError};

/// Why the host can't be built or taken down.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Another process holds the data directory.
    #[error("stop the other casemate that uses {0}, or choose another directory with --data")]
    Locked(PathBuf),
    /// A file of the data directory.
    #[error("make {path} readable and writable for this user, on a disk with space left")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file of the data directory is not what was written.
    #[error("restore {0} from its copy: it is damaged")]
    Damaged(PathBuf),
    /// A document that hosts share was not written by a host that has this key file.
    #[error("restore the document `{0}` of `casemate.documents` from its copy: no host with this key file wrote it")]
    DamagedShared(String),
    /// Another host has changed a shared file meanwhile.
    #[error("run the command again: another host has changed the same meanwhile")]
    Changed,
    /// Other hosts are up that would lack the new key.
    #[error("stop the other hosts first, and give them the key file afterwards: they would lack the new key")]
    HostsUp,
    /// Something is where an invitation shall be.
    #[error("name a directory that is not there yet: {0} is, and an invitation overwrites nothing")]
    InviteExists(PathBuf),
    /// Not a tenant's name.
    #[error("name a tenant with 1 to 64 of a-z, 0-9 and '-', not starting with '-'")]
    TenantName,
    /// A tenant of that name is there.
    #[error("choose another name: there is a tenant `{0}`")]
    TenantExists(String),
    /// No such tenant.
    #[error("add the tenant with `casemate tenant add {0}`: there is none of that name")]
    TenantUnknown(String),
    /// A running host doesn't say that a change of a tenant's standing is in force.
    #[error(
        "look into the log of the host that is up, then run the command again to wait for it: the standing of `{0}` is \
         changed, and the host has not said that it holds"
    )]
    TenantWaits(String),
    /// The tenant is being deleted.
    #[error("finish with `casemate tenant delete {0} --confirm {0}`: the tenant is being deleted")]
    TenantLeaving(String),
    /// The tenant may work.
    #[error("suspend the tenant first, with `casemate tenant suspend {0}`: only a suspended tenant is deleted")]
    TenantActive(String),
    /// Something is where an export shall be.
    #[error("name a directory that is not there yet: {0} is, and an export overwrites nothing")]
    ExportExists(PathBuf),
    /// Another process changes the tenants.
    #[error("try again when the other `casemate tenant` has ended: it is changing the tenants")]
    TenantsBusy,
    /// Too many tenants for one data directory.
    #[error("use another data directory for more tenants: their file is full")]
    TenantsFull,
    /// A policy pack is refused.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A pack whose own decision tests fail.
    #[error("correct the pack's policy or its tests: {failed} of {all} decision tests fail, the first is `{first}`")]
    PackTest {
        /// How many fail.
        failed: usize,
        /// Of how many.
        all: usize,
        /// Name of the first that fails.
        first: String,
    },
    /// A pack's directory or a file in it can't be read.
    #[error("name a pack's directory that can be read: {path} can't")]
    PackFolder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// There is no active pack to roll back from.
    #[error("apply a pack first: this tenant has none, and the built-in policy denies everything")]
    PackNone,
    /// The policy that is compiled in can't be read.
    #[error("install casemate anew: its built-in policy can't be read")]
    Builtin(#[source] PolicyError),
    /// A change of the registry can't be put on record.
    #[error(transparent)]
    Record(#[from] Box<DispatchError>),
    /// A key.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Scratch directories can't be made.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// The ledger can't be opened.
    #[error(transparent)]
    Ledger(#[from] OpenError),
    /// The ledger can't be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The ledger can't be signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Postgres can't be started.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Postgres can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Guests can't be run here.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What was used of budgets can't be read or kept.
    #[error(transparent)]
    Budgets(#[from] BudgetError),
    /// What is registered can't be read or kept.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A key of this host that signs something else.
    #[error("name a key that signs packs: this one is the host's own, and signs something else or no more")]
    KeyOfHost,
    /// The embedded database needs no bootstrap.
    #[error("name a Postgres in `database.host` first: the embedded one needs no bootstrap")]
    NoExternal,
    /// A task of the host was cut off.
    #[error("start the host again: it was stopped while it was starting or stopping")]
    Interrupted,
}

impl AppError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked(_) => "data-locked",
            Self::File { cause, .. } if cause.kind() == io::ErrorKind::StorageFull => "data-disk-full",
            Self::File { .. } => "data-file",
            Self::Damaged(_) => "data-damaged",
            Self::DamagedShared(_) => "data-damaged-shared",
            Self::Changed => "data-changed",
            Self::HostsUp => "keys-hosts-up",
            Self::InviteExists(_) => "data-exists",
            Self::TenantName => "tenant-name",
            Self::TenantExists(_) => "tenant-exists",
            Self::TenantUnknown(_) => "tenant-unknown",
            Self::TenantWaits(_) => "tenant-waits",
            Self::TenantLeaving(_) => "tenant-leaving",
            Self::TenantActive(_) => "tenant-active",
            Self::ExportExists(_) => "tenant-export-exists",
            Self::TenantsBusy => "tenant-busy",
            Self::TenantsFull => "tenant-full",
            Self::Pack(error) => error.code(),
            Self::PackTest { .. } => "pack-test",
            Self::PackFolder { .. } => "pack-folder",
            Self::PackNone => "pack-none",
            Self::Builtin(error) => error.code(),
            Self::Record(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::Scratch(_) => "data-scratch",
            Self::Ledger(error) => error.code(),
            Self::Append(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
            Self::Cluster(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Budgets(error) => error.code(),
            Self::Registry(error) => error.code(),
            Self::KeyOfHost => "pack-key-of-host",
            Self::NoExternal => "database-none",
            Self::Interrupted => "host-interrupted",
        }
    }

    pub(super) fn pack_folder(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::PackFolder { path, cause }
    }

    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::File { path, cause }
    }
}

impl From<DispatchError> for AppError {
    fn from(error: DispatchError) -> Self {
        Self::Record(Box::new(error))
    }
}
