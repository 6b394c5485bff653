//! A run that was recorded goes on here: ledger and journal are brought in line, and its circumstances are what they were.
//! It doesn't know why its last host let it go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_abi::Code;
use casemate_gate::RunId;
use casemate_gate::budget::Amounts;
use casemate_gate::identity::Identity;
use casemate_gate::policy::Grants;
use casemate_gate::rls::{self, Scope};

use super::budgets::{Begun, Claim};
use super::records::Claimed;
use super::{DispatchError, Dispatcher, Hold, Job, Over, Taken, origin, reconcile};
use crate::clock;
use crate::crossing::replayed;
use crate::lease::Grip;
use crate::sandbox;

/// How long a run that wakes waits between two looks at a budget that is used up.
const BUDGET_POLL: Duration = Duration::from_secs(1);

impl Dispatcher {
    /// Takes a run over from whoever holds it. Where its budget is used up it waits for so long that there is some again.
    pub(super) async fn take_over(&self, job: &Job, run: RunId, patience: Duration) -> Result<Taken, DispatchError> {
        let grants = Arc::new(job.policy.grants(job.agent.manifest()));
        let identity = self.identity(job, run, &grants, patience).await?;
        let scope = rls::bookkeeping(&identity);
        let claimed = self.records.claim(&scope, job.tenant, run, &self.keys).await?;
        let grip = self.lease.grip(run);
        self.adopt(job, run, (identity, grants), (claimed, grip), patience).await
    }

    /// Goes on with a run that this host has claimed; one that no host has begun, is begun.
    pub(super) async fn adopt(
        &self,
        job: &Job,
        run: RunId,
        (identity, grants): (Identity, Arc<Grants>),
        (mut claimed, grip): (Claimed, Grip),
        patience: Duration,
    ) -> Result<Taken, DispatchError> {
        let admitted = Arc::new(self.sandbox.admit(&job.agent, &grants)?);
        let scope = rls::bookkeeping(&identity);
        if claimed.again {
            reconcile::ledger_with_journal(&self.crossing.ledger, job, run, &claimed, self.records.host()).await?;
        }
        let (used, at_ms) = replayed(&claimed.frames);
        if let Some(result) = claimed.end() {
            let claim = Claim { scope, epoch: claimed.epoch, is_recorded: true };
            return Ok(Taken::Ended(Box::new(Over { result, used, at_ms, claim })));
        }
        let start = claimed.take_start().ok_or(DispatchError::NoRun)?;
        let same = start.component == job.agent.digest() && start.policy == job.policy.digest;
        if !same || !sandbox::is_the_profile_of_runs(&start.profile) {
            return Err(DispatchError::Changed);
        }
        let mut vault = self.scribe.vault(job.tenant, run, claimed.key.token_epoch)?;
        vault.restore(start.vault.clone());
        let (transcription, script) = (None, None);
        if !claimed.again {
            let now_ms = clock::now_ms();
            let (origin, claim) =
                (origin(job, run), Claim { scope: scope.clone(), epoch: claimed.epoch, is_recorded: true });
            let Begun { meter, lender, .. } = self.budgets.begin((&origin, &claim), &job.policy.budget, now_ms).await?;
            let (row, lost) = (claimed.rows.first().cloned().ok_or(DispatchError::NoRun)?, Duration::ZERO);
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
            self.started(job, run, &hold, &row, None, now_ms).await?;
            return Ok(Taken::On(Box::new(hold)));
        }
        let Begun { meter, lender, since_ms } = self.go_on(job, (run, &scope), &claimed, used, patience).await?;
        let answer = self.answer(job, run, &scope, &claimed).await?;
        let lost = Duration::from_millis(since_ms.map_or(0, |since| at_ms.saturating_sub(since)));
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
            answer,
            grip,
        };
        Ok(Taken::On(Box::new(hold)))
    }

    /// Opens the meter of a run that goes on, and has what it may use on record.
    async fn go_on(
        &self,
        job: &Job,
        (run, scope): (RunId, &Scope),
        claimed: &Claimed,
        used: Amounts,
        patience: Duration,
    ) -> Result<Begun, DispatchError> {
        let (origin, claim) =
            (origin(job, run), Claim { scope: scope.clone(), epoch: claimed.epoch, is_recorded: true });
        let held = claimed.rows.iter().map(|row| row.sealed.len() as u64).sum();
        let used = Amounts { memory: held, ..used };
        let deadline = Instant::now() + patience;
        loop {
            let now_ms = clock::now_ms();
            match self.budgets.go_on((&origin, &claim), &job.policy.budget, now_ms, used).await {
                Ok(begun) => return Ok(begun),
                Err(DispatchError::Refused(refusal))
                    if refusal.code() == Code::RunFenced || Instant::now() >= deadline =>
                {
                    return Err(refusal.into());
                }
                Err(DispatchError::Refused(refusal)) => {
                    tracing::info!(%run, %refusal, "the run waits for its budget");
                    tokio::time::sleep(BUDGET_POLL).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
