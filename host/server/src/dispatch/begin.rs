//! The beginning of a run: its circumstances are settled and recorded before the guest's first instruction. One that is
//! submitted has its beginning recorded now, and is begun by whichever host claims it. It doesn't know whose turn it is.

use std::sync::Arc;
use std::time::Duration;

use casemate_gate::RunId;
use casemate_gate::budget::Amounts;
use casemate_gate::journal::Row;
use casemate_gate::rls;

use super::budgets::{Begun, Claim};
use super::rehearsal::Circumstances;
use super::scribe::Beginning;
use super::{DispatchError, Dispatcher, Hold, Job, keys, origin, records};
use crate::clock;
use crate::crossing::event::Events;

impl Dispatcher {
    /// Everything that is settled before the guest's first instruction, and its record.
    pub(super) async fn begin(
        &self,
        job: &Job,
        run: RunId,
        input: serde_json::Value,
        events: Option<&Events>,
        circumstances: Circumstances,
    ) -> Result<Hold, DispatchError> {
        let grants = Arc::new(job.policy.grants(job.agent.manifest()));
        let admitted = Arc::new(self.sandbox.admit(&job.agent, &grants)?);
        let identity = self.identity(job, run, &grants, Duration::ZERO).await?;
        let scope = rls::bookkeeping(&identity);
        let offer = job.offer();
        let Circumstances { time_ms, seed, given, transcription, script } = circumstances;
        let Beginning { start, vault, key } = self.scribe.beginning(&offer, run, input, (time_ms, seed, given))?;
        let (origin, now_ms) = (origin(job, run), clock::now_ms());
        let claimed = records::Claimed::first(key);
        let claim = Claim { scope: scope.clone(), epoch: claimed.epoch, is_recorded: false };
        let Begun { meter, lender, .. } = match self.budgets.begin((&origin, &claim), &job.policy.budget, now_ms).await
        {
            Ok(begun) => begun,
            Err(DispatchError::Refused(refusal)) => return Err(self.not_begun(job, refusal).await),
            Err(error) => return Err(error),
        };
        if let Some(transcription) = &transcription {
            transcription.begin(&start.input);
        }
        let row = self.scribe.start_row(&offer, run, &scope, &claimed.key, &start, claimed.epoch)?;
        let (new, lost, grip) = (self.scribe.new_run(&offer, run, &claimed.key)?, Duration::ZERO, self.lease.grip(run));
        let hold = Hold {
            scope,
            identity,
            grants,
            admitted,
            claimed,
            start,
            vault,
            meter,
            lender,
            lost,
            transcription,
            script,
            answer: None,
            grip,
        };
        if let Err(error) = self.records.create(&hold.scope, new, row.clone()).await {
            // Nothing is there that would give back what was lent to it.
            self.budgets.settle(run, Amounts::default(), &claim).await;
            return Err(error);
        }
        self.started(job, run, &hold, &row, events.cloned(), now_ms).await?;
        Ok(hold)
    }

    /// The ledger hears of the beginning, and the stretch is held on record, side by side: both are durable before the
    /// guest's first instruction.
    pub(super) async fn started(
        &self,
        job: &Job,
        run: RunId,
        hold: &Hold,
        row: &Row,
        events: Option<Events>,
        now_ms: u64,
    ) -> Result<(), DispatchError> {
        keys::put_on_record(&self.crossing.ledger, &self.keys, |tenant| self.holds(job, tenant)).await?;
        let mut recorder = self.recorder(job, run, hold, events)?;
        let origin = origin(job, run);
        let held = self.budgets.hold(&origin, &hold.meter, now_ms);
        let (started, held) = futures_util::future::join(recorder.started(row, hold.start.time_ms), held).await;
        started?;
        Ok(held?)
    }
}
