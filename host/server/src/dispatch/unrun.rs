//! The end of a run that its guest has no part in: it was cancelled, its deadline passed, or it can't be run anywhere. Nothing
//! more of it happens. It doesn't know who decided that.

use std::sync::Arc;

use casemate_gate::job::Ending;
use casemate_gate::{Digest, Refusal, RunId, TenantId};
use casemate_jobs::End;

use super::budgets::Claim;
use super::records::Claimed;
use super::{DispatchError, Dispatcher, Hold, Job, bookkeeping_of, reconcile};
use crate::clock;
use crate::crossing::event::{Event, Events, What};
use crate::crossing::frame::{Frame, Refused, Stamp};
use crate::crossing::{Bill, Ended, Place, Recorder};

impl Dispatcher {
    /// Ends a run without its guest: nothing more of it happens.
    pub(super) async fn end_unrun(
        &self,
        tenant: TenantId,
        claimed: Claimed,
        policy: Digest,
        refusal: &Refusal,
        ending: Ending,
    ) -> Result<(), DispatchError> {
        let scope = bookkeeping_of(tenant)?;
        let Some(first) = claimed.rows.first() else { return Err(DispatchError::NoRun) };
        let (run, seq) = (first.run, claimed.rows.iter().map(|row| row.seq).max().unwrap_or_default().next());
        let place = Place { tenant, run, epoch: claimed.epoch, policy, scope, key: claimed.key.key.duplicate()? };
        let crossing = &self.crossing;
        let mut recorder = Recorder::new(place, Arc::clone(&crossing.ledger), Arc::clone(&crossing.journal), None);
        if !claimed.again {
            recorder.started(first, clock::now_ms()).await?;
        }
        let fuel_used = claimed.frames.iter().map(|(_, _, frame)| frame.fuel_used()).max().unwrap_or_default();
        let stamp = Stamp { time_ms: clock::now_ms(), fuel_used };
        let frame = Frame::End { stamp, result: Err(Refused::from(refusal)) };
        let (used, at_ms) = crate::crossing::replayed(&claimed.frames);
        let claim = Claim { scope: bookkeeping_of(tenant)?, epoch: claimed.epoch, is_recorded: true };
        let left = self.budgets.left_behind(run, used, at_ms, &claim).await?;
        let with_end = left.and_then(|spent| self.budgets.settled_with_end(run, spent));
        recorder.end(frame, seq, stamp, Ending { spent: with_end, ..ending }).await?;
        if let (Some(spent), None) = (left, with_end) {
            self.budgets.settle(run, spent, &claim).await;
        }
        Ok(())
    }

    /// The same for a run that somebody waits for here: its end was decided while it waited.
    pub(super) async fn ended_meanwhile(
        &self,
        job: &Job,
        run: RunId,
        hold: Hold,
        (end, refusal): (End, Refusal),
        events: Option<Events>,
    ) -> Result<Ended, DispatchError> {
        let ending = Ending { state: end.state(), reason: refusal.code() as u16, next: None, spent: None };
        let Hold { claimed, meter, .. } = hold;
        drop(meter);
        self.end_unrun(job.tenant, claimed, job.policy.digest, &refusal, ending).await?;
        self.records.forget(run);
        let index = reconcile::index_of_end(&self.crossing.ledger, job, run)?;
        if let Some(events) = events {
            let what = What::Ended { refusal: Some(refusal.clone()), index };
            let _closed = events.send(Event { tenant: job.tenant, run, what });
        }
        Ok(Ended { result: Err(refusal), index, bill: Bill::default() })
    }
}

impl Frame {
    /// Fuel that the run had burned by then.
    const fn fuel_used(&self) -> u64 {
        match self {
            Self::Start(_) => 0,
            Self::Call { stamp, .. }
            | Self::Intent { stamp, .. }
            | Self::Outcome { stamp, .. }
            | Self::Wait { stamp, .. }
            | Self::Asked { stamp, .. }
            | Self::End { stamp, .. }
            | Self::Ended { stamp, .. } => stamp.fuel_used,
        }
    }
}
