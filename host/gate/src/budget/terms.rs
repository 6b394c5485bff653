//! What a policy says about budgets, as a run carries it: limits of the run, of its agent and of its tenant. It doesn't
//! know how they are written in a file.

use super::resource::{Caps, Limits, PerSpan};

/// The budgets of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Limits of one run.
    pub run: Limits,
    /// Limits of what the runs of one agent of a tenant use together.
    pub agent: PerSpan<Caps>,
    /// Limits of what all runs of a tenant use together.
    pub tenant: PerSpan<Caps>,
    /// Refusals after which a run is stopped.
    pub denials: u64,
}
