//! One stretch of a run: from its beginning or waking to its next wait or its end, and the record of that. It doesn't know
//! what follows.

use std::sync::Arc;
use std::time::Duration;

use casemate_abi::Code;
use casemate_gate::job::Ending;
use casemate_gate::policy::Tenure;
use casemate_gate::{Refusal, RunId};
use casemate_jobs::Wake;

use super::{DispatchError, Dispatcher, Hold, Job, millis};
use crate::crossing::event::{Event, Events, What};
use crate::crossing::{Askable, Ended, Passage, Place, Recorder, Recording, Setup};
use crate::sandbox::{Allowance, Execution, Outcome};
use crate::tools::Instruments;

/// How a stretch ended.
pub(super) enum Stretch {
    /// The run ended, on record.
    Ended(Ended),
    /// It waits, and this host holds it no more.
    Parked {
        /// Until when, in milliseconds since 1970-01-01T00:00:00Z.
        until_ms: u64,
        /// Whether it asks a person meanwhile.
        asks: bool,
        /// Most bytes that it held until now.
        peak: u64,
    },
}

impl Dispatcher {
    /// Runs the guest until it ends or waits.
    pub(super) async fn stretch(
        &self,
        job: &Job,
        run: RunId,
        hold: Hold,
        events: Option<Events>,
    ) -> Result<Stretch, DispatchError> {
        let (scope, epoch, held) = (hold.scope.clone(), hold.claimed.epoch, hold.claimed.standing());
        let claim = hold.claim();
        let (admitted, meter, lost) = (Arc::clone(&hold.admitted), Arc::clone(&hold.meter), hold.lost);
        let before = hold.claimed.running;
        let input = hold.start.input.clone();
        let start = hold.start.clone();
        let passage = self.passage(job, run, hold, events.clone())?;
        let left = Duration::from_millis(job.policy.budget.run.wall_clock).saturating_sub(before);
        let (wall_clock, is_cut) = held.within(left);
        let allowance = Allowance { fuel: start.fuel, wall_clock };
        let execution = self.sandbox.execute(admitted, passage, input, allowance).await?;
        let Execution { passage, outcome, fuel_used, running: more, .. } = execution;
        let running = before.saturating_add(more);
        let spent = meter.settle(fuel_used, millis(lost.saturating_add(more)));
        match outcome {
            // Its neighbours had the memory that it needed to come to where it was: it has not ended.
            Outcome::Finished(Err(refusal)) if passage.is_replaying() && meter.is_crowded() => {
                self.budgets.settle(run, spent, &claim).await;
                Err(refusal.into())
            }
            // What it held stays charged until whoever holds it by now settles it.
            Outcome::Finished(Err(refusal)) if refusal.code() == Code::RunFenced => Err(refusal.into()),
            // It is no end of the run's that something could not be recorded here: it goes on from its journal.
            Outcome::Finished(Err(refusal)) if refusal.code() == Code::AuditUnavailable && passage.is_returned() => {
                drop((passage, meter));
                self.budgets.settle(run, spent, &claim).await;
                Err(refusal.into())
            }
            Outcome::Finished(result) => {
                let result = held.by_deadline(result, is_cut);
                let with_end = self.budgets.settled_with_end(run, spent);
                let ending = async |result: &Result<String, Refusal>| {
                    Ok(Ending { spent: with_end, ..self.ending(job, &held, &scope, &start, result)? })
                };
                let settled = async {
                    if with_end.is_none() {
                        self.budgets.settle(run, spent, &claim).await;
                    }
                };
                let ended = Box::pin(passage.end(result, fuel_used, running, ending));
                let (ended, ()) = futures_util::future::join(ended, settled).await;
                let ended = ended?;
                self.records.forget(run);
                Ok(Stretch::Ended(ended))
            }
            Outcome::Parked { until_ms, asking } => {
                // It uses nothing while it sleeps, and is charged anew when it wakes.
                let peak = meter.peak_memory();
                drop((passage, meter));
                self.budgets.settle(run, spent, &claim).await;
                let wake = Wake { at_ms: Some(until_ms), event: asking.map(|asking| asking.approval) };
                self.records.park(&scope, run, epoch, wake, running, asking).await?;
                // Told when it is true for everybody: whoever follows may claim the run from here on.
                if let Some(events) = &events {
                    let _closed =
                        events.send(Event { tenant: job.tenant, run, what: What::Parked { until_ms, asking } });
                }
                Ok(Stretch::Parked { until_ms, asks: asking.is_some(), peak })
            }
        }
    }

    pub(super) fn recorder(
        &self,
        job: &Job,
        run: RunId,
        hold: &Hold,
        events: Option<Events>,
    ) -> Result<Recorder, DispatchError> {
        let place = Place {
            tenant: job.tenant,
            run,
            epoch: hold.claimed.epoch,
            policy: job.policy.digest,
            scope: hold.scope.clone(),
            key: hold.claimed.key.key.duplicate()?,
        };
        Ok(Recorder::new(place, Arc::clone(&self.crossing.ledger), Arc::clone(&self.crossing.journal), events))
    }

    pub(super) fn passage(
        &self,
        job: &Job,
        run: RunId,
        hold: Hold,
        events: Option<Events>,
    ) -> Result<Passage, DispatchError> {
        let recorder = self.recorder(job, run, &hold, events)?;
        let recording = Recording::of(hold.claimed.frames);
        let askable = match (&hold.script, self.records.shared()) {
            (Some(_), _) => Askable::Rehearsed,
            (None, Ok(_)) => Askable::Yes(hold.answer),
            (None, Err(_)) => Askable::No,
        };
        if hold.claimed.again {
            recorder.resumed();
        }
        Ok(Passage::new(Setup {
            crossing: Arc::clone(&self.crossing),
            identity: hold.identity,
            grants: hold.grants,
            tenure: Tenure::new(
                self.shares.active(job.tenant),
                job.policy.digest,
                job.agent.manifest().clone(),
                job.agent.digest(),
            ),
            rules: job.policy.pii.clone(),
            meter: hold.meter,
            vault: hold.vault,
            instruments: Instruments::new(hold.start.seed, hold.start.time_ms).with_script(hold.script),
            recorder,
            recording,
            input_bytes: hold.start.input.len() as u64,
            // The run's own, so that it is the same however often the tenant's keys were rotated since.
            askable,
            digest_key: hold.claimed.key.key.mac_key(&[b"digest"])?,
            transcription: hold.transcription,
            grip: hold.grip,
            lender: hold.lender,
        }))
    }
}
