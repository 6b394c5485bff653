//! The crossing: every effect that a guest has on the world passes through [`Passage::cross`], in this order. It
//! doesn't know wasm: it gets an owned request and gives an owned answer.

mod approval;
mod end;
pub mod event;
mod exchange;
pub mod frame;
mod keeping;
mod passage;
mod recorder;
mod replay;
mod riding;
mod witness;

pub use approval::{Askable, Asking, asked_for, question};
pub use end::{Bill, Ended};
pub use exchange::{Exchange, Transcription};
pub use passage::{Passage, Setup, Way, lost};
pub use recorder::{Place, Recorder, part};
pub use replay::Recording;
pub use riding::replayed;
pub use witness::{Divergence, Seen, Step, Steps, Witness};

use std::sync::Arc;

use casemate_gate::approval::Approved;
use casemate_gate::audit::{self, Intended};
use casemate_gate::budget::Meter;
use casemate_gate::journal::Journal;
use casemate_gate::rls::{self, Scoped};
use casemate_gate::{Call, Effect, Refusal, Request, budget, capability, identity, pii};
use casemate_ledger::Ledger;
use casemate_pii::Sentinel;
use futures_util::future::BoxFuture;

use crate::tools::{Answer, Tools};

/// Lends a run more of its budget, where hosts share it.
pub trait Lender: Send + Sync {
    /// Lends what the meter wants, as far as there is any.
    fn top_up<'a>(&'a self, meter: &'a Meter) -> BoxFuture<'a, ()>;
}

/// What all runs of this host share on their way to the world.
pub struct Crossing {
    /// What an auditor needs to believe it.
    pub ledger: Arc<Ledger>,
    /// What a run needs to go on.
    pub journal: Arc<dyn Journal>,
    /// The world.
    pub tools: Tools,
    /// Finds personal data.
    pub sentinel: Sentinel,
}

impl Passage {
    /// Takes one request across. `fuel_used` is what the run has burned so far.
    pub async fn cross(&mut self, request: Request, fuel_used: u64) -> Way {
        let asked = self.transcribed(&request);
        let way = self.go(request, fuel_used).await;
        self.transcribe(asked, &way);
        way
    }

    async fn go(&mut self, request: Request, fuel_used: u64) -> Way {
        let shown = self.witness.is_some().then(|| Box::new(request.clone()));
        let call = match self.begin(request, fuel_used) {
            // Of a run that is only repeated, everything is on record.
            Ok(Some(call)) if let Some(witness) = self.witness.clone() => {
                return self.not_on_record(&witness, call.request);
            }
            Ok(Some(call)) => call,
            Ok(None) => {
                return match self.witnessed(shown).await {
                    Ok(()) => self.answer_from_journal().await,
                    Err(refusal) => Way::Stop(refusal),
                };
            }
            Err(refusal) => return Way::Stop(refusal),
        };
        self.top_up().await; // what hosts share is lent in parts: the gates find what there is
        // Whether somebody has to say yes to the call as it is now; what it asks is on record before the run waits.
        let way = match self.admit(call).and_then(|call| self.approve(call)) {
            Ok(leave) => match self.go_on(leave).await {
                Ok(call) => self.perform(call).await,
                Err(way) => way,
            },
            Err(refusal) => self.refuse(refusal).await,
        };
        self.is_again = false;
        self.keeping.let_go(); // of the arguments, and of what was made of them
        way
    }

    /// The gates that are synchronous and do no I/O.
    fn admit(&mut self, call: Call) -> Result<Scoped, Refusal> {
        let hosted = call.request.hosted();
        let call = identity::identify(&self.identity, call)?; // who asks; first, so that a refusal has a name
        let call = match self.is_again {
            false => budget::attempt(call, &self.meter)?, // an attempt is charged before anything costs us
            true => budget::attempt_again(call, &self.meter)?, // and once, though it waited for an approval
        };
        self.keeping.arguments(hosted)?; // the host holds the arguments, and a screened copy of them
        let now_ms = self.instruments.clock.stamp();
        let call = capability::grant(call, &self.grants, &mut self.tenure, now_ms)?; // may they; deny by default
        let call = budget::reserve(call, &self.meter)?; // can they pay; released if it is dropped before `intend`
        let call = pii::screen(call, &mut self.guard())?; // what may leave the guest; last look at the arguments
        Ok(rls::scope(call, &self.identity)) // which rows exist for them
    }

    async fn perform(&mut self, call: Approved) -> Way {
        let intended = match self.intend(call).await {
            Ok(intended) => intended, // on its way to the record before anything is prepared
            Err(refusal) => return self.refuse(refusal).await,
        };
        let permit = pii::reveal(intended, &self.vault); // the only place where vaulted values go back in
        let answer = self.run_tool(&permit).await; // looks, or prepares a change that is not committed
        let (raw, effect) = match answer {
            Ok(Answer::Done { reply, effect }) => (Ok(reply), effect),
            Ok(Answer::Wait { until_ms }) => return self.park(until_ms).await,
            Err(refusal) => (Err(refusal), None),
        };
        let redacted = raw.and_then(|reply| pii::redact(&permit, reply, &mut self.guard())); // what may come back
        self.conclude(permit, redacted, effect).await // the intent is durable, then the effect; settles the budget
    }

    /// Puts the call on record: before its effect where it has one, with the next one where it has none. The ledger
    /// makes the intent durable while the tool prepares; [`Passage::conclude`] waits for it.
    async fn intend(&mut self, call: Approved) -> Result<Intended, Refusal> {
        let record = audit::record_of(&call);
        match record.request.operation().effect() {
            Effect::Pure | Effect::Prepared => self.screened = Some(record.request.clone()),
            Effect::Transactional => {
                let vault = self.vault.take_fresh();
                self.recorder.intend(record, vault, &self.current).await?;
            }
        }
        Ok(audit::permit(call))
    }
}
