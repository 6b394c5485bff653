//! One guest from instantiation to its end: fuel, wall clock, memory, and the way out of it. It doesn't know why the
//! run was started.

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_abi::{Code, limits};
use casemate_gate::Refusal;
use wasmtime::{Engine, Store, Trap, UpdateDeadline};

use super::admission::Admitted;
use super::limiter::Limiter;
use super::outcome::{self, Outcome};
use super::turns::Turn;
use super::wasi::{self, Wasi};
use crate::crossing::{Passage, Way, lost};

/// Handles that a guest may hold; only those that import WASI have any.
const HANDLES: usize = 256;

/// Units of fuel that instantiation may burn each time: about a tenth of a second. It is no run's own, and start functions
/// are no place to work.
const INSTANTIATION_FUEL: u64 = 100_000_000;

/// What a run may burn.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Units of fuel.
    pub fuel: u64,
    /// Time in guest and gates.
    pub wall_clock: Duration,
}

/// What became of a guest that ran.
pub struct Execution {
    /// Its way through the crossing, for the end to be recorded.
    pub passage: Passage,
    /// What came of it.
    pub outcome: Outcome,
    /// Units of fuel burned, replayed ones included.
    pub fuel_used: u64,
    /// Time in guest and gates.
    pub running: Duration,
    /// Whether it was instantiated. What that burns is not the same everywhere.
    pub begun: bool,
}

/// What belongs to one guest.
pub(super) struct Guest {
    pub(super) passage: Passage,
    pub(super) limiter: Limiter,
    pub(super) fuel: u64,
    /// Its turn on the guests' threads.
    pub(super) turn: Turn,
    /// Whether it is instantiated: what that burned is not counted.
    begun: bool,
    /// What it has of WASI.
    pub(super) wasi: Wasi,
    /// How the crossing ended the run, while the guest is being unwound.
    pub(super) ended: Option<Way>,
}

impl Guest {
    /// Fuel that the run has burned, when so much is left.
    pub(super) const fn fuel_used(&self, left: u64) -> u64 {
        if self.begun { self.fuel.saturating_sub(left) } else { 0 }
    }
}

/// The guest is being unwound; why, stands in [`Guest::ended`].
#[derive(Debug, thiserror::Error)]
#[error("the run ends here")]
pub(super) struct Unwind;

pub(super) async fn run(
    agent: Arc<Admitted>,
    passage: Passage,
    input: String,
    allowance: Allowance,
    turn: Turn,
    place: wasi::Place,
) -> Execution {
    turn.take().await;
    let begun = Instant::now();
    let limiter = Limiter::new(Arc::clone(passage.meter()));
    let wasi = Wasi::new(&passage, place);
    let fuel = passage.stops_at().unwrap_or(allowance.fuel);
    let guest = Guest { passage, limiter, fuel, turn, begun: false, wasi, ended: None };
    let mut store = Store::new(engine_of(&agent), guest);
    let deadline = begun + allowance.wall_clock;
    store.data_mut().passage.must_end_by(deadline);
    prepare(&mut store, deadline);
    let ran = call(&agent, &mut store, &input, allowance.fuel.min(INSTANTIATION_FUEL)).await;
    // One that the clock stopped says nothing more: where exactly it was, its replay can't know.
    if !matches!(&ran, Err(error) if error.is::<TooLong>()) {
        wasi::finish(&mut store).await;
    }
    // A guest that didn't come through its instantiation burned of that one's allowance.
    let is_begun = store.data().begun;
    let most = if is_begun { fuel } else { allowance.fuel.min(INSTANTIATION_FUEL) };
    let fuel_used = most.saturating_sub(store.get_fuel().unwrap_or_default());
    let running = begun.elapsed();
    let Guest { passage, limiter, ended, wasi, .. } = store.into_data();
    let outcome = match (ended, limiter.stop, ran) {
        (Some(Way::Park { until_ms, asking }), ..) => Outcome::Parked { until_ms, asking },
        (Some(Way::Stop(refusal)), ..) | (_, Some(refusal), _) => Outcome::Finished(Err(refusal)),
        (_, _, Ok(result)) => Outcome::Finished(outcome::returned(result)),
        (_, _, Err(_)) if wasi.exited().is_some() => Outcome::Finished(outcome::exited(wasi.exited())),
        (_, _, Err(error)) if !is_begun && most < allowance.fuel && error.downcast_ref() == Some(&Trap::OutOfFuel) => {
            Outcome::Finished(Err(too_much_to_begin()))
        }
        (_, _, Err(error)) if error.is::<Lost>() => Outcome::Finished(Err(lost())),
        (_, _, Err(error)) if error.is::<TooLong>() => Outcome::Finished(Err(too_long(allowance.wall_clock))),
        (_, _, Err(error)) => {
            Outcome::Finished(Err(outcome::trapped(&error, passage.meter(), limiter.at_cap, fuel_used)))
        }
    };
    Execution { passage, outcome, fuel_used, running, begun: is_begun }
}

fn engine_of(agent: &Admitted) -> &Engine {
    agent.prepared.engine()
}

#[derive(Debug, thiserror::Error)]
#[error("the run took longer than it may")]
struct TooLong;

#[derive(Debug, thiserror::Error)]
#[error("the run is not this host's any more")]
struct Lost;

fn too_long(limit: Duration) -> Refusal {
    let message = format!(
        "the run's budget `wall-clock` is used up: its last {} ms are over; raise `budget.run.wall-clock` in the policy",
        limit.as_millis()
    );
    Refusal::new(Code::BudgetWallClock, message)
}

fn too_much_to_begin() -> Refusal {
    let message = format!(
        "the run's budget `fuel` is used up for making its instance: {INSTANTIATION_FUEL} of {INSTANTIATION_FUEL} burned, \
         which no policy can raise; do the work in `run` and not in a start function"
    );
    Refusal::new(Code::BudgetFuel, message)
}

fn prepare(store: &mut Store<Guest>, deadline: Instant) {
    store.limiter(|guest| &mut guest.limiter);
    store.set_hostcall_fuel(limits::CALL_BYTES.saturating_mul(2));
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    // The one point at which a guest that calls nobody can be stopped by the clock, and has to let others in.
    let turn = store.data().turn.clone();
    store.epoch_deadline_callback(move |mut store| {
        store.data_mut().passage.tick();
        if store.data().passage.is_held().is_err() {
            Err(wasmtime::Error::new(Lost))
        } else if Instant::now() < deadline {
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(turn.again())))
        } else {
            Err(wasmtime::Error::new(TooLong))
        }
    });
}

async fn call(
    agent: &Admitted,
    store: &mut Store<Guest>,
    input: &str,
    instantiation: u64,
) -> wasmtime::Result<Result<String, casemate_bindings::Failure>> {
    let fuel = store.data().fuel;
    // What instantiation burns depends on the host's memory tricks, so it is bounded and not counted.
    store.set_fuel(instantiation)?;
    let instance = agent.prepared.instantiate_async(&mut *store).await?;
    store.set_fuel(fuel)?;
    store.data_mut().begun = true;
    instance.call_run(store, input).await
}
