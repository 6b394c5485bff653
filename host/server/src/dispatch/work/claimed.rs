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
use casemate_keys::{KeyError, random};
use casemate_store::{HeldRun, StoreError};

use super::super::ending::Held;
use super::super::records::Claimed;
use super::super::{DispatchError, Job, Taken, bookkeeping_of, origin};
use super::Worker;
use crate::lease::Grip;

/// How long a run waits at least, and at most twice as long, whose agent or tenant has used up its budget, before it is looked
/// at again: by chance, so that those that wait for each other's rest don't come back together.
const BROKE: Duration = Duration::from_millis(500);
/// How long a run rests at least, and at most twice as long, that could not go on here.
const RETURN: Duration = Duration::from_secs(1);
/// How often it is tried to give a run back.
const RETRY: Duration = Duration::from_millis(500);

impl Worker {
    /// Drives a run that was claimed as far as it goes.
    pub(super) async fn drive(&self, tenant: TenantId, held: HeldRun, grip: Grip) {
        let (run, name, epoch) = (held.run.id, held.name, held.job.epoch);
        match Box::pin(self.try_to(tenant, held, grip)).await {
            Ok(()) => {}
            Err(DispatchError::Refused(refusal)) if refusal.code() == Code::RunFenced => {
                tracing::info!(%run, "the run is not this host's any more");
                // Where it is this host that lets go, it says so.
                self.give_back(tenant, name, Command::Release { epoch, delay_ms: 0 }).await;
            }
            Err(error) => {
                tracing::error!(%run, %error, code = error.code(), "the run could not go on here, and is given back");
                let delay_ms = scattered(RETURN).unwrap_or_default();
                if is_the_hosts(&error) {
                    self.give_back(tenant, name, Command::Release { epoch, delay_ms }).await;
                } else {
                    // Slowly: as often as a run may be lost, it would be in a second.
                    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
                    self.give_back(tenant, name, Command::Lose { epoch }).await;
                }
            }
        }
    }

    async fn try_to(&self, tenant: TenantId, mut held: HeldRun, grip: Grip) -> Result<(), DispatchError> {
        let run = held.run.id;
        let (component, policy) = (held.run.component, held.run.policy);
        let scope = bookkeeping_of(tenant)?;
        if held.journal.is_none() {
            held.journal = Some(self.db.load_run(&scope, run).await?.1);
        }
        let claimed = Claimed::held(&self.dispatcher.keys, tenant, held)?;
        let standing = claimed.standing();
        if let Some((end, refusal)) = standing.decided() {
            let ending = Ending { state: end.state(), reason: refusal.code() as u16, next: None, spent: None };
            return self.dispatcher.end_unrun(tenant, claimed, policy, &refusal, ending).await;
        }
        if !claimed.again
            && let Err(refusal) = self.stock.may_begin(policy)
        {
            let ending = Ending { state: State::Failed, reason: refusal.code() as u16, next: None, spent: None };
            return self.dispatcher.end_unrun(tenant, claimed, policy, &refusal, ending).await;
        }
        let job = match self.stock.job(tenant, component, policy).await {
            Ok(job) => job,
            // It will be the same on every host, and the next time too.
            Err(error @ (DispatchError::Component(_) | DispatchError::Policy(_))) => {
                let refusal = Refusal::new(Code::ComponentRefused, error.to_string());
                let ending = Ending { state: State::Failed, reason: refusal.code() as u16, next: None, spent: None };
                return self.dispatcher.end_unrun(tenant, claimed, policy, &refusal, ending).await;
            }
            Err(error) => return Err(error),
        };
        let grants = Arc::new(job.policy.grants(job.agent.manifest()));
        let identity = self.dispatcher.standing_of(&job, run, &grants).await?;
        self.go(&job, run, (identity, grants), claimed, &standing, grip).await
    }

    async fn go(
        &self,
        job: &Job,
        run: RunId,
        who: (Identity, Arc<Grants>),
        claimed: Claimed,
        standing: &Held,
        grip: Grip,
    ) -> Result<(), DispatchError> {
        let (epoch, running) = (claimed.epoch, claimed.running);
        let scope = bookkeeping_of(job.tenant)?;
        let adopted = Box::pin(self.dispatcher.adopt(job, run, who, (claimed, grip), Duration::ZERO)).await;
        match adopted {
            Ok(Taken::On(hold)) => Box::pin(self.dispatcher.stretch(job, run, *hold, None)).await.map(drop),
            // Its end is on record and its state isn't: that can't come to be any more.
            Ok(Taken::Ended(_)) => Err(DispatchError::NoRun),
            // Nothing of it is under way: it waits until there is budget again.
            Err(DispatchError::Refused(refusal)) if is_budget(&refusal) => {
                tracing::info!(%run, %refusal, "the run waits for its budget");
                let at_ms = standing.now_ms().saturating_add(scattered(BROKE)?);
                let wake = Wake { at_ms: Some(at_ms), event: None };
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
                Err(StoreError::Job(_) | StoreError::NoRun) => return,
                Err(error) => {
                    tracing::warn!(%error, code = error.code(), "a run could not be given back");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

/// Whether it is the host or its database that failed, and not the run, which another host may go on with.
const fn is_the_hosts(error: &DispatchError) -> bool {
    match error {
        DispatchError::Store(error) => !matches!(error, StoreError::NoArtefact(_) | StoreError::NoRun),
        DispatchError::Append(_) | DispatchError::Journal(_) | DispatchError::Engine(_) | DispatchError::Budget(_) => {
            true
        }
        DispatchError::Keys(error) => !matches!(error, KeyError::DoesNotOpen),
        _ => false,
    }
}

/// Milliseconds of a time and of by chance as much again.
fn scattered(time: Duration) -> Result<u64, DispatchError> {
    let least = super::super::millis(time);
    let more = u64::from_le_bytes(random()?).checked_rem(least).unwrap_or_default();
    Ok(least.saturating_add(more))
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
