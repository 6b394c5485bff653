//! Why a run can't be repeated here. One that did something else was repeated. It doesn't know how anybody is told.

use std::time::Duration;

use casemate_gate::Refusal;
use casemate_keys::KeyError;

use crate::dispatch::evidence::EvidenceError;
use crate::sandbox::{ComponentError, EngineError, ScratchError};

/// Why a run can't be repeated here.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The evidence.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Its component isn't admitted.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The sandbox.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Scratch directories can't be made.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// The cryptographic library.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Its policy has no room for a run, or what the run says can't be searched for personal data and so not be shown.
    #[error("look at the run with `casemate debug`: {0}")]
    Refused(Refusal),
    /// It takes longer than it may here.
    #[error("allow the replay more time with --limit: it has not ended after {} s", .0.as_secs())]
    TooLong(Duration),
    /// The run may hold more memory than a replay here.
    #[error("allow the replay more memory with --memory: under its policy the run may hold {needed} bytes, of {limit}")]
    Memory {
        /// How much it may hold.
        needed: u64,
        /// How much it may here.
        limit: u64,
    },
    /// A part of it ended.
    #[error("run the replay again: it was cut off")]
    Interrupted,
}

impl ReplayError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Evidence(error) => error.code(),
            Self::Component(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Scratch(_) => "data-scratch",
            Self::Keys(error) => error.code(),
            Self::Refused(_) => "replay-refused",
            Self::TooLong(_) => "replay-too-long",
            Self::Memory { .. } => "replay-memory",
            Self::Interrupted => "replay-interrupted",
        }
    }
}

impl From<Refusal> for ReplayError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
