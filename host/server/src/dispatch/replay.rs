//! Replay: a run is repeated from evidence alone, in the real sandbox, with every call answered from the records, and what it
//! does is compared with what is on record. Nothing is asked of a gate or tool, nothing is recorded anywhere, and no database
//! or key of a host is needed. It doesn't know where the evidence came from.

mod error;
mod judge;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use casemate_gate::budget::{Amounts, Meter, Owner, PerSpan, Share, Terms, Windows};
use casemate_gate::call::Origin;
use casemate_gate::identity::{Identity, Standing};
use casemate_gate::job::Ending;
use casemate_gate::journal::{Journal, JournalError, Row};
use casemate_gate::pii::{self, Guard};
use casemate_gate::policy::{Active, Policy, Tenure};
use casemate_gate::rls::{self, Scope};
use casemate_gate::vault::Vault;
use casemate_gate::{Digest, Epoch};
use casemate_keys::{DataKey, MacKey, SigningKey, random};
use casemate_ledger::{Ledger, Memory};
use casemate_pii::{Channel, Sentinel};
use futures_util::future::{self, BoxFuture};
use tokio::sync::Mutex;
use uuid::Uuid;

pub use error::ReplayError;
pub use judge::{Difference, Verdict};

use super::evidence::Evidence;
use crate::crossing::frame::Start;
use crate::crossing::{Askable, Crossing, Passage, Place, Recorder, Recording, Setup, Steps, Witness};
use crate::lease::HostLease;
use crate::sandbox::{
    self, Allowance, Candidate, Compiler, Execution, Loaded, Optimisation, Other, Sandbox, differing,
};
use crate::tools::{Instruments, Tools};
use judge::{Case, Said};

/// Components that stay ready for the next run.
const READY: usize = 8;
/// Name of the log that a replay would write, and of its key.
const NOBODY: &str = "replay";

/// Repeats runs.
pub struct Replayer {
    sandbox: Sandbox,
    optimisation: Optimisation,
    // Held while one component is looked up or made ready.
    ready: Mutex<Vec<(Digest, Arc<Loaded>)>>,
    /// Nothing gets past it: its ledger is closed, its journal takes nothing, its tools have no world.
    crossing: Arc<Crossing>,
}

/// What a replay may take of the machine, whatever the run's own policy says.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time.
    pub time: Duration,
    /// Bytes of memory that the policy may give the run.
    pub memory: u64,
}

/// What a replay came to.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Whether the run did what is on record.
    pub verdict: Verdict,
    /// Calls that were what they were.
    pub calls: u64,
    /// Fuel that the run burned now.
    pub fuel_used: u64,
    /// Settings of the engine that are others than they were.
    pub others: Vec<Other>,
    /// How long it took.
    pub running: Duration,
}

impl Replayer {
    /// A replayer whose scratch directories are made in a directory of its own.
    ///
    /// # Errors
    /// [`ReplayError`]: what this machine lacks.
    pub fn new(compiler: Compiler, scratch: &Path) -> Result<Self, ReplayError> {
        let optimisation = compiler.optimisation();
        let sandbox = Sandbox::small(compiler)?;
        sandbox.keep_scratch_in(scratch)?;
        let signer = SigningKey::from_seed(NOBODY, &random::<32>()?)?;
        let writer = NOBODY.parse().map_err(|_| ReplayError::Interrupted)?;
        let ledger = Ledger::in_memory(Uuid::nil(), writer, Box::new(signer), Memory::Discard);
        ledger.close().map_err(|_| ReplayError::Interrupted)?;
        let crossing = Arc::new(Crossing {
            ledger: Arc::new(ledger),
            journal: Arc::new(Closed),
            tools: Tools::new(None),
            sentinel: Sentinel::new(),
        });
        Ok(Self { sandbox, optimisation, ready: Mutex::new(Vec::new()), crossing })
    }

    /// Repeats a run within limits. `steps` is shown each call before it is answered.
    ///
    /// # Errors
    /// [`ReplayError`] when it can't be repeated; one that did something else is no error.
    pub async fn replay(
        &self,
        evidence: &Evidence,
        steps: Option<Steps>,
        limits: Limits,
    ) -> Result<Replayed, ReplayError> {
        let (start, end, policy) = (evidence.start()?, evidence.end()?, evidence.policy()?);
        // The policy is a stranger's, too.
        let needed = policy.budget.run.memory;
        if needed > limits.memory {
            return Err(ReplayError::Memory { needed, limit: limits.memory });
        }
        let others = differing(&start.profile, sandbox::profile(self.optimisation));
        let loaded = self.ready(evidence, &policy).await?;
        let grants = Arc::new(policy.grants(loaded.manifest()));
        let admitted = Arc::new(self.sandbox.admit(&loaded, &grants)?);
        let meter = meter(&policy)?;
        let case = Case::new(evidence, &others)?;
        let frames = evidence.pieces.iter().map(|piece| (piece.seq, piece.kind, piece.frame.clone()));
        let recording = Recording::of(frames.collect());
        let recording = if case.other_version() { recording.whatever_fuel() } else { recording };
        let has_calls = !recording.is_empty();
        let witness = Witness::default().showing(steps).until(case.stopped().then_some(end.stamp.fuel_used));
        let origin = Origin { tenant: evidence.tenant, agent: start.agent.clone(), run: evidence.run };
        let identity = Identity::fix(origin, None, Arc::new(Standing::default()));
        let scope = rls::bookkeeping(&identity);
        let recorder = self.recorder(evidence, policy.digest, scope)?;
        let component = loaded.digest();
        let passage = Passage::new(Setup {
            crossing: Arc::clone(&self.crossing),
            identity,
            grants,
            tenure: Tenure::new(Arc::new(Active::default()), policy.digest, loaded.manifest().clone(), component),
            rules: policy.pii.clone(),
            meter: Arc::clone(&meter),
            vault: vault(evidence, start)?,
            instruments: instruments(start),
            recorder,
            recording,
            input_bytes: start.input.len() as u64,
            askable: Askable::No,
            digest_key: evidence.digest_key.clone(),
            transcription: None,
            grip: HostLease::unshared().grip(evidence.run),
            lender: None,
        });
        let passage = passage.before(witness.clone());
        let allowance = Allowance { fuel: start.fuel, wall_clock: limits.time };
        let execution = self.sandbox.execute(admitted, passage, start.input.clone(), allowance).await?;
        let Execution { passage, outcome, fuel_used, running, begun } = execution;
        // It took as long as it may: that says nothing of the run.
        if running >= limits.time {
            return Err(ReplayError::TooLong(limits.time));
        }
        let seen = witness.seen();
        let (calls, now) = (seen.calls, judge::Now { outcome, seen, fuel_used, begun, has_calls });
        let verdict = case.judge(&passage, now)?;
        let verdict = self.without_personal_data(evidence, &policy, verdict)?;
        Ok(Replayed { verdict, calls, fuel_used, others, running })
    }

    async fn ready(&self, evidence: &Evidence, policy: &Policy) -> Result<Arc<Loaded>, ReplayError> {
        let digest = evidence.start()?.component;
        let mut ready = self.ready.lock().await;
        if let Some((_, loaded)) = ready.iter().find(|(other, _)| *other == digest) {
            return Ok(Arc::clone(loaded));
        }
        let candidate = Candidate::read(evidence.component.clone())?;
        let loaded = Arc::new(self.sandbox.load(&candidate, &policy.grants(candidate.manifest())).await?);
        if ready.len() >= READY {
            ready.remove(0);
        }
        ready.push((digest, Arc::clone(&loaded)));
        Ok(loaded)
    }

    /// A recorder with nowhere to write to, under a key that nobody has.
    fn recorder(&self, evidence: &Evidence, policy: Digest, scope: Scope) -> Result<Recorder, ReplayError> {
        let place = Place {
            tenant: evidence.tenant,
            run: evidence.run,
            epoch: Epoch::default(),
            policy,
            scope,
            key: DataKey::generate()?,
        };
        Ok(Recorder::new(place, Arc::clone(&self.crossing.ledger), Arc::clone(&self.crossing.journal), None))
    }

    /// What the guest asks for now, as it would stand in the records. Its tokens are others, since nobody here has their key.
    fn without_personal_data(
        &self,
        evidence: &Evidence,
        policy: &Policy,
        verdict: Verdict,
    ) -> Result<Verdict, ReplayError> {
        let mut vault = vault(evidence, evidence.start()?)?;
        let mut guard = Guard { sentinel: &self.crossing.sentinel, rules: &policy.pii, vault: &mut vault };
        // What can't be searched is not shown.
        verdict.shown(&mut |now: Said| match now {
            Said::Request(request) => Ok(Said::Request(pii::shown(request, &mut guard)?)),
            Said::End(Ok(text)) => {
                let mut document = serde_json::from_str(&text).unwrap_or_default();
                pii::document(&mut guard, Channel::Result, &mut document)?;
                Ok(Said::End(Ok(document.to_string())))
            }
            Said::End(Err(refusal)) => {
                let words = pii::words(&mut guard, refusal.message())?;
                Ok(Said::End(Err(refusal.with_message(words))))
            }
        })
    }
}

/// A meter with the run's own limits, which it shares with nobody.
fn meter(policy: &Policy) -> Result<Arc<Meter>, ReplayError> {
    let terms = Terms { agent: PerSpan::default(), tenant: PerSpan::default(), ..policy.budget };
    let windows = || Windows::at(0, |_, _| Amounts::default());
    let share = |caps| Share::of(Arc::new(Owner::new(None, windows())), windows(), caps);
    Ok(Arc::new(Meter::open(terms, share(terms.agent), share(terms.tenant))?))
}

/// The run's tokens, without what they stand for.
fn vault(evidence: &Evidence, start: &Start) -> Result<Vault, ReplayError> {
    let mut vault = Vault::new(&MacKey::generate()?, evidence.run)?;
    vault.restore(start.vault.clone());
    Ok(vault)
}

/// The run's own clock and randomness, away from the world.
fn instruments(start: &Start) -> Instruments {
    let mut instruments = Instruments::new(start.seed, start.time_ms);
    instruments.clock.leave_the_world();
    instruments
}

/// A journal that takes nothing: whoever writes to it has left the records.
#[derive(Debug)]
struct Closed;

/// A replay tried to record something.
#[derive(Debug, thiserror::Error)]
#[error("report this: a replay records nothing")]
struct Recorded;

impl Journal for Closed {
    fn append<'a>(&'a self, _scope: &'a Scope, _rows: Vec<Row>) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(future::ready(Err(JournalError::Unavailable(Box::new(Recorded)))))
    }

    fn end<'a>(&'a self, scope: &'a Scope, rows: Vec<Row>, _: Ending) -> BoxFuture<'a, Result<(), JournalError>> {
        self.append(scope, rows)
    }
}
