//! Why a job can't be run. A run that ends by a refusal is none of these: it ran. It doesn't know how an orchestrator
//! is told.

use casemate_gate::Refusal;
use casemate_gate::journal::JournalError;
use casemate_gate::policy::PolicyError;
use casemate_keys::KeyError;
use casemate_ledger::{AppendError, CheckpointError, ReadError};
use casemate_store::{RoleError, StoreError};

use super::{ApprovalError, BudgetError, RegistryError};
use crate::crossing::frame::FrameError;
use crate::sandbox::{ComponentError, EngineError};

/// Why a job can't be run.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The component isn't admitted.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The granted tables can't be given in Postgres.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The sandbox.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A record of the journal.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The journal in memory.
    #[error(transparent)]
    Journal(JournalError),
    /// The ledger can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger can't be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The ledger can't be signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// What the run may use can't be put on record.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// The built-in policy can't be read.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// What is registered can't be kept.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The run was refused before its first instruction, or its end could not be recorded.
    #[error("{0}")]
    Refused(Refusal),
    /// The grants need Postgres and the host has none.
    #[error("start the host with a database: the agent's grants need one")]
    NoDatabase,
    /// There is no such run that could go on.
    #[error("check the run's id with `casemate runs`: that run has ended, or there is none")]
    NoRun,
    /// The entry isn't one of a call.
    #[error("name the index of a call's entry, as `casemate run` prints it: {0} is none of this tenant's")]
    NoCall(u64),
    /// The run hasn't ended.
    #[error("wait for the run to end, or go on with it by `casemate resume`: it has not ended")]
    NotEnded,
    /// The run's key doesn't open any more.
    #[error("ask for another run: this one's keys are destroyed, and only its entries in the log are left")]
    Erased,
    /// An approval can't be decided.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The run was started with something else.
    #[error("resume the run with the component, policy and host version with which it was started")]
    Changed,
}

impl From<Refusal> for DispatchError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl DispatchError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Component(error) => error.code(),
            Self::Role(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Frame(_) => "journal-frame",
            Self::Journal(_) => "journal-unavailable",
            Self::Read(error) => error.code(),
            Self::Append(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
            Self::Budget(error) => error.code(),
            Self::Policy(error) => error.code(),
            Self::Registry(error) => error.code(),
            Self::Refused(refusal) => refusal.code().name(),
            Self::NoDatabase => "run-needs-database",
            Self::NoRun => "run-unknown",
            Self::NoCall(_) => "run-no-call",
            Self::NotEnded => "run-unended",
            Self::Erased => "run-erased",
            Self::Approval(error) => error.code(),
            Self::Changed => "run-changed",
        }
    }
}
