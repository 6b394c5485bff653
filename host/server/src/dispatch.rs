//! Dispatch: takes a job, fixes who it is and what it may use, and drives its run to the end, through waits and after
//! a crash. It doesn't know HTTP, nor what the guest does.

mod admission;
mod error;
mod reconcile;
mod records;
mod shares;

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::budget::{Meter, Resource};
use casemate_gate::call::Origin;
use casemate_gate::identity::Identity;
use casemate_gate::pii::Guard;
use casemate_gate::policy::{Grants, Policy};
use casemate_gate::rls::{self, Scope};
use casemate_gate::vault::Vault;
use casemate_gate::{AgentName, Digest, RunId, TenantId};
use casemate_keys::{DataKey, LocalKeyFile, random};
use casemate_store::RunRecord;
use uuid::Uuid;

pub use error::DispatchError;
pub use records::Records;

use crate::clock;
use crate::crossing::event::Events;
use crate::crossing::frame::{Frame, Start};
use crate::crossing::{Bill, Crossing, Ended, Passage, Place, Recorder, Recording, Setup};
use crate::sandbox::{Admitted, Allowance, Execution, Loaded, Outcome, PROFILE, Sandbox};
use crate::tools::Instruments;
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
    keys: Arc<LocalKeyFile>,
    shares: Shares,
}

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
}

impl Dispatcher {
    /// A dispatcher over parts that the composition root built.
    #[must_use]
    pub fn new(sandbox: Arc<Sandbox>, crossing: Arc<Crossing>, records: Records, keys: Arc<LocalKeyFile>) -> Self {
        Self { sandbox, crossing, records, keys, shares: Shares::default() }
    }

    /// Suspends a tenant: its runs are refused at their next call.
    pub fn suspend(&self, tenant: TenantId) {
        self.shares.standing(tenant).revoke();
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
        let run = RunId::from(Uuid::now_v7());
        let hold = self.begin(job, run, input, events.as_ref()).await?;
        Box::pin(self.drive(job, run, hold, Duration::ZERO, events)).await.map(|ended| (run, ended))
    }

    /// Goes on with a run that was parked or whose host died, from its journal.
    ///
    /// # Errors
    /// [`DispatchError`] when there is no such run, or it can't be taken over.
    pub async fn resume(&self, job: &Job, run: RunId, events: Option<Events>) -> Result<Ended, DispatchError> {
        let hold = self.take_over(job, run, self.meter(job)?).await?;
        if let Some(result) = hold.claimed.end() {
            // Its host died between the record of the end and the note of it in the run's state.
            self.records.finish(&hold.scope, run, hold.claimed.epoch, result.is_ok()).await?;
            let index = reconcile::index_of_end(&self.crossing.ledger, job, run)?;
            return Ok(Ended { result, index, bill: Bill::default() });
        }
        Box::pin(self.drive(job, run, hold, Duration::ZERO, events)).await
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

    /// Everything that is settled before the guest's first instruction, and its record.
    async fn begin(
        &self,
        job: &Job,
        run: RunId,
        mut input: serde_json::Value,
        events: Option<&Events>,
    ) -> Result<Hold, DispatchError> {
        let grants = Arc::new(job.policy.grants(job.agent.manifest()));
        let admitted = Arc::new(self.sandbox.admit(&job.agent, &grants)?);
        let identity = self.identity(job, run, &grants).await?;
        let scope = rls::bookkeeping(&identity);
        let mut vault = self.vault(job.tenant, run)?;
        let mut guard = Guard { sentinel: &self.crossing.sentinel, rules: &job.policy.pii, vault: &mut vault };
        casemate_gate::pii::document(&mut guard, &mut input)?;
        let meter = self.meter(job)?;
        let start = Start {
            time_ms: clock::now_ms(),
            agent: job.agent.manifest().agent.clone(),
            component: job.agent.digest(),
            policy: job.policy.digest,
            profile: PROFILE.to_owned(),
            input: input.to_string(),
            seed: random()?,
            fuel: job.policy.run.fuel,
            vault: vault.take_fresh(),
        };
        let claimed = records::Claimed::first(DataKey::generate()?);
        let hold = Hold { scope, identity, grants, admitted, claimed, start, vault, meter };
        let mut recorder = self.recorder(job, run, &hold, events.cloned())?;
        let row = recorder.start(&Frame::Start(hold.start.clone()), hold.start.time_ms)?;
        self.records.create(&hold.scope, job, &hold.claimed.key, &self.keys, row).await?;
        recorder.started().await?;
        Ok(hold)
    }

    /// The same from the journal: the run's circumstances are what they were.
    async fn take_over(&self, job: &Job, run: RunId, meter: Arc<Meter>) -> Result<Hold, DispatchError> {
        let grants = Arc::new(job.policy.grants(job.agent.manifest()));
        let admitted = Arc::new(self.sandbox.admit(&job.agent, &grants)?);
        let identity = self.identity(job, run, &grants).await?;
        let scope = rls::bookkeeping(&identity);
        let mut claimed = self.records.claim(&scope, job.tenant, run, &self.keys).await?;
        reconcile::ledger_with_journal(&self.crossing.ledger, job, run, &claimed).await?;
        let start = claimed.take_start().ok_or(DispatchError::NoRun)?;
        let same = start.component == job.agent.digest() && start.policy == job.policy.digest;
        if !same || start.profile != PROFILE {
            return Err(DispatchError::Changed);
        }
        let mut vault = self.vault(job.tenant, run)?;
        vault.restore(start.vault.clone());
        Ok(Hold { scope, identity, grants, admitted, claimed, start, vault, meter })
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
            let (admitted, meter) = (Arc::clone(&hold.admitted), Arc::clone(&hold.meter));
            let input = hold.start.input.clone();
            let fuel = hold.start.fuel;
            let passage = self.passage(job, run, hold, events.clone())?;
            let left = Duration::from_millis(job.policy.run.wall_clock).saturating_sub(running);
            let allowance = Allowance { fuel, wall_clock: left };
            let execution = self.sandbox.execute(admitted, passage, input, allowance).await?;
            let Execution { passage, outcome, fuel_used, running: more } = execution;
            running = running.saturating_add(more);
            match outcome {
                Outcome::Finished(result) => {
                    let ended = passage.end(result, fuel_used, running).await?;
                    self.records.finish(&scope, run, epoch, ended.result.is_ok()).await?;
                    return Ok(ended);
                }
                Outcome::Parked { until_ms } => {
                    drop(passage);
                    meter.rewind();
                    self.records.park(&scope, run, epoch, until_ms).await?;
                    sleep_until(until_ms).await;
                    hold = self.take_over(job, run, meter).await?;
                }
            }
        }
    }

    async fn identity(&self, job: &Job, run: RunId, grants: &Grants) -> Result<Identity, DispatchError> {
        let role = self.records.role(grants).await?;
        let origin = Origin { tenant: job.tenant, agent: job.agent.manifest().agent.clone(), run };
        Ok(Identity::fix(origin, role, self.shares.standing(job.tenant)))
    }

    /// Opens the run's account. Fuel and time are taken for the whole run, so that a tenant's runs together never pass
    /// its limits; a run for which not enough is left is refused before it is on record, and may be asked for again.
    fn meter(&self, job: &Job) -> Result<Arc<Meter>, DispatchError> {
        let share = self.shares.account(job.tenant, &job.policy);
        let meter = Meter::open(&job.policy.run, share, job.policy.denials);
        meter.take(Resource::Fuel, job.policy.run.fuel)?;
        meter.take(Resource::WallClock, job.policy.run.wall_clock)?;
        Ok(Arc::new(meter))
    }

    fn vault(&self, tenant: TenantId, run: RunId) -> Result<Vault, DispatchError> {
        let tenant_key = self.keys.mac_key(&[b"tenant-pii", tenant.as_uuid().as_bytes()])?;
        Ok(Vault::new(&tenant_key, run)?)
    }

    fn recorder(&self, job: &Job, run: RunId, hold: &Hold, events: Option<Events>) -> Result<Recorder, DispatchError> {
        let place = Place {
            tenant: job.tenant,
            run,
            epoch: hold.claimed.epoch,
            policy: job.policy.digest,
            scope: hold.scope.clone(),
            key: hold.claimed.key.duplicate()?,
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
            rules: job.policy.pii.clone(),
            meter: hold.meter,
            vault: hold.vault,
            instruments: Instruments::new(hold.start.seed, hold.start.time_ms),
            recorder,
            recording,
            digest_key: self.keys.mac_key(&[b"tenant-digest", job.tenant.as_uuid().as_bytes()])?,
        }))
    }
}

async fn sleep_until(until_ms: u64) {
    let left = Duration::from_millis(until_ms.saturating_sub(clock::now_ms()));
    tokio::time::sleep_until((Instant::now() + left).into()).await;
}
