//! What was recorded of a run before, in order: a run that begins again is answered from here until the end of it, and
//! one that is only repeated is answered from nowhere else. It checks that the run asks what it asked before. It doesn't
//! know where the rows were kept.

use std::collections::{BTreeMap, VecDeque};

use casemate_abi::Code;
use casemate_gate::budget::Resource;
use casemate_gate::journal::RowKind;
use casemate_gate::vault::VaultRecord;
use casemate_gate::{Effect, Refusal, Reply, Request, Seq};

use super::approval::Asking;
use super::event::What;
use super::frame::{Frame, Stamp};
use super::passage::{Passage, Way};
use super::riding::{charges, record_bytes};
use super::witness::Divergence;

/// The answer to a call that was recorded.
pub(super) enum Recorded {
    /// It was answered.
    Answer {
        stamp: Stamp,
        request: Option<Request>,
        result: Result<Reply, super::frame::Refused>,
        vault: Vec<VaultRecord>,
    },
    /// The run waits for a time.
    Waiting { until_ms: u64 },
    /// The run waits for a person's word.
    Asked { asking: Asking, request: Request },
}

/// One call as it was recorded.
struct Step {
    asked: [u8; 32],
    fuel_used: Option<u64>,
    recorded: Recorded,
}

/// How a call differs from the recorded one.
pub(super) struct Differs {
    pub(super) seq: Seq,
    /// The recorded request without personal data, where it came so far.
    pub(super) recorded: Option<Request>,
    pub(super) what: Difference,
}

/// In what it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// The request is another.
    Arguments,
    /// The run had burned other fuel by then.
    Fuel { before: u64, now: u64 },
}

impl From<&Differs> for Refusal {
    fn from(differs: &Differs) -> Self {
        let what = match differs.what {
            Difference::Arguments => "its arguments differ",
            Difference::Fuel { .. } => "the fuel burned before it differs",
        };
        let seq = differs.seq;
        Self::new(Code::RunDiverged, format!("call {seq} is not what it was when the run first made it: {what}"))
    }
}

/// The calls of a run that have an answer on record.
#[derive(Default)]
pub struct Recording {
    steps: VecDeque<(Seq, Step)>,
    whatever_fuel: bool,
}

impl Recording {
    /// Puts the frames of a run together. An intent without an outcome has no answer: its transaction was not
    /// committed, so the call is made again.
    #[must_use]
    pub fn of(frames: Vec<(Seq, RowKind, Frame)>) -> Self {
        let mut intents: BTreeMap<Seq, ([u8; 32], Request, Vec<VaultRecord>, u64)> = BTreeMap::new();
        let mut steps: BTreeMap<Seq, Step> = BTreeMap::new();
        for (seq, _, frame) in frames {
            match frame {
                Frame::Call { stamp, asked, request, result, vault } => {
                    let recorded = Recorded::Answer { stamp, request, result, vault };
                    steps.insert(seq, Step { asked, fuel_used: Some(stamp.fuel_used), recorded });
                }
                Frame::Intent { stamp, asked, request, vault } => {
                    intents.insert(seq, (asked, request, vault, stamp.fuel_used));
                }
                Frame::Outcome { stamp, result, vault } => {
                    if let Some((asked, request, mut before, fuel_used)) = intents.remove(&seq) {
                        before.extend(vault);
                        let recorded = Recorded::Answer { stamp, request: Some(request), result, vault: before };
                        steps.insert(seq, Step { asked, fuel_used: Some(fuel_used), recorded });
                    }
                }
                Frame::Wait { stamp, asked, until_ms } => {
                    let step =
                        Step { asked, fuel_used: Some(stamp.fuel_used), recorded: Recorded::Waiting { until_ms } };
                    // What was asked before was answered.
                    if !matches!(steps.get(&seq), Some(Step { recorded: Recorded::Answer { .. }, .. })) {
                        steps.insert(seq, step);
                    }
                }
                Frame::Asked { stamp, asked, request, approval, until_ms, bound } => {
                    let operation = request.operation();
                    let asking = Asking { approval, seq, operation, bound, until_ms };
                    let recorded = Recorded::Asked { asking, request };
                    steps.entry(seq).or_insert(Step { asked, fuel_used: Some(stamp.fuel_used), recorded });
                }
                Frame::Start(_) | Frame::End { .. } | Frame::Ended { .. } => {}
            }
        }
        Self { steps: steps.into_iter().collect(), whatever_fuel: false }
    }

    /// The same for an engine of another version, which counts fuel in another way: it is not compared.
    #[must_use]
    pub fn whatever_fuel(self) -> Self {
        Self { whatever_fuel: true, ..self }
    }

    /// The next call that was recorded, with its request where that came so far.
    #[must_use]
    pub fn next(&self) -> Option<(Seq, Option<&Request>)> {
        let (seq, step) = self.steps.front()?;
        Some((*seq, step.recorded.request()))
    }

    /// How many calls have an answer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The answer to the call with this number, if there is one.
    ///
    /// # Errors
    /// [`Differs`] when the run asks something else than it asked before, or burned other fuel until then.
    pub(super) fn take(&mut self, seq: Seq, asked: &[u8; 32], fuel_used: u64) -> Result<Option<Recorded>, Differs> {
        match self.steps.front() {
            Some((next, _)) if *next == seq => {}
            _ => return Ok(None),
        }
        let Some((_, step)) = self.steps.pop_front() else { return Ok(None) };
        let differs = |what| Differs { seq, recorded: step.recorded.request().cloned(), what };
        if step.asked != *asked {
            return Err(differs(Difference::Arguments));
        }
        if let Some(before) = step.fuel_used.filter(|before| *before != fuel_used && !self.whatever_fuel) {
            return Err(differs(Difference::Fuel { before, now: fuel_used }));
        }
        Ok(Some(step.recorded))
    }
}

impl Recorded {
    const fn request(&self) -> Option<&Request> {
        match self {
            Self::Answer { request, .. } => request.as_ref(),
            Self::Asked { request, .. } => Some(request),
            Self::Waiting { .. } => None,
        }
    }
}

impl Passage {
    /// Answers from the journal what was answered before: no gate, no tool, no new record.
    pub(super) async fn answer_from_journal(&mut self) -> Way {
        match self.recorded.take() {
            Some(Recorded::Answer { stamp, request, result, vault }) => {
                let intended = self.current.operation.effect() == Effect::Transactional && request.is_some();
                let bytes = match intended {
                    true => record_bytes(None, result.as_ref().ok(), &[]),
                    false => record_bytes(request.as_ref(), result.as_ref().ok(), &vault),
                };
                self.vault.restore(vault);
                self.instruments.clock.record(stamp.time_ms, stamp.fuel_used);
                // Drawn whenever the tool was reached, whatever became of its reply.
                if let Some(Request::RandomBytes { length }) = request {
                    let drawn = self.instruments.random_bytes(length);
                    if matches!(&result, Ok(Reply::Random(bytes)) if *bytes != drawn) {
                        if let Some(witness) = &self.witness {
                            witness.saw(Divergence::Randomness { seq: self.current.seq });
                        }
                        return Way::Stop(Refusal::new(Code::RunDiverged, "the run's randomness is not what it was"));
                    }
                }
                let (seq, operation) = (self.current.seq, self.current.operation);
                self.recorder.tell(What::Replayed { seq, operation });
                let committed = intended && result.is_ok();
                let way = self.replayed(request.as_ref(), result.map_err(Refusal::from));
                // As it waited, or was committed together with its effect, when it was first made.
                if committed {
                    self.recorder.riding().clear();
                } else {
                    self.recorder.riding().add(bytes);
                }
                way
            }
            Some(Recorded::Waiting { until_ms }) if self.instruments.clock.stamp() < until_ms => {
                Way::Park { until_ms, asking: None }
            }
            Some(Recorded::Asked { asking, .. }) => self.asks_still(asking),
            Some(Recorded::Waiting { .. }) => match self.replayed(None, Ok(Reply::Unit)) {
                // The attempt was charged when it was made; it is charged again like every call that is replayed.
                Way::Answer(answer) => self.record(answer, Vec::new(), None).await,
                stop => stop,
            },
            None => Way::Stop(self.recorder.inconsistent()),
        }
    }

    /// Charges the run's own account for a replayed call, so that its limits bite where they did before.
    fn replayed(&mut self, request: Option<&Request>, result: Result<Reply, Refusal>) -> Way {
        let mut amounts = charges(request, result.as_ref().map_err(Refusal::code));
        // As the guest made it, which a line with tokens in it may be longer than.
        amounts.log_bytes = if request.is_some() { self.current.logs } else { 0 };
        let charges = [Resource::Calls, Resource::ResultBytes, Resource::LogBytes];
        let charged = charges.into_iter().try_for_each(|resource| self.meter.replay(resource, *amounts.get(resource)));
        let charged = charged.and_then(|()| result.as_ref().map_or(Ok(()), |reply| self.keep(reply.hosted())));
        match (charged, result) {
            (Err(refusal), _) => Way::Stop(refusal),
            (Ok(()), Err(refusal)) if refusal.ends_run() => Way::Stop(refusal),
            (Ok(()), result) => {
                if result.is_err()
                    && let Err(refusal) = self.meter.denied()
                {
                    return Way::Stop(refusal);
                }
                Way::Answer(result)
            }
        }
    }
}
