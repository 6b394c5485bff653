//! The tools: what can be done in the world, one file each. A tool sees its permit and the run's own instruments, and
//! nothing else of its caller. It doesn't know gates, ledger or wasm.

mod clock;
mod kv;
mod open;
mod random;
mod recorded;
mod sql;

use casemate_abi::Code;
use casemate_gate::audit::{Durable, Permit};
use casemate_gate::journal::{JournalError, Row};
use casemate_gate::{Refusal, Reply, Request};
use casemate_store::{Db, TenantTx};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

pub use open::Open;
pub use recorded::{Order, Recorded, Script};

use crate::clock::VirtualClock;
use sql::Sent;

/// What a tool answers.
pub enum Answer {
    /// It is done.
    Done {
        /// For the guest.
        reply: Reply,
        /// The change that becomes real together with its record.
        effect: Option<PendingEffect>,
    },
    /// The run should give up its memory until a time, in milliseconds since 1970-01-01T00:00:00Z.
    Wait {
        /// Until when.
        until_ms: u64,
    },
}

impl Answer {
    const fn done(reply: Reply) -> Self {
        Self::Done { reply, effect: None }
    }
}

/// A change that is made and not committed: dropped, it never happened.
// Boxed, since every answer would make room for it.
pub struct PendingEffect(Box<TenantTx>);

impl PendingEffect {
    /// Commits the change together with the journal's rows, now that its intent is durable.
    ///
    /// # Errors
    /// [`JournalError`]; then neither is kept.
    pub async fn commit_with(self, intent: &Durable, rows: Vec<Row>) -> Result<(), JournalError> {
        self.0.commit_with(intent, rows).await
    }
}

/// A run's own clock and randomness.
#[derive(Debug)]
pub struct Instruments {
    /// The virtual clock.
    pub clock: VirtualClock,
    /// What it has open in the database.
    pub open: Open,
    /// Fuel that the run had burned when it made the call that is under way.
    pub fuel_used: u64,
    random: Randomness,
    seed: [u8; 32],
    started_ms: u64,
    // Boxed, since only tests have one and every guest's future would make room for it.
    script: Option<Box<Script>>,
}

/// One of a run's streams of randomness. Streams of one seed say nothing of each other, and taking from one doesn't
/// change another.
#[derive(Debug)]
pub struct Randomness(ChaCha20Rng);

impl Randomness {
    fn new(seed: [u8; 32], stream: u64) -> Self {
        let mut random = ChaCha20Rng::from_seed(seed);
        random.set_stream(stream);
        Self(random)
    }

    /// The next bytes.
    pub fn bytes(&mut self, length: u32) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }
}

impl Instruments {
    /// Instruments of a run with this seed, whose clock stands at its start.
    #[must_use]
    pub fn new(seed: [u8; 32], started_ms: u64) -> Self {
        let mut clock = VirtualClock::default();
        clock.record(started_ms, 0);
        Self {
            clock,
            open: Open::default(),
            fuel_used: 0,
            random: Randomness::new(seed, 0),
            seed,
            started_ms,
            script: None,
        }
    }

    /// The same, for a run whose tools are [`Tools::recorded`]: its time is the script's, and not the world's.
    #[must_use]
    pub fn with_script(mut self, script: Option<Box<Script>>) -> Self {
        if script.is_some() {
            self.clock.leave_the_world();
        }
        Self { script, ..self }
    }

    /// The next bytes of the run's randomness.
    pub fn random_bytes(&mut self, length: u32) -> Vec<u8> {
        self.random.bytes(length)
    }

    /// A stream of randomness of its own, by its number; `random.bytes` has number 0.
    #[must_use]
    pub fn randomness(&self, stream: u64) -> Randomness {
        Randomness::new(self.seed, stream)
    }

    /// Nanoseconds of virtual time since the run was started.
    #[must_use]
    pub const fn elapsed_ns(&self, fuel_used: u64) -> u64 {
        self.clock.now_ns(fuel_used).saturating_sub(self.started_ms.saturating_mul(1_000_000))
    }
}

/// Every tool, with what it needs of the world.
pub struct Tools(World);

/// What there is beyond the tools.
enum World {
    /// The real one, with a database or without.
    Real(Option<Db>),
    /// What was recorded of it; each run has its own.
    Recorded,
}

impl Tools {
    /// Tools with a database, or without one for runs whose grants need none.
    #[must_use]
    pub const fn new(database: Option<Db>) -> Self {
        Self(World::Real(database))
    }

    /// Tools that touch nothing and answer from each run's script, for tests of agents.
    #[must_use]
    pub const fn recorded() -> Self {
        Self(World::Recorded)
    }

    /// Does what the permit permits.
    ///
    /// # Errors
    /// A refusal: the tool could not do it, and nothing happened.
    pub async fn run(&self, permit: &Permit, instruments: &mut Instruments) -> Result<Answer, Refusal> {
        let database = match &self.0 {
            World::Real(database) => database.as_ref(),
            World::Recorded => return from_script(permit, instruments),
        };
        let database =
            || database.ok_or_else(|| Refusal::new(Code::RowsUnavailable, "the host runs without a database"));
        match permit.request() {
            Request::SqlQuery { statement, parameters } => {
                sql::query(database()?, permit, Sent::new(statement, parameters)).await
            }
            Request::SqlExecute { statement, parameters } => {
                sql::execute(database()?, permit, Sent::new(statement, parameters)).await
            }
            Request::SqlReturning { statement, parameters } => {
                sql::returning(database()?, permit, Sent::new(statement, parameters)).await
            }
            Request::SqlOpen { statement, parameters } => {
                sql::open(database()?, permit, Sent::new(statement, parameters), &mut instruments.open).await
            }
            Request::SqlNext { opened, limit } => sql::next(permit, *opened, *limit, &mut instruments.open).await,
            Request::SqlBegin => sql::begin(database()?, permit, &mut instruments.open).await,
            Request::SqlCommit { opened } => sql::commit(permit, *opened, &mut instruments.open).await,
            Request::SqlWithin { opened, ask, statement, parameters } => {
                sql::within(permit, *opened, *ask, Sent::new(statement, parameters), &mut instruments.open).await
            }
            Request::KvGet { key } => kv::get(database()?, permit, key).await,
            Request::KvSet { key, value } => kv::set(database()?, permit, key, value).await,
            Request::KvDelete { key } => kv::delete(database()?, permit, key).await,
            Request::KvAdd { key, delta } => kv::add(database()?, permit, key, *delta).await,
            // The line is kept by its record; whoever follows the run reads it from there.
            Request::LogEmit { .. } => Ok(Answer::done(Reply::Unit)),
            Request::ClockNow => Ok(clock::now(instruments)),
            Request::ClockSleep { milliseconds } => Ok(clock::sleep(instruments, *milliseconds)),
            Request::RandomBytes { length } => Ok(random::bytes(instruments, *length)),
        }
    }
}

fn from_script(permit: &Permit, instruments: &mut Instruments) -> Result<Answer, Refusal> {
    let script = instruments.script.as_mut();
    let script = script.ok_or_else(|| Refusal::new(Code::RowsUnavailable, "nothing was recorded for this run"))?;
    script.answer(permit.seq(), permit.request()).map(Answer::done)
}
