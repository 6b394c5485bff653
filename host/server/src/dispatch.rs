//! Dispatch: takes a job, fixes who it is and what it may use, and drives its run to the end, through waits and after
//! a crash. It doesn't know HTTP, nor what the guest does.

mod admission;
mod budgets;
mod error;
pub mod evidence;
pub mod keys;
mod past;
mod reconcile;
mod records;
pub mod registry;
mod rehearsal;
pub mod replay;
mod shares;
mod standing;
mod tenancy;

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_abi::Code;
use casemate_gate::budget::{Amounts, Meter};
use casemate_gate::call::Origin;
use casemate_gate::identity::Identity;
use casemate_gate::pii::Guard;
use casemate_gate::policy::{Grants, Policy, Tenure};
use casemate_gate::rls::{self, Scope};
use casemate_gate::vault::Vault;
use casemate_gate::{AgentName, Digest, Epoch, Refusal, RunId, TenantId};
use casemate_keys::{KeyRing, Use};
use casemate_pii::Channel;
use casemate_store::RunRecord;
use uuid::Uuid;

pub use budgets::{Book, BudgetError, Budgets, Change, Hold as HeldStretch, Kept, SetLimits, Whose};
pub use error::DispatchError;
pub use past::Past;
pub use records::{Records, Rows};
pub use registry::{Registry, RegistryError};
pub use rehearsal::{Rehearsal, Rehearsed};
pub use tenancy::Exported;

use crate::clock;
use crate::crossing::event::{Event, Events, What};
use crate::crossing::frame::{Frame, Start};
use crate::crossing::{Bill, Crossing, Ended, Passage, Place, Recorder, Recording, Setup, Transcription, replayed};
use crate::sandbox::{self, Admitted, Allowance, Execution, Loaded, Optimisation, Outcome, Sandbox};
use crate::tools::{Instruments, Script};
use rehearsal::Circumstances;
use shares::Shares;

/// What an orchestrator asks for.
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
    shares: Shares,
    budgets: Arc<Budgets>,
    registry: Arc<Registry>,
}

/// How long a run that wakes waits between two looks at a budget that is used up.
const BUDGET_POLL: Duration = Duration::from_secs(1);
/// How long it waits at most: longer than the longest window.
const BUDGET_WAIT: Duration = Duration::from_secs(32 * 24 * 60 * 60);

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
    /// Time that its stretch is charged for already: what a host that died had run of it.
    lost: Duration,
    transcription: Option<Transcription>,
    script: Option<Box<Script>>,
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
    scope: Scope,
    epoch: Epoch,
    result: Result<String, Refusal>,
    used: Amounts,
    at_ms: u64,
}

impl Dispatcher {
    /// A dispatcher over parts that the composition root built.
    #[must_use]
    pub fn new(sandbox: Arc<Sandbox>, crossing: Arc<Crossing>, records: Records, keys: Arc<KeyRing>) -> Self {
        Self {
            sandbox,
            crossing,
            records,
            keys,
            shares: Shares::default(),
            budgets: Arc::default(),
            registry: Arc::default(),
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
        Box::pin(self.drive(job, run, hold, Duration::ZERO, events)).await.map(|ended| (run, ended))
    }

    /// Goes on with a run that was parked or whose host died, from its journal.
    ///
    /// # Errors
    /// [`DispatchError`] when there is no such run, or it can't be taken over.
    pub async fn resume(&self, job: &Job, run: RunId, events: Option<Events>) -> Result<Ended, DispatchError> {
        match Box::pin(self.take_over(job, run, Duration::ZERO)).await? {
            Taken::On(hold) => Box::pin(self.drive(job, run, *hold, Duration::ZERO, events)).await,
            Taken::Ended(over) => {
                let Over { scope, epoch, result, used, at_ms } = *over;
                // Its host died between the record of the end and the note of it in the run's state.
                self.budgets.settle_ended(run, used, at_ms).await;
                self.records.finish(&scope, run, epoch, result.is_ok()).await?;
                let index = reconcile::index_of_end(&self.crossing.ledger, job, run)?;
                Ok(Ended { result, index, bill: Bill::default() })
            }
        }
    }

    /// Digests of the component and policy with which a run was started.
    ///
    /// # Errors
    /// [`DispatchError::NoDatabase`], [`DispatchError::NoRun`].
    pub async fn started_with(&self, tenant: TenantId, run: RunId) -> Result<(Digest, Digest), DispatchError> {
        self.records.started_with(&self.bookkeeping(tenant)?, run).await
    }

    /// The tenant's runs, the newest first.
    ///
    /// # Errors
    /// [`DispatchError::NoDatabase`] and those of the database.
    pub async fn list(&self, tenant: TenantId, limit: u32) -> Result<Vec<RunRecord>, DispatchError> {
        self.records.list(&self.bookkeeping(tenant)?, limit).await
    }

    /// The scope of the host's own look at a tenant's runs.
    fn bookkeeping(&self, tenant: TenantId) -> Result<Scope, DispatchError> {
        let agent = AgentName::try_from("host".to_owned()).map_err(|_| DispatchError::NoRun)?;
        let origin = Origin { tenant, agent, run: RunId::from(Uuid::nil()) };
        Ok(rls::bookkeeping(&Identity::fix(origin, None, self.shares.standing(tenant))))
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

    /// Everything that is settled before the guest's first instruction, and its record.
    async fn begin(
        &self,
        job: &Job,
        run: RunId,
        mut input: serde_json::Value,
        events: Option<&Events>,
        circumstances: Circumstances,
    ) -> Result<Hold, DispatchError> {
        let Circumstances { time_ms, seed, given, transcription, script } = circumstances;
        let grants = Arc::new(job.policy.grants(job.agent.manifest()));
        let admitted = Arc::new(self.sandbox.admit(&job.agent, &grants)?);
        let identity = self.identity(job, run, &grants, Duration::ZERO).await?;
        let scope = rls::bookkeeping(&identity);
        let key = self.keys.run_key(job.tenant.as_uuid())?;
        let mut vault = self.vault(job.tenant, run, key.token_epoch)?;
        vault.restore(given);
        let mut guard = Guard { sentinel: &self.crossing.sentinel, rules: &job.policy.pii, vault: &mut vault };
        casemate_gate::pii::document(&mut guard, Channel::Input, &mut input)?;
        let (origin, now_ms) = (origin(job, run), clock::now_ms());
        let meter = match self.budgets.begin(&origin, &job.policy.budget, now_ms) {
            Ok(meter) => meter,
            Err(refusal) => return Err(self.not_begun(job, refusal).await),
        };
        let start = Start {
            time_ms,
            agent: job.agent.manifest().agent.clone(),
            component: job.agent.digest(),
            policy: job.policy.digest,
            profile: sandbox::profile(Optimisation::default()).to_owned(),
            input: input.to_string(),
            seed,
            fuel: job.policy.budget.run.fuel,
            vault: vault.take_fresh(),
        };
        if let Some(transcription) = &transcription {
            transcription.begin(&start.input);
        }
        let claimed = records::Claimed::first(key);
        let lost = Duration::ZERO;
        let hold =
            Hold { scope, identity, grants, admitted, claimed, start, vault, meter, lost, transcription, script };
        let mut recorder = self.recorder(job, run, &hold, events.cloned())?;
        let row = recorder.start(&Frame::Start(hold.start.clone()), hold.start.time_ms)?;
        self.records.create(&hold.scope, job, &hold.claimed.key, &self.keys, row).await?;
        keys::put_on_record(&self.crossing.ledger, &self.keys, |tenant| self.holds(job, tenant)).await?;
        // Side by side: both are durable before the guest's first instruction.
        let held = self.budgets.hold(&origin, &hold.meter, now_ms);
        let (started, held) = futures_util::future::join(recorder.started(), held).await;
        started?;
        held?;
        Ok(hold)
    }

    /// The same from the journal: the run's circumstances are what they were. Where its budget is used up it waits for so
    /// long that there is some again.
    async fn take_over(&self, job: &Job, run: RunId, patience: Duration) -> Result<Taken, DispatchError> {
        let grants = Arc::new(job.policy.grants(job.agent.manifest()));
        let admitted = Arc::new(self.sandbox.admit(&job.agent, &grants)?);
        let identity = self.identity(job, run, &grants, patience).await?;
        let scope = rls::bookkeeping(&identity);
        let mut claimed = self.records.claim(&scope, job.tenant, run, &self.keys).await?;
        reconcile::ledger_with_journal(&self.crossing.ledger, job, run, &claimed).await?;
        let (used, at_ms) = replayed(&claimed.frames);
        if let Some(result) = claimed.end() {
            return Ok(Taken::Ended(Box::new(Over { scope, epoch: claimed.epoch, result, used, at_ms })));
        }
        let start = claimed.take_start().ok_or(DispatchError::NoRun)?;
        let same = start.component == job.agent.digest() && start.policy == job.policy.digest;
        if !same || !sandbox::is_the_profile_of_runs(&start.profile) {
            return Err(DispatchError::Changed);
        }
        let mut vault = self.vault(job.tenant, run, claimed.key.token_epoch)?;
        vault.restore(start.vault.clone());
        let since = self.budgets.held_since(run);
        let meter = self.go_on(job, run, &claimed, used, patience).await?;
        let lost = Duration::from_millis(since.map_or(0, |since| at_ms.saturating_sub(since)));
        let (transcription, script) = (None, None);
        let hold =
            Hold { scope, identity, grants, admitted, claimed, start, vault, meter, lost, transcription, script };
        Ok(Taken::On(Box::new(hold)))
    }

    /// Opens the meter of a run that goes on, and has what it may use on record.
    async fn go_on(
        &self,
        job: &Job,
        run: RunId,
        claimed: &records::Claimed,
        used: Amounts,
        patience: Duration,
    ) -> Result<Arc<Meter>, DispatchError> {
        let origin = origin(job, run);
        let held = claimed.rows.iter().map(|row| row.sealed.len() as u64).sum();
        let used = Amounts { memory: held, ..used };
        let deadline = Instant::now() + patience;
        loop {
            let now_ms = clock::now_ms();
            match self.budgets.go_on(&origin, &job.policy.budget, now_ms, used) {
                Ok(meter) => {
                    if self.budgets.held_since(run).is_none() {
                        self.budgets.hold(&origin, &meter, now_ms).await?;
                    }
                    return Ok(meter);
                }
                Err(refusal) if refusal.code() == Code::RunFenced || Instant::now() >= deadline => {
                    return Err(refusal.into());
                }
                Err(refusal) => {
                    tracing::info!(%run, %refusal, "the run waits for its budget");
                    tokio::time::sleep(BUDGET_POLL).await;
                }
            }
        }
    }

    /// Runs the guest, again after each wait, until it ends; then has the end recorded.
    async fn drive(
        &self,
        job: &Job,
        run: RunId,
        mut hold: Hold,
        mut running: Duration,
        events: Option<Events>,
    ) -> Result<Ended, DispatchError> {
        loop {
            let (scope, epoch) = (hold.scope.clone(), hold.claimed.epoch);
            let (admitted, meter, lost) = (Arc::clone(&hold.admitted), Arc::clone(&hold.meter), hold.lost);
            let input = hold.start.input.clone();
            let fuel = hold.start.fuel;
            let transcription = hold.transcription.clone();
            let passage = self.passage(job, run, hold, events.clone())?;
            let left = Duration::from_millis(job.policy.budget.run.wall_clock).saturating_sub(running);
            let allowance = Allowance { fuel, wall_clock: left };
            let execution = self.sandbox.execute(admitted, passage, input, allowance).await?;
            let Execution { passage, outcome, fuel_used, running: more, .. } = execution;
            running = running.saturating_add(more);
            let spent = meter.settle(fuel_used, millis(lost.saturating_add(more)));
            let settled = self.budgets.settle(run, spent);
            match outcome {
                // Its neighbours had the memory that it needed to come to where it was: it has not ended.
                Outcome::Finished(Err(refusal)) if passage.is_replaying() && meter.is_crowded() => {
                    settled.await;
                    return Err(refusal.into());
                }
                Outcome::Finished(result) => {
                    let ended = passage.end(result, fuel_used, running);
                    let (ended, ()) = futures_util::future::join(ended, settled).await;
                    let ended = ended?;
                    self.records.finish(&scope, run, epoch, ended.result.is_ok()).await?;
                    return Ok(ended);
                }
                Outcome::Parked { until_ms } => {
                    // It uses nothing while it sleeps, and is charged anew when it wakes.
                    let peak = meter.peak_memory();
                    drop((passage, meter));
                    settled.await;
                    self.records.park(&scope, run, epoch, until_ms).await?;
                    // Told when it is true for everybody: whoever follows may claim the run from here on.
                    if let Some(events) = &events {
                        let _closed = events.send(Event { tenant: job.tenant, run, what: What::Parked { until_ms } });
                    }
                    sleep_until(until_ms).await;
                    hold = match Box::pin(self.take_over(job, run, BUDGET_WAIT)).await? {
                        Taken::On(hold) => Hold { transcription, ..*hold },
                        Taken::Ended(_) => return Err(DispatchError::NoRun),
                    };
                    hold.meter.peaked(peak);
                }
            }
        }
    }

    /// The vault of a run, with the key of the epoch in which the run began.
    fn vault(&self, tenant: TenantId, run: RunId, epoch: u32) -> Result<Vault, DispatchError> {
        let tenant_key = self.keys.mac_key(tenant.as_uuid(), Use::Token, epoch)?;
        Ok(Vault::new(&tenant_key, run)?)
    }

    fn recorder(&self, job: &Job, run: RunId, hold: &Hold, events: Option<Events>) -> Result<Recorder, DispatchError> {
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

    fn passage(&self, job: &Job, run: RunId, hold: Hold, events: Option<Events>) -> Result<Passage, DispatchError> {
        let recorder = self.recorder(job, run, &hold, events)?;
        let recording = Recording::of(hold.claimed.frames);
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
            digest_key: hold.claimed.key.key.mac_key(&[b"digest"])?,
            transcription: hold.transcription,
        }))
    }
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
