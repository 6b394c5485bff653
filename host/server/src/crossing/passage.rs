//! One run's way through the crossing: who it is, what it may do, what it has left, where its records go, and the
//! call that is under way. It doesn't know which tools exist.

use std::sync::Arc;
use std::time::Instant;

use casemate_abi::Code;
use casemate_gate::audit::{self, Durable, Permit};
use casemate_gate::budget::{Meter, Resource};
use casemate_gate::call::Level;
use casemate_gate::identity::Identity;
use casemate_gate::pii::Guard;
use casemate_gate::policy::{Grants, Tenure};
use casemate_gate::vault::Vault;
use casemate_gate::{Call, Effect, Operation, Refusal, Reply, Request, Seq, TenantId};
use casemate_keys::MacKey;
use casemate_pii::{ChannelRules, Finding};

use super::approval::{Askable, Asking};
use super::event::Crossed;
use super::exchange::Transcription;
use super::frame::{Answered, Frame, Refused, Stamp, canonical};
use super::keeping::Keeping;
use super::recorder::{Recorder, Told};
use super::replay::{Recorded, Recording};
use super::witness::{Divergence, Witness};
use super::{Crossing, Lender};
use crate::lease::Grip;
use crate::tools::{Answer, Instruments, PendingEffect};

/// What a request comes to.
#[derive(Debug)]
pub enum Way {
    /// The guest goes on with this answer.
    Answer(Result<Reply, Refusal>),
    /// The run gives up its memory until a time, in milliseconds since 1970-01-01T00:00:00Z.
    Park {
        /// Until when.
        until_ms: u64,
        /// What it asks a person meanwhile, if it does: the answer wakes it earlier.
        asking: Option<Asking>,
    },
    /// The run ends by this refusal.
    Stop(Refusal),
}

/// What dispatch settles before a run begins.
pub struct Setup {
    /// Shared by all runs.
    pub crossing: Arc<Crossing>,
    /// Who the run is.
    pub identity: Identity,
    /// What it may do.
    pub grants: Arc<Grants>,
    /// The policy that it began with, and the one that holds now.
    pub tenure: Tenure,
    /// How personal data is handled.
    pub rules: ChannelRules,
    /// What it may use.
    pub meter: Arc<Meter>,
    /// Its tokens.
    pub vault: Vault,
    /// Clock and randomness of its own.
    pub instruments: Instruments,
    /// Where its records go.
    pub recorder: Recorder,
    /// What was recorded of it before.
    pub recording: Recording,
    /// Whether its calls can wait for an approval, and what became of one.
    pub askable: Askable,
    /// Keys the digests of its requests.
    pub digest_key: MacKey,
    /// Bytes of its input, which the host holds as long as it runs.
    pub input_bytes: u64,
    /// Where its calls are written down for people, if anybody wants them.
    pub transcription: Option<Transcription>,
    /// Whether the run is still this host's.
    pub grip: Grip,
    /// Who lends it more of its budget; none where it has all of it.
    pub lender: Option<Arc<dyn Lender>>,
}

/// The call that is under way.
pub(super) struct Current {
    pub(super) seq: Seq,
    pub(super) operation: Operation,
    pub(super) asked: [u8; 32],
    pub(super) fuel_used: u64,
    /// Of it, since the call before.
    pub(super) fuel: u64,
    /// Bytes of the line that it logs, as the guest made it: what its budget is charged.
    pub(super) logs: u64,
    begun: Instant,
}

/// One run's way through the crossing.
pub struct Passage {
    pub(super) crossing: Arc<Crossing>,
    pub(super) identity: Identity,
    pub(super) grants: Arc<Grants>,
    pub(super) tenure: Tenure,
    pub(super) meter: Arc<Meter>,
    pub(super) vault: Vault,
    pub(super) instruments: Instruments,
    pub(super) recorder: Recorder,
    pub(super) current: Current,
    /// The request without personal data, while a call without an effect is under way.
    pub(super) screened: Option<Request>,
    pub(super) rules: ChannelRules,
    pub(super) recording: Recording,
    pub(super) recorded: Option<Recorded>,
    pub(super) askable: Askable,
    /// Whether the call under way was made before, and waited for an approval.
    pub(super) is_again: bool,
    pub(super) digest_key: MacKey,
    /// Who looks on while a run is only repeated; then nothing is done that is not on record already.
    pub(super) witness: Option<Witness>,
    pub(super) transcription: Option<Transcription>,
    deadline: Instant,
    /// What the host holds for the run.
    pub(super) keeping: Keeping,
    /// Whether the last call was answered from the journal.
    pub(super) replaying: bool,
    grip: Grip,
    lender: Option<Arc<dyn Lender>>,
}

impl Passage {
    /// The passage of a run that begins, or begins again from what was recorded of it.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let current = Current {
            seq: Seq::default(),
            operation: Operation::ClockNow,
            asked: [0; 32],
            fuel_used: 0,
            fuel: 0,
            logs: 0,
            begun: Instant::now(),
        };
        let keeping = Keeping::new(&setup.meter, setup.input_bytes);
        Self {
            crossing: setup.crossing,
            identity: setup.identity,
            grants: setup.grants,
            tenure: setup.tenure,
            meter: setup.meter,
            vault: setup.vault,
            instruments: setup.instruments,
            recorder: setup.recorder,
            current,
            screened: None,
            rules: setup.rules,
            recording: setup.recording,
            recorded: None,
            askable: setup.askable,
            is_again: false,
            digest_key: setup.digest_key,
            witness: None,
            transcription: setup.transcription,
            deadline: Instant::now(),
            keeping,
            replaying: false,
            grip: setup.grip,
            lender: setup.lender,
        }
    }

    /// Whether somebody goes on with the run where this host can't.
    #[must_use]
    pub const fn is_returned(&self) -> bool {
        self.grip.is_returned()
    }

    /// That the run is still this host's: asked at each call, each time a guest gives way, and before an effect is committed.
    ///
    /// # Errors
    /// [`Code::RunFenced`].
    pub fn is_held(&self) -> Result<(), Refusal> {
        if self.grip.is_held() { Ok(()) } else { Err(lost()) }
    }

    /// Asks for more of what is nearly used up.
    pub(super) async fn top_up(&self) {
        if let Some(lender) = &self.lender {
            lender.top_up(&self.meter).await;
        }
    }

    /// Whether the run still does what it did before. A run that its neighbours crowd out meanwhile has not ended.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.replaying || !self.recording.is_empty()
    }

    /// Holds what stays between calls, and a reply of so many bytes until the next one.
    pub(super) fn keep(&mut self, reply: u64) -> Result<(), Refusal> {
        let waiting = self.recorder.riding().hosted();
        self.keeping.keep(self.vault.bytes(), waiting, reply)
    }

    /// The run's meter, which the sandbox charges for fuel and memory.
    #[must_use]
    pub const fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// What is due although the guest computes and calls nobody: whoever follows the run sees what waits to be put on
    /// record, and what was open for too long ends.
    pub fn tick(&mut self) {
        self.recorder.show();
        self.instruments.open.expire();
    }

    /// Ends what that call opened: the guest has dropped it.
    pub fn close(&mut self, opened: Seq) {
        self.instruments.open.close(opened);
    }

    /// Whose run it is.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.identity.origin().tenant
    }

    /// What the run may do.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The run's own clock and randomness, for what a guest may look at without a call.
    #[must_use]
    pub const fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    pub(super) fn guard(&mut self) -> Guard<'_> {
        Guard { sentinel: &self.crossing.sentinel, rules: &self.rules, vault: &mut self.vault }
    }

    /// Numbers the call. `None` when the journal has its answer.
    pub(super) fn begin(&mut self, request: Request, fuel_used: u64) -> Result<Option<Call>, Refusal> {
        self.is_held()?;
        let seq = self.current.seq.next();
        let bytes = canonical(&request)
            .map_err(|cause| Refusal::new(Code::ToolArgument, "the arguments are too large").with_internal(cause))?;
        let asked = self.digest_key.tag(&[&bytes]);
        let fuel = fuel_used.saturating_sub(self.current.fuel_used);
        let logs = if let Request::LogEmit { message, .. } = &request { message.len() as u64 } else { 0 };
        let operation = request.operation();
        self.current = Current { seq, operation, asked, fuel_used, fuel, logs, begun: Instant::now() };
        self.instruments.fuel_used = fuel_used;
        self.screened = None;
        self.recorded = match self.recording.take(seq, &asked, fuel_used) {
            Ok(recorded) => recorded,
            Err(differs) => {
                let refusal = Refusal::from(&differs);
                if let Some(witness) = &self.witness {
                    witness.saw(Divergence::of(differs, request));
                }
                return Err(refusal);
            }
        };
        self.replaying = self.recorded.is_some();
        self.asks_again();
        // The guest has its last reply. What has no room any more stays held as it was, and the next call is refused.
        let _no_room = self.keep(0);
        if let Some(refusal) = self.keeping.crowded_out() {
            return Err(refusal);
        }
        if self.recorded.is_some() { Ok(None) } else { Ok(Some(Call { seq, request })) }
    }

    /// Runs the tool, for as long as the run has time left. What it prepared and didn't return is rolled back.
    pub(super) async fn run_tool(&mut self, permit: &Permit) -> Result<Answer, Refusal> {
        let ran = self.crossing.tools.run(permit, &mut self.instruments);
        match tokio::time::timeout_at(self.deadline.into(), ran).await {
            Ok(answer) => answer,
            Err(_) => {
                let limit = self.meter.run_limit(Resource::WallClock);
                let message = format!(
                    "the run's budget `wall-clock` is used up: its time of {limit} ms ended during this call; raise \
                     `budget.run.wall-clock` in the policy"
                );
                Err(Refusal::new(Code::BudgetWallClock, message))
            }
        }
    }

    /// Until when the run may go on. What is on record is never cut off by it, only guests and tools are.
    pub const fn must_end_by(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Records a refusal and answers with it; stops the run where the refusal says so.
    pub(super) async fn refuse(&mut self, refusal: Refusal) -> Way {
        if refusal.code() == Code::AuditUnavailable || refusal.code() == Code::RunFenced {
            return Way::Stop(refusal); // nothing can be recorded, so nothing more may happen
        }
        if let Some(refusal) = self.keeping.crowded_out() {
            return Way::Stop(refusal); // not the call's fault: it is made again if the run goes on
        }
        if let Some(internal) = refusal.internal() {
            let (run, seq) = (self.identity.origin().run, self.current.seq);
            tracing::info!(%run, call = %seq, %refusal, internal, "a call was refused");
        }
        let too_often = self.meter.denied().err();
        let ends = refusal.ends_run();
        match self.record(Err(refusal), Vec::new(), None).await {
            Way::Answer(Err(refusal)) if ends => Way::Stop(refusal),
            way @ Way::Stop(_) => way,
            way => too_often.map_or(way, Way::Stop),
        }
    }

    /// What stops a run that is given back, where its call met an outage of the database: the call is made again where there is
    /// one, and the agent hears of nothing.
    fn outage(&self, refused: Option<&Refusal>) -> Option<Refusal> {
        let met = refused.filter(|refused| refused.code() == Code::RowsUnavailable && self.is_returned())?;
        let stopped = Refusal::new(Code::AuditUnavailable, "the database can't be reached");
        Some(stopped.with_internal(met.internal().unwrap_or_default()))
    }

    /// Puts the waiting on record, durably, and gives the run up.
    pub(super) async fn park(&mut self, until_ms: u64) -> Way {
        let stamp = self.stamp();
        let frame = Frame::Wait { stamp, asked: self.current.asked, until_ms };
        match self.recorder.wait(frame, &self.current, stamp).await {
            Ok(()) => Way::Park { until_ms, asking: None },
            Err(refusal) => Way::Stop(refusal),
        }
    }

    /// Ends the call: settles the budget, commits the effect together with its outcome, answers the guest.
    pub(super) async fn conclude(
        &mut self,
        permit: Permit,
        redacted: Result<(Reply, Vec<Finding>), Refusal>,
        effect: Option<PendingEffect>,
    ) -> Way {
        let logged = match permit.request() {
            Request::LogEmit { level, message } => Some((*level, message.clone())),
            _ => None,
        };
        let has_intent = permit.request().operation().effect() == Effect::Transactional;
        // The reply is held until the guest has it; without room for it the effect doesn't happen either.
        let redacted = redacted.and_then(|(reply, found)| self.keep(reply.hosted()).map(|()| (reply, found)));
        if let Some(refusal) = self.keeping.crowded_out().or_else(|| self.outage(redacted.as_ref().err())) {
            return Way::Stop(refusal);
        }
        let durable = match &effect {
            Some(_) => match self.recorder.durable(&permit).await {
                Ok(durable) => Some(durable),
                Err(refusal) => return Way::Stop(refusal),
            },
            None => None,
        };
        if durable.is_some()
            && let Err(refusal) = self.is_held()
        {
            return Way::Stop(refusal);
        }
        let (mut findings, settled) = audit::conclude(permit, redacted.as_ref().ok().map(|(reply, _)| reply));
        let result = redacted.and_then(|(reply, found)| {
            findings.extend(found);
            settled.map(|()| reply)
        });
        let refused = result.as_ref().err().cloned();
        let way = if has_intent {
            let effect = if refused.is_some() { None } else { effect.zip(durable) };
            self.record_outcome(result, findings, effect).await
        } else {
            self.record(result, findings, logged).await
        };
        match refused {
            Some(refusal) if refusal.ends_run() => Way::Stop(refusal),
            Some(_) => match self.meter.denied() {
                Ok(()) => way,
                Err(stop) => Way::Stop(stop),
            },
            None => way,
        }
    }

    /// Records a call without an effect, or a refused one; the record rides with the next durable one.
    pub(super) async fn record(
        &mut self,
        result: Result<Reply, Refusal>,
        findings: Vec<Finding>,
        logged: Option<(Level, String)>,
    ) -> Way {
        let stamp = self.stamp();
        let frame = Frame::Call {
            stamp,
            asked: self.current.asked,
            request: self.screened.take(),
            result: recorded(&result),
            vault: self.vault.take_fresh(),
        };
        let told = Told { crossed: self.crossed(&result, findings), logged };
        match self.recorder.ride(frame, &self.current, stamp, told).await {
            Ok(()) => Way::Answer(result),
            Err(refusal) => Way::Stop(refusal),
        }
    }

    async fn record_outcome(
        &mut self,
        result: Result<Reply, Refusal>,
        findings: Vec<Finding>,
        effect: Option<(PendingEffect, Durable)>,
    ) -> Way {
        let stamp = self.stamp();
        let frame = Frame::Outcome { stamp, result: recorded(&result), vault: self.vault.take_fresh() };
        let told = Told { crossed: self.crossed(&result, findings), logged: None };
        match self.recorder.outcome(frame, &self.current, stamp, told, effect).await {
            Ok(()) => Way::Answer(result),
            Err(refusal) => Way::Stop(refusal),
        }
    }

    pub(super) fn stamp(&mut self) -> Stamp {
        let stamp = Stamp { time_ms: self.instruments.clock.stamp(), fuel_used: self.current.fuel_used };
        self.instruments.clock.record(stamp.time_ms, stamp.fuel_used);
        stamp
    }

    fn crossed(&self, result: &Result<Reply, Refusal>, findings: Vec<Finding>) -> Crossed {
        Crossed {
            seq: self.current.seq,
            operation: self.current.operation,
            refusal: result.as_ref().err().cloned(),
            findings,
            remaining: self.meter.remaining(),
            fuel: self.current.fuel,
            index: 0,
            elapsed: self.current.begun.elapsed(),
        }
    }
}

/// Of a run that may be another host's by now: nothing more of it may come to be here.
#[must_use]
pub fn lost() -> Refusal {
    Refusal::new(Code::RunFenced, "the run is not this host's any more")
}

/// The answer as the journal keeps it.
fn recorded(result: &Result<Reply, Refusal>) -> Answered {
    result.clone().map_err(|refusal| Refused::from(&refusal))
}
