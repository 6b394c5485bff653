//! Whether a run that was repeated did what is on record; if not, the first thing in which it differs. What the host or the
//! machine decided, and not the guest, is told apart: a run that its clock stopped is the same up to there, and at which
//! depth a stack ends is the compiler's choice. It doesn't know how a run is repeated.

use casemate_abi::Code;
use casemate_gate::budget::is_crowded_out;
use casemate_gate::{Operation, Refusal, Request, Seq};

use super::ReplayError;
use crate::crossing::frame::{End, Refused};
use crate::crossing::{Divergence, Passage, Seen};
use crate::dispatch::evidence::Evidence;
use crate::sandbox::{Other, Outcome, is_stack_exhausted, trap_of};

/// What a replay came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Calls, arguments, fuel and output are what they were.
    Identical,
    /// The host stopped the run; up to there it is identical.
    Stopped {
        /// By what.
        by: Refusal,
    },
    /// The run's stack was exhausted, then or now, under settings of which that depends; up to there it is identical.
    Environment {
        /// Where the replay ended.
        seq: Seq,
    },
    /// It did something else.
    Diverged(Box<Difference>),
}

/// The first thing in which a run differs.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// A call.
    Call(Divergence),
    /// A call that is on record is not made.
    Missing {
        /// Which.
        seq: Seq,
        /// What was asked for, where that is on record.
        then: Option<Request>,
        /// The operation, where the log has it.
        operation: Option<Operation>,
        /// How the run ended instead.
        ended: Result<String, Refusal>,
    },
    /// Its output.
    End {
        /// As it is on record, without personal data.
        then: Result<String, Refusal>,
        /// As it is now.
        now: Result<String, Refusal>,
    },
    /// The same output, and other fuel on the way there.
    TotalFuel {
        /// As it is on record.
        then: u64,
        /// As it is now.
        now: u64,
    },
}

/// What is on record, and under which settings it is repeated.
pub(super) struct Case<'e> {
    evidence: &'e Evidence,
    end: End<'e>,
    other_version: bool,
    other_settings: bool,
}

/// What happened now.
pub(super) struct Now {
    pub(super) outcome: Outcome,
    pub(super) seen: Seen,
    pub(super) fuel_used: u64,
    pub(super) begun: bool,
    pub(super) has_calls: bool,
}

impl<'e> Case<'e> {
    pub(super) fn new(evidence: &'e Evidence, others: &[Other]) -> Result<Self, ReplayError> {
        let other_version = others.iter().any(Other::is_version);
        Ok(Self { evidence, end: evidence.end()?, other_version, other_settings: !others.is_empty() })
    }

    /// Whether fuel is counted otherwise than it was.
    pub(super) const fn other_version(&self) -> bool {
        self.other_version
    }

    /// Whether it was the host that stopped the run, and not what the run did.
    pub(super) fn stopped(&self) -> bool {
        self.stop().is_some()
    }

    fn stop(&self) -> Option<Refusal> {
        let refusal = recorded(self.end.result).err()?;
        let by_host = matches!(
            refusal.code(),
            Code::BudgetWallClock
                | Code::RunCancelled
                | Code::RunDeadline
                | Code::RunGivenUp
                | Code::ComponentRefused
                | Code::PolicyRefused
        );
        (by_host || is_crowded_out(&refusal)).then_some(refusal)
    }

    pub(super) fn judge(&self, passage: &Passage, now: Now) -> Result<Verdict, ReplayError> {
        let Now { outcome, seen, fuel_used, begun, has_calls } = now;
        let next = Seq::new(seen.calls).next();
        if let Some(divergence) = seen.divergence {
            // A run that was stopped is repeated up to the fuel at which it was; a call at its very end was never answered.
            let at_the_stop = match &divergence {
                Divergence::Extra { fuel_used, .. } => *fuel_used >= self.end.stamp.fuel_used || !has_calls,
                _ => false,
            };
            return Ok(match self.stop() {
                Some(by) if at_the_stop => Verdict::Stopped { by },
                _ => diverged(Difference::Call(divergence)),
            });
        }
        let result = match outcome {
            Outcome::Finished(result) => result,
            // It was ended by the host while it waited.
            Outcome::Parked { .. } if let Some(by) = self.stop() => return Ok(Verdict::Stopped { by }),
            // It waits where it is on record to have ended.
            Outcome::Parked { .. } => Err(Refusal::new(Code::RunDiverged, "the run waits")),
        };
        let said = passage.said(&result)?;
        let ended = result.map(|document| document.to_string());
        let then = recorded(self.end.result).err();
        let stack = [then.as_ref(), ended.as_ref().err()];
        let by_the_stack = self.other_settings && stack.into_iter().flatten().any(is_stack_exhausted);
        if let Some((seq, then)) = passage.unmade() {
            if by_the_stack {
                return Ok(Verdict::Environment { seq });
            }
            let operation = then.map(Request::operation).or_else(|| self.operation_of(seq));
            return Ok(diverged(Difference::Missing { seq, then: then.cloned(), operation, ended }));
        }
        if self.is_same_end(&said, &ended) {
            let is_other_fuel = begun && !self.other_version && fuel_used != self.end.stamp.fuel_used;
            // The same words, at another depth.
            if is_other_fuel && by_the_stack {
                return Ok(Verdict::Environment { seq: next });
            }
            if is_other_fuel {
                return Ok(diverged(Difference::TotalFuel { then: self.end.stamp.fuel_used, now: fuel_used }));
            }
            return Ok(Verdict::Identical);
        }
        match self.stop() {
            // The fuel at which it was stopped is all that it had.
            Some(by) if is_out_of_fuel(&ended) => Ok(Verdict::Stopped { by }),
            _ if by_the_stack => Ok(Verdict::Environment { seq: next }),
            // Of another version, so much fuel may end it elsewhere.
            _ if self.other_version && (is_out_of_fuel(&ended) || is_out_of_fuel(&recorded(self.end.result))) => {
                Ok(Verdict::Environment { seq: next })
            }
            _ => Ok(diverged(Difference::End { then: recorded(self.end.result), now: ended })),
        }
    }

    /// Whether the run said what it said then. Under other settings the place of a trap may be another, and not which it is.
    fn is_same_end(&self, said: &[u8; 32], ended: &Result<String, Refusal>) -> bool {
        let then = recorded(self.end.result);
        let same = match self.end.said {
            Some(then) => then == said,
            // Of an older host: what is on record is without personal data, which the guest itself seldom has.
            None => match (&then, ended) {
                (Ok(then), Ok(now)) => then == now,
                (Err(then), Err(now)) => (then.code(), then.message()) == (now.code(), now.message()),
                _ => false,
            },
        };
        let own = |refusal: &&Refusal| !is_stack_exhausted(refusal);
        let trap = |end: &Result<String, Refusal>| end.as_ref().err().filter(own).and_then(trap_of).map(str::to_owned);
        same || (self.other_settings && trap(ended).is_some() && trap(ended) == trap(&then))
    }

    /// The operation of a call, as its entry in the log has it.
    fn operation_of(&self, seq: Seq) -> Option<Operation> {
        let mut entries = self.evidence.pieces.iter().filter(|piece| piece.seq == seq);
        entries.find_map(|piece| Operation::numbered(piece.entry.as_ref()?.leaf.tool))
    }
}

/// What the guest says now.
pub(super) enum Said {
    /// What it asks for.
    Request(Request),
    /// How it ends.
    End(Result<String, Refusal>),
}

impl Verdict {
    /// The same, with what the guest says now as it may be shown.
    pub(super) fn shown(self, show: &mut impl FnMut(Said) -> Result<Said, Refusal>) -> Result<Self, ReplayError> {
        let Self::Diverged(mut difference) = self else { return Ok(self) };
        match &mut *difference {
            Difference::Call(Divergence::Arguments { now, .. } | Divergence::Extra { now, .. }) => {
                if let Said::Request(shown) = show(Said::Request(now.clone()))? {
                    *now = shown;
                }
            }
            Difference::Missing { ended: now, .. } | Difference::End { now, .. } => {
                if let Said::End(shown) = show(Said::End(now.clone()))? {
                    *now = shown;
                }
            }
            Difference::Call(_) | Difference::TotalFuel { .. } => {}
        }
        Ok(Self::Diverged(difference))
    }
}

fn diverged(difference: Difference) -> Verdict {
    Verdict::Diverged(Box::new(difference))
}

/// The end that is on record.
fn recorded(result: &Result<String, Refused>) -> Result<String, Refusal> {
    result.clone().map_err(Refusal::from)
}

fn is_out_of_fuel(ended: &Result<String, Refusal>) -> bool {
    ended.as_ref().is_err_and(|refusal| refusal.code() == Code::BudgetFuel)
}
