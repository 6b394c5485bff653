//! What was recorded of a run before, in order: a run that begins again is answered from here until the end of it. It
//! checks that the run asks what it asked before. It doesn't know where the rows were kept.

use std::collections::{BTreeMap, VecDeque};

use casemate_abi::Code;
use casemate_gate::journal::RowKind;
use casemate_gate::vault::VaultRecord;
use casemate_gate::{Refusal, Reply, Request, Seq};

use super::frame::{Frame, Stamp};

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
}

/// One call as it was recorded.
struct Step {
    asked: [u8; 32],
    fuel_used: Option<u64>,
    recorded: Recorded,
}

/// The calls of a run that have an answer on record.
#[derive(Default)]
pub struct Recording {
    steps: VecDeque<(Seq, Step)>,
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
                    let recorded = Recorded::Waiting { until_ms };
                    steps.entry(seq).or_insert(Step { asked, fuel_used: Some(stamp.fuel_used), recorded });
                }
                Frame::Start(_) | Frame::End { .. } => {}
            }
        }
        Self { steps: steps.into_iter().collect() }
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
    /// [`Code::RunDiverged`] when the run asks something else than it asked before, or burned other fuel until then.
    pub(super) fn take(&mut self, seq: Seq, asked: &[u8; 32], fuel_used: u64) -> Result<Option<Recorded>, Refusal> {
        match self.steps.front() {
            Some((next, _)) if *next == seq => {}
            _ => return Ok(None),
        }
        let Some((_, step)) = self.steps.pop_front() else { return Ok(None) };
        let differs = |what: &str| {
            Refusal::new(Code::RunDiverged, format!("call {seq} is not what it was when the run first made it: {what}"))
        };
        if step.asked != *asked {
            return Err(differs("its arguments differ"));
        }
        if step.fuel_used.is_some_and(|before| before != fuel_used) {
            return Err(differs("the fuel burned before it differs"));
        }
        Ok(Some(step.recorded))
    }
}
