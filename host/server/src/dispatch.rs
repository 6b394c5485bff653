//! Dispatch: takes a job, fixes who it is and what it may use, and drives its run to the end, through waits and after
//! a crash. It doesn't know HTTP, nor what the guest does.

mod admission;
mod approvals;
mod begin;
mod budgets;
mod desk;
mod drive;
mod ending;
mod error;
pub mod evidence;
pub mod keys;
mod past;
mod presence;
mod reconcile;
mod records;
pub mod registry;
mod rehearsal;
pub mod replay;
mod scribe;
mod shares;
mod standing;
mod take;
mod tenancy;
mod unrun;
mod work;

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::approval::Answer;
use casemate_gate::budget::{Amounts, Meter};
use casemate_gate::call::Origin;
use casemate_gate::identity::{Identity, Standing};
use casemate_gate::policy::{Grants, Policy};
use casemate_gate::rls::{self, Scope};
use casemate_gate::vault::Vault;
use casemate_gate::{AgentName, Digest, Refusal, RunId, TenantId};
use casemate_keys::KeyRing;
use casemate_store::RunRecord;
use uuid::Uuid;

pub use approvals::{ApprovalError, Statement};
pub use budgets::{Book, BudgetError, Budgets, Change, Hold as HeldStretch, Kept, SetLimits, Whose};
pub use desk::{Approval, Decision, Desk, JobEnd, Submission, after};
pub use error::DispatchError;
pub use past::Past;
pub use presence::Presence;
pub use records::{Records, Rows};
pub use registry::{Registry, RegistryError};
pub use rehearsal::{Rehearsal, Rehearsed};
pub use scribe::{Offer, Scribe};
pub use tenancy::Exported;
pub use work::{Stock, Worker};

use crate::clock;
use crate::crossing::event::Events;
use crate::crossing::frame::Start;
use crate::crossing::{Bill, Crossing, Ended, Lender, Transcription};
use crate::lease::{Grip, HostLease};
use crate::sandbox::{Admitted, Loaded, Sandbox};
use crate::tools::Script;
use drive::Stretch;
use rehearsal::Circumstances;
use shares::Shares;

/// What an orchestrator asks for.
#[derive(Clone)]
pub struct Job {
    /// For whom.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: Arc<Loaded>,
    /// Under which policy.
    pub policy: Arc<Policy>,
}

/// Drives runs.
pub struct Dispatcher {
    sandbox: Arc<Sandbox>,
    crossing: Arc<Crossing>,
    records: Records,
    keys: Arc<KeyRing>,
    scribe: Scribe,
    shares: Shares,
    budgets: Arc<Budgets>,
    registry: Arc<Registry>,
    lease: Arc<HostLease>,
}

/// How long a run that wakes may wait until there is budget for it again, or until its tenant is reinstated: longer than the
/// longest window.
const PATIENCE: Duration = Duration::from_secs(32 * 24 * 60 * 60);

/// How often a run that others have taken is looked at by whoever waits for its end.
const FOLLOW: Duration = Duration::from_millis(200);

/// A run that this host holds.
struct Hold {
    scope: Scope,
    identity: Identity,
    grants: Arc<Grants>,
    admitted: Arc<Admitted>,
    claimed: records::Claimed,
    start: Start,
    vault: Vault,
    meter: Arc<Meter>,
    /// Who lends it more of its budget than it began with.
    lender: Option<Arc<dyn Lender>>,
    /// Time that its stretch is charged for already: what a host that died had run of it.
    lost: Duration,
    transcription: Option<Transcription>,
    script: Option<Box<Script>>,
    /// What became of the question with which it waited.
    answer: Option<Answer>,
    grip: Grip,
}

impl Hold {
    fn claim(&self) -> budgets::Claim {
        budgets::Claim { scope: self.scope.clone(), epoch: self.claimed.epoch, is_recorded: true }
    }
}

/// A run that was taken over.
enum Taken {
    /// It goes on.
    On(Box<Hold>),
    /// It had ended; only its state doesn't say so.
    Ended(Box<Over>),
}

/// A run that had ended.
struct Over {
    result: Result<String, Refusal>,
    used: Amounts,
    at_ms: u64,
    claim: budgets::Claim,
}

impl Dispatcher {
    /// A dispatcher over parts that the composition root built.
    #[must_use]
    pub fn new(sandbox: Arc<Sandbox>, crossing: Arc<Crossing>, records: Records, keys: Arc<KeyRing>) -> Self {
        Self {
            sandbox,
            crossing,
            records,
            scribe: Scribe::new(Arc::clone(&keys)),
            keys,
            shares: Shares::default(),
            budgets: Arc::default(),
            registry: Arc::default(),
            lease: HostLease::unshared(),
        }
    }

    /// The same with budgets that outlive the process.
    #[must_use]
    pub fn with_budgets(self, budgets: Arc<Budgets>) -> Self {
        Self { budgets, ..self }
    }

    /// The same with a registry that outlives the process.
    #[must_use]
    pub fn with_registry(self, registry: Arc<Registry>) -> Self {
        Self { registry, ..self }
    }

    /// The same with runs that other hosts take over when this one's lease is over.
    #[must_use]
    pub fn with_lease(self, lease: Arc<HostLease>) -> Self {
        Self { lease, ..self }
    }

    /// Lets a policy hold for a tenant from now on. Runs under way keep the one that they began with until this one forbids
    /// what they are about to do. It is the caller's to have it on record before.
    pub fn activate(&self, tenant: TenantId, policy: Arc<Policy>) {
        self.shares.active(tenant).activate(policy);
    }

    /// Runs a job to its end. `accepted` is told the run's id as soon as the run is on record.
    ///
    /// # Errors
    /// [`DispatchError`] when it can't be started or recorded; a run that ended by a refusal is no error.
    pub async fn run(
        &self,
        job: &Job,
        input: serde_json::Value,
        events: Option<Events>,
    ) -> Result<(RunId, Ended), DispatchError> {
        self.run_in(job, input, events, Circumstances::real(None)?).await
    }

    /// The same, and writes down what the guest saw, where that is asked for.
    ///
    /// # Errors
    /// As [`Dispatcher::run`].
    pub async fn run_transcribed(
        &self,
        job: &Job,
        input: serde_json::Value,
        events: Option<Events>,
        transcription: Option<Transcription>,
    ) -> Result<(RunId, Ended), DispatchError> {
        self.run_in(job, input, events, Circumstances::real(transcription)?).await
    }

    async fn run_in(
        &self,
        job: &Job,
        input: serde_json::Value,
        events: Option<Events>,
        circumstances: Circumstances,
    ) -> Result<(RunId, Ended), DispatchError> {
        let run = RunId::from(Uuid::now_v7());
        let hold = self.begin(job, run, input, events.as_ref(), circumstances).await?;
        Box::pin(self.to_the_end(job, run, hold, events)).await.map(|ended| (run, ended))
    }

    /// Goes on with a run that was parked or whose host died, from its journal.
    ///
    /// # Errors
    /// [`DispatchError`] when there is no such run, or it can't be taken over.
    pub async fn resume(&self, job: &Job, run: RunId, events: Option<Events>) -> Result<Ended, DispatchError> {
        match Box::pin(self.take_over(job, run, Duration::ZERO)).await? {
            Taken::On(hold) => Box::pin(self.to_the_end(job, run, *hold, events)).await,
            Taken::Ended(over) => self.had_ended(job, run, *over).await,
        }
    }

    /// Runs the guest, again after each wait, until it ends. Another host that takes it meanwhile is waited for.
    async fn to_the_end(
        &self,
        job: &Job,
        run: RunId,
        mut hold: Hold,
        events: Option<Events>,
    ) -> Result<Ended, DispatchError> {
        loop {
            if let Some(decided) = hold.claimed.standing().decided() {
                return Box::pin(self.ended_meanwhile(job, run, hold, decided, events)).await;
            }
            let transcription = hold.transcription.clone();
            let (until_ms, asks, peak) = match Box::pin(self.stretch(job, run, hold, events.clone())).await? {
                Stretch::Ended(ended) => {
                    // Whoever waits for it can verify it as soon as this returns.
                    let ledger = &self.crossing.ledger;
                    ledger.checkpoint(ledger.origin(job.tenant.as_uuid())).await?;
                    return Ok(ended);
                }
                Stretch::Parked { until_ms, asks, peak } => (until_ms, asks, peak),
            };
            if asks {
                self.records.until_told(&bookkeeping_of(job.tenant)?, run, until_ms).await;
            } else {
                sleep_until(until_ms).await;
            }
            hold = match Box::pin(self.take_over(job, run, PATIENCE)).await {
                Ok(Taken::On(hold)) => Hold { transcription, ..*hold },
                Ok(Taken::Ended(over)) => return self.had_ended(job, run, *over).await,
                Err(DispatchError::NoRun) => return self.followed(job, run).await,
                Err(error) => return Err(error),
            };
            hold.meter.peaked(peak);
        }
    }

    /// The host of a run died between the record of its end and the note of it in the run's state, or before its budget was
    /// settled.
    async fn had_ended(&self, job: &Job, run: RunId, over: Over) -> Result<Ended, DispatchError> {
        let Over { result, used, at_ms, claim } = over;
        if let Some(spent) = self.budgets.left_behind(run, used, at_ms, &claim).await? {
            self.budgets.settle(run, spent, &claim).await;
        }
        self.records.forget(run);
        let index = reconcile::index_of_end(&self.crossing.ledger, job, run)?;
        Ok(Ended { result, index, bill: Bill::default() })
    }

    /// Waits for the end of a run that another host holds.
    async fn followed(&self, job: &Job, run: RunId) -> Result<Ended, DispatchError> {
        let scope = bookkeeping_of(job.tenant)?;
        loop {
            if let Some(result) = self.records.end_of(&scope, job.tenant, run, &self.keys).await? {
                return Ok(Ended { result, index: 0, bill: Bill::default() });
            }
            tokio::time::sleep(FOLLOW).await;
        }
    }

    /// Digests of the component and policy with which a run was started.
    ///
    /// # Errors
    /// [`DispatchError::NoDatabase`], [`DispatchError::NoRun`].
    pub async fn started_with(&self, tenant: TenantId, run: RunId) -> Result<(Digest, Digest), DispatchError> {
        self.records.started_with(&bookkeeping_of(tenant)?, run).await
    }

    /// The tenant's runs, the newest first.
    ///
    /// # Errors
    /// [`DispatchError::NoDatabase`] and those of the database.
    pub async fn list(&self, tenant: TenantId, limit: u32) -> Result<Vec<RunRecord>, DispatchError> {
        self.records.list(&bookkeeping_of(tenant)?, limit).await
    }

    /// Digest of the policy that holds for a tenant while a job is begun: the job's, another tenant's active one, or the
    /// built-in one.
    fn holds(&self, job: &Job, tenant: TenantId) -> Result<Digest, DispatchError> {
        if tenant == job.tenant {
            return Ok(job.policy.digest);
        }
        match self.shares.active(tenant).policy() {
            Some(policy) => Ok(policy.digest),
            None => Ok(casemate_gate::pack::builtin()?.0.digest),
        }
    }
}

/// The scope of the host's own look at a tenant's runs.
///
/// # Errors
/// None: the name of the host's own agent is one.
pub fn bookkeeping_of(tenant: TenantId) -> Result<Scope, DispatchError> {
    let agent = AgentName::try_from("host".to_owned()).map_err(|_| DispatchError::NoRun)?;
    let origin = Origin { tenant, agent, run: RunId::from(Uuid::nil()) };
    Ok(rls::bookkeeping(&Identity::fix(origin, None, Arc::new(Standing::default()))))
}

fn origin(job: &Job, run: RunId) -> Origin {
    Origin { tenant: job.tenant, agent: job.agent.manifest().agent.clone(), run }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

async fn sleep_until(until_ms: u64) {
    let left = Duration::from_millis(until_ms.saturating_sub(clock::now_ms()));
    tokio::time::sleep_until((Instant::now() + left).into()).await;
}
