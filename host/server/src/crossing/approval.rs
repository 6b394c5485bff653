//! A call that waits for a person's word: what it asks is put on record before the run gives up its memory, and what was said
//! is held against the call when the run makes it again. It doesn't know who is asked, nor how the answer comes.

use casemate_abi::Code;
use casemate_gate::approval::{self, Answer, Approved, Leave};
use casemate_gate::journal::RowKind;
use casemate_gate::rls::Scoped;
use casemate_gate::{Call, Digest, Operation, Refusal, Request, RunId, Seq};
use casemate_keys::MacKey;
use uuid::Uuid;

use super::frame::{Frame, canonical};
use super::passage::{Passage, Way};
use super::replay::Recorded;

/// Label of the key of digests that approvals are bound to.
const APPROVAL: &[u8] = b"approval";

/// A question for which a run waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// The approval's id.
    pub approval: Uuid,
    /// Which call asks.
    pub seq: Seq,
    /// Its operation.
    pub operation: Operation,
    /// Keyed digest of what is asked: arguments without personal data, operation, policy, tenant, run and call.
    pub bound: [u8; 32],
    /// Until when it is waited for, in milliseconds since 1970-01-01T00:00:00Z.
    pub until_ms: u64,
}

/// Whether a run's calls can wait for an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Askable {
    /// Somebody can be asked, and this became of the question that is on record, if there is one.
    Yes(Option<Answer>),
    /// Nobody else would see the question: its records are in this process.
    No,
    /// Nothing of the run is real, so nobody has to be asked.
    Rehearsed,
}

/// The question that a run waits with, by its records.
#[must_use]
pub fn question(frames: &[(Seq, RowKind, Frame)]) -> Option<Asking> {
    let (seq, asking) = frames.iter().rev().find_map(|(seq, _, frame)| match frame {
        Frame::Asked { request, approval, until_ms, bound, .. } => {
            let operation = request.operation();
            Some((*seq, Asking { approval: *approval, seq: *seq, operation, bound: *bound, until_ms: *until_ms }))
        }
        _ => None,
    })?;
    is_unanswered(frames, seq).then_some(asking)
}

/// Whether a call that asked was neither answered since, nor let through to a wait of its own.
pub(super) fn is_unanswered(frames: &[(Seq, RowKind, Frame)], seq: Seq) -> bool {
    let later = |frame: &Frame| matches!(frame, Frame::Call { .. } | Frame::Outcome { .. } | Frame::Wait { .. });
    !frames.iter().any(|(of, _, frame)| *of == seq && later(frame))
}

/// The id of the approval for which a call of a run waits: the same however often it is asked.
#[must_use]
pub(super) fn approval_of(run: RunId, seq: Seq) -> Uuid {
    let digest = Digest::of(format!("casemate-approval-v1|{run}|{seq}").as_bytes());
    let (id, _) = digest.as_bytes().split_first_chunk::<16>().map_or(([0; 16], &[][..]), |(id, rest)| (*id, rest));
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

impl Passage {
    /// The call waited for an approval, and something became of that: the run makes it again.
    pub(super) fn asks_again(&mut self) -> bool {
        let answered = matches!(self.askable, Askable::Yes(Some(_))) && self.witness.is_none();
        if answered && matches!(self.recorded, Some(Recorded::Asked { .. })) {
            self.recorded = None;
            self.is_again = true;
            self.replaying = false;
        }
        self.is_again
    }

    /// Lets a call go on for which nobody has to be asked, or was.
    pub(super) fn approve(&mut self, call: Scoped) -> Result<Leave, Refusal> {
        let answer = match self.askable {
            Askable::Rehearsed => Some(Answer::Rehearsed),
            Askable::Yes(answer) if self.is_again => {
                self.askable = Askable::Yes(None);
                answer
            }
            Askable::Yes(_) | Askable::No => None,
        };
        self.is_again = false;
        let (origin, key, now_ms) = (self.identity.origin(), &self.digest_key, self.instruments.clock.stamp());
        let (tenant, run) = (origin.tenant, origin.run);
        let bind = |call: &Call, policy: Digest| {
            let place = [tenant.as_uuid().as_bytes().as_slice(), run.as_uuid().as_bytes(), policy.as_bytes()].concat();
            bound(key, call, &place)
        };
        approval::approve(call, (&self.grants, &mut self.tenure), now_ms, answer, bind)
    }

    /// Performs the call, or puts its question on record and gives the run up.
    pub(super) async fn go_on(&mut self, leave: Leave) -> Result<Approved, Way> {
        let (request, within, bound) = match leave {
            Leave::Given(call) => return Ok(call),
            Leave::Ask { request, within, bound } => (request, within, bound),
        };
        if self.askable == Askable::No {
            let name = request.operation().name();
            let words = format!("the approval of `{name}` can't be waited for: the host keeps this run in memory");
            return Err(self.refuse(Refusal::new(Code::ApprovalImpossible, words)).await);
        }
        let (stamp, seq, operation) = (self.stamp(), self.current.seq, request.operation());
        let until_ms = stamp.time_ms.saturating_add(u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
        let approval = approval_of(self.identity.origin().run, seq);
        let frame = Frame::Asked { stamp, asked: self.current.asked, request, approval, until_ms, bound };
        Err(match self.recorder.wait(frame, &self.current, stamp).await {
            Ok(()) => Way::Park { until_ms, asking: Some(Asking { approval, seq, operation, bound, until_ms }) },
            Err(refusal) => Way::Stop(refusal),
        })
    }

    /// The run waits on with the question that is on record.
    pub(super) const fn asks_still(&self, asking: Asking) -> Way {
        Way::Park { until_ms: asking.until_ms, asking: Some(asking) }
    }
}

/// What an approval is bound to. Everything has a fixed length but the arguments, which stand last.
fn bound(key: &MacKey, call: &Call, place: &[u8]) -> Result<[u8; 32], Refusal> {
    let Call { seq, request }: &Call = call;
    let arguments = canonical(request)
        .map_err(|cause| Refusal::new(Code::ToolArgument, "the arguments are too large").with_internal(cause))?;
    let key = key.derive(&[APPROVAL]).map_err(|cause| {
        Refusal::new(Code::AuditUnavailable, "the call's question could not be put on record").with_internal(cause)
    })?;
    let operation = request.operation().number().to_be_bytes();
    Ok(key.tag(&[place, &seq.get().to_be_bytes(), &operation, &arguments]))
}

/// What a question that was asked is about, for whoever shows it.
#[must_use]
pub fn asked_for(frames: &[(Seq, RowKind, Frame)], approval: Uuid) -> Option<(Asking, &Request)> {
    frames.iter().find_map(|(seq, _, frame)| match frame {
        Frame::Asked { request, approval: id, until_ms, bound, .. } if *id == approval => {
            let operation = request.operation();
            Some((Asking { approval, seq: *seq, operation, bound: *bound, until_ms: *until_ms }, request))
        }
        _ => None,
    })
}
