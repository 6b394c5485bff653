//! Who looks on while a run is repeated only to see whether it does what is on record: each call that the recording answers
//! is counted, and shown where somebody steps through them; the first that it can't answer ends the run before any gate. It
//! doesn't know what is made of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casemate_abi::Code;
use casemate_gate::budget::Resource;
use casemate_gate::{Operation, Refusal, Reply, Request, Seq};
use tokio::sync::{mpsc, oneshot};

use super::passage::{Passage, Way};
use super::replay::{Difference, Differs, Recorded};

/// Calls of a run that is stepped through. One waits at a time.
pub type Steps = mpsc::Sender<Step>;

/// A call that the recording is about to answer. The run waits until it is told to go on, and ends when this is dropped.
#[derive(Debug)]
pub struct Step {
    /// Ordinal within the run.
    pub seq: Seq,
    /// What the guest asks for, as it does now.
    pub request: Request,
    /// What it will be answered; none where the recording has the run wait for ever.
    pub answer: Option<Result<Reply, Refusal>>,
    /// Fuel burned until then.
    pub fuel_used: u64,
    /// Of it, since the call before.
    pub fuel: u64,
    /// Bytes of memory that the run holds, what the host holds for it included.
    pub memory: u64,
    /// Lets the run go on.
    pub go: oneshot::Sender<()>,
}

/// The first call at which a run does something else than is on record.
#[derive(Debug, Clone, PartialEq)]
pub enum Divergence {
    /// It asks for something else.
    Arguments {
        /// Which call.
        seq: Seq,
        /// What was asked for, without personal data; none where the call was refused before that was known.
        then: Option<Request>,
        /// What is asked for now.
        now: Request,
    },
    /// It asks for the same, and burned other fuel on its way there.
    Fuel {
        /// Which call.
        seq: Seq,
        /// What is asked for.
        operation: Operation,
        /// Fuel burned until then, as it was recorded.
        then: u64,
        /// And now.
        now: u64,
    },
    /// It makes a call that isn't on record.
    Extra {
        /// Which call.
        seq: Seq,
        /// What is asked for.
        now: Request,
        /// Fuel burned until then.
        fuel_used: u64,
    },
    /// The recorded random bytes are not those that the run's seed gives.
    Randomness {
        /// Which call.
        seq: Seq,
    },
}

impl Divergence {
    pub(super) fn of(Differs { seq, recorded, what }: Differs, now: Request) -> Self {
        match what {
            Difference::Arguments => Self::Arguments { seq, then: recorded, now },
            Difference::Fuel { before, now: fuel } => {
                Self::Fuel { seq, operation: now.operation(), then: before, now: fuel }
            }
        }
    }

    /// At which call.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        match self {
            Self::Arguments { seq, .. }
            | Self::Fuel { seq, .. }
            | Self::Extra { seq, .. }
            | Self::Randomness { seq } => *seq,
        }
    }
}

/// Looks on.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    // Held for one note at a time.
    seen: Arc<Mutex<Seen>>,
    steps: Option<Steps>,
    until: Option<u64>,
}

/// What it saw.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Calls that were what they were.
    pub calls: u64,
    /// The first that was not.
    pub divergence: Option<Divergence>,
}

impl Witness {
    /// The same, showing each call to somebody who says when to go on.
    #[must_use]
    pub fn showing(self, steps: Option<Steps>) -> Self {
        Self { steps, ..self }
    }

    /// The same for a run that its host stopped when it had burned so much fuel: it is stopped there again.
    #[must_use]
    pub fn until(self, fuel: Option<u64>) -> Self {
        Self { until: fuel, ..self }
    }

    /// What it saw so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    pub(super) fn saw(&self, divergence: Divergence) {
        self.lock().divergence.get_or_insert(divergence);
    }

    fn count(&self) {
        let mut seen = self.lock();
        seen.calls = seen.calls.saturating_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passage {
    /// The same for a run that is only repeated: no gate, no tool, no record.
    #[must_use]
    pub fn before(mut self, witness: Witness) -> Self {
        self.witness = Some(witness);
        self
    }

    /// At how much fuel the run is stopped, if not at what its budget has.
    #[must_use]
    pub fn stops_at(&self) -> Option<u64> {
        self.witness.as_ref().and_then(|witness| witness.until)
    }

    /// The next call that was recorded and that the run has not made.
    #[must_use]
    pub fn unmade(&self) -> Option<(Seq, Option<&Request>)> {
        self.recording.next()
    }

    /// The run makes a call that isn't on record: it ends before any gate.
    pub(super) fn not_on_record(&self, witness: &Witness, now: Request) -> Way {
        let Self { current, .. } = self;
        witness.saw(Divergence::Extra { seq: current.seq, now, fuel_used: current.fuel_used });
        Way::Stop(Refusal::new(Code::RunDiverged, format!("call {} is not on record", current.seq)))
    }

    /// Counts a call that the recording answers, and shows it.
    pub(super) async fn witnessed(&mut self, request: Option<Box<Request>>) -> Result<(), Refusal> {
        let (Some(witness), Some(request)) = (&self.witness, request) else { return Ok(()) };
        witness.count();
        let Some(steps) = &witness.steps else { return Ok(()) };
        let answer = match &self.recorded {
            Some(Recorded::Answer { result, .. }) => Some(result.clone().map_err(Refusal::from)),
            Some(Recorded::Waiting { .. } | Recorded::Asked { .. }) | None => None,
        };
        let (go, gone) = oneshot::channel();
        let (seq, fuel_used, fuel) = (self.current.seq, self.current.fuel_used, self.current.fuel);
        let memory = self.meter.used(Resource::Memory);
        let shown = steps.send(Step { seq, request: *request, answer, fuel_used, fuel, memory, go }).await;
        let left = || Refusal::new(Code::RunDiverged, "nobody looks on any more");
        shown.map_err(|_| left())?;
        gone.await.map_err(|_| left())
    }
}
