//! One run that this host has claimed: begun or gone on with, to its end or its next wait; or ended at once, where that was
//! decided; or given back. It doesn't know whose turn is next.

use std::sync::Arc;
use std::time::Duration;

use casemate_abi::Code;
use casemate_gate::identity::Identity;
use casemate_gate::job::Ending;
use casemate_gate::policy::Grants;
use casemate_gate::{Refusal, RunId, TenantId};
use casemate_jobs::{Command, State, Wake};
use casemate_store::HeldRun;

use super::super::ending::Held;
use super::super::records::Claimed;
use super::super::{DispatchError, Job, Taken, bookkeeping_of, origin};
use super::Worker;

/// How long a run waits whose agent or tenant has used up its budget, before it is looked at again.
const BROKE: Duration = Duration::from_secs(5);
/// How often it is tried to give a run back.
const RETRY: Duration = Duration::from_millis(500);

impl Worker {
    /// Drives a run that was claimed as far as it goes.
    pub(super) async fn drive(&self, tenant: TenantId, held: HeldRun) {
        let (run, name, epoch) = (held.run.id, held.name, held.job.epoch);
        match Box::pin(self.try_to(tenant, held)).await {
            Ok(()) => {}
            Err(DispatchError::Refused(refusal)) if refusal.code() == Code::RunFenced => {
                tracing::info!(%run, "the run is not this host's any more");
                // Where it is this host that lets go, it says so.
                self.give_back(tenant, name, Command::Release { epoch, delay_ms: 0 }).await;
            }
            Err(error) => {
                tracing::error!(%run, %error, code = error.code(), "the run could not go on here, and is given back");
                self.give_back(tenant, name, Command::Lose { epoch }).await;
            }
        }
    }

    async fn try_to(&self, tenant: TenantId, mut held: HeldRun) -> Result<(), DispatchError> {
        let run = held.run.id;
        let (component, policy) = (held.run.component, held.run.policy);
        let scope = bookkeeping_of(tenant)?;
        if held.journal.is_none() {
            held.journal = Some(self.db.load_run(&scope, run).await?.1);
        }
        let claimed = Claimed::held(&self.dispatcher.keys, tenant, held)?;
        let standing = claimed.standing();
        if let Some((end, refusal)) = standing.decided() {
            let ending = Ending { state: end.state(), reason: refusal.code() as u16, next: None };
            return self.dispatcher.end_unrun(tenant, claimed, policy, &refusal, ending).await;
        }
        let job = match self.stock.job(tenant, component, policy).await {
            Ok(job) => job,
            // It will be the same on every host, and the next time too.
            Err(error @ (DispatchError::Component(_) | DispatchError::Policy(_))) => {
                let refusal = Refusal::new(Code::ComponentRefused, error.to_string());
                let ending = Ending { state: State::Failed, reason: refusal.code() as u16, next: None };
                return self.dispatcher.end_unrun(tenant, claimed, policy, &refusal, ending).await;
            }
            Err(error) => return Err(error),
        };
        let grants = Arc::new(job.policy.grants(job.agent.manifest()));
        let identity = self.dispatcher.standing_of(&job, run, &grants).await?;
        self.go(&job, run, (identity, grants), claimed, &standing).await
    }

    async fn go(
        &self,
        job: &Job,
        run: RunId,
        who: (Identity, Arc<Grants>),
        claimed: Claimed,
        standing: &Held,
    ) -> Result<(), DispatchError> {
        let (epoch, running) = (claimed.epoch, claimed.running);
        let scope = bookkeeping_of(job.tenant)?;
        let grip = self.dispatcher.lease.grip(run);
        let adopted = Box::pin(self.dispatcher.adopt(job, run, who, claimed, Duration::ZERO, None, grip)).await;
        match adopted {
            Ok(Taken::On(hold)) => Box::pin(self.dispatcher.stretch(job, run, *hold, None)).await.map(drop),
            // Its end is on record and its state isn't: that can't come to be any more.
            Ok(Taken::Ended(_)) => Err(DispatchError::NoRun),
            // Nothing of it is under way: it waits until there is budget again.
            Err(DispatchError::Refused(refusal)) if is_budget(&refusal) => {
                tracing::info!(%run, %refusal, "the run waits for its budget");
                let wake =
                    Wake { at_ms: Some(standing.now_ms().saturating_add(super::super::millis(BROKE))), event: None };
                self.dispatcher.records.park(&scope, run, epoch, wake, running, None).await
            }
            Err(error) => Err(error),
        }
    }

    /// Lets others claim the run, as soon as the database can be told; where this host's lease ends before, they may anyway.
    async fn give_back(&self, tenant: TenantId, name: RunId, command: Command) {
        let Ok(scope) = bookkeeping_of(tenant) else { return };
        while self.dispatcher.lease.holds() {
            match self.db.command(&scope, name, command).await {
                Ok(_) => {
                    let _unheard = self.db.notify(tenant).await;
                    return;
                }
                // It is another's already.
                Err(casemate_store::StoreError::Job(_) | casemate_store::StoreError::NoRun) => return,
                Err(error) => {
                    tracing::warn!(%error, code = error.code(), "a run could not be given back");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

const fn is_budget(refusal: &Refusal) -> bool {
    matches!(
        refusal.code(),
        Code::BudgetCalls
            | Code::BudgetFuel
            | Code::BudgetMemory
            | Code::BudgetWallClock
            | Code::BudgetLogBytes
            | Code::BudgetResultBytes
    )
}

impl super::super::Dispatcher {
    /// Who the run is; refused where its tenant is suspended, without a record: it is not begun, and waits.
    async fn standing_of(&self, job: &Job, run: RunId, grants: &Grants) -> Result<Identity, DispatchError> {
        let role = self.records.role(grants).await?;
        let identity = Identity::fix(origin(job, run), role, self.shares.standing(job.tenant));
        identity.in_good_standing()?;
        Ok(identity)
    }
}
