//! What the host holds for a run on its way through the crossing, charged as the run's memory: between calls its input,
//! its tokens, records that wait and the last reply; during a call its arguments. It doesn't know what is in them.

use std::sync::Arc;

use casemate_gate::Refusal;
use casemate_gate::budget::{Hosted, Meter, Unhosted};

/// The arguments as the guest made them, and as they were screened.
const COPIES: u64 = 2;

/// What the host holds for one run.
#[derive(Debug)]
pub(super) struct Keeping {
    input: u64,
    kept: Hosted,
    arguments: Hosted,
    crowded_out: Option<Refusal>,
}

impl Keeping {
    /// Nothing yet, for a run with an input of so many bytes.
    pub(super) fn new(meter: &Arc<Meter>, input: u64) -> Self {
        let nothing = || Hosted::nothing(Arc::clone(meter));
        Self { input, kept: nothing(), arguments: nothing(), crowded_out: None }
    }

    /// Holds the arguments of a call, until they are let go.
    pub(super) fn arguments(&mut self, bytes: u64) -> Result<(), Refusal> {
        let held = self.arguments.resize(bytes.saturating_mul(COPIES));
        held.map_err(|unhosted| self.refusal(unhosted))
    }

    /// The call is over: its arguments are gone.
    pub(super) fn let_go(&mut self) {
        self.arguments.clear();
    }

    /// Holds what stays between calls: bytes of tokens, of records that wait, and of the reply until the next call.
    pub(super) fn keep(&mut self, tokens: u64, waiting: u64, reply: u64) -> Result<(), Refusal> {
        let bytes = [self.input, tokens, waiting, reply].into_iter().fold(0, u64::saturating_add);
        let held = self.kept.resize(bytes);
        held.map_err(|unhosted| self.refusal(unhosted))
    }

    /// Why the run must end, if a cap that is not its own has left no room.
    pub(super) const fn crowded_out(&mut self) -> Option<Refusal> {
        self.crowded_out.take()
    }

    fn refusal(&mut self, unhosted: Unhosted) -> Refusal {
        match unhosted {
            Unhosted::Own(refusal) => refusal,
            Unhosted::Shared(refusal) => {
                self.crowded_out = Some(refusal.clone());
                refusal
            }
        }
    }
}
