//! The sandbox: an agent as a component instance of its own, and what it can't do. It has no filesystem, no network,
//! no environment, no real clock, no host randomness, no threads, no shared memory; every word it says to the world
//! is an owned request that crosses. It doesn't know which tools exist behind the crossing.

mod admission;
mod engine;
mod guest;
mod imports;
mod limiter;
mod outcome;

use std::sync::Arc;
use std::time::Duration;

use casemate_gate::policy::Grants;
use tokio::runtime::{Builder, Runtime};
use wasmtime::Engine;
use wasmtime::component::Linker;

pub use admission::{Admitted, ComponentError, Loaded};
pub use engine::{EngineError, PROFILE};
pub use guest::{Allowance, Execution};
pub use outcome::Outcome;

use crate::crossing::Passage;
use guest::Guest;

/// Threads that guests run on. They are not the host's: a looping guest takes time from other guests, and the epoch
/// ticker sees to it that it gives it back every tick.
const GUEST_THREADS: usize = 2;

/// Runs guests.
pub struct Sandbox {
    engine: engine::Ticking,
    linker: Linker<Guest>,
    // Taken in Drop only: a runtime must not be dropped inside another one.
    threads: Option<Runtime>,
}

impl Sandbox {
    /// Builds the engine, starts its ticker and the guests' threads.
    ///
    /// # Errors
    /// [`EngineError`] when this machine can't run guests.
    pub fn new() -> Result<Self, EngineError> {
        let engine = engine::Ticking::start()?;
        let linker = imports::linker(&engine).map_err(EngineError::Engine)?;
        let threads = Builder::new_multi_thread()
            .worker_threads(GUEST_THREADS)
            .thread_name("guest")
            .enable_time()
            .build()
            .map_err(EngineError::Threads)?;
        Ok(Self { engine, linker, threads: Some(threads) })
    }

    /// Parses and compiles a component, and reads its manifest.
    ///
    /// # Errors
    /// [`ComponentError`] for bytes that are no agent.
    pub fn load(&self, bytes: &[u8]) -> Result<Loaded, ComponentError> {
        Loaded::new(&self.engine, bytes)
    }

    /// Admits a component whose every import is granted.
    ///
    /// # Errors
    /// [`ComponentError::Imports`] with the list of those that are not.
    pub fn admit(&self, loaded: &Loaded, grants: &Grants) -> Result<Admitted, ComponentError> {
        loaded.admit(&self.linker, grants)
    }

    /// Runs an agent until it ends or waits, on the guests' threads.
    ///
    /// # Errors
    /// When the guests' threads are gone.
    pub async fn execute(
        &self,
        agent: Arc<Admitted>,
        passage: Passage,
        input: String,
        allowance: Allowance,
    ) -> Result<Execution, EngineError> {
        let Some(threads) = &self.threads else { return Err(EngineError::Gone) };
        threads.spawn(guest::run(agent, passage, input, allowance)).await.map_err(|_| EngineError::Gone)
    }

    /// The same on the caller's own task, for a caller whose thread may be a guest's.
    pub async fn execute_here(
        &self,
        agent: Arc<Admitted>,
        passage: Passage,
        input: String,
        allowance: Allowance,
    ) -> Execution {
        guest::run(agent, passage, input, allowance).await
    }

    /// The engine, for embeddings to be measured beside it.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// How often the epoch advances: how long a guest may run before others get a turn.
const TICK: Duration = Duration::from_millis(10);
