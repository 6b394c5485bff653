//! The sandbox: an agent as a component instance of its own, and what it can't do. It has no filesystem, no network,
//! no environment, no real clock, no host randomness, no threads, no shared memory; every word it says to the world
//! is an owned request that crosses. It doesn't know which tools exist behind the crossing.

mod admission;
#[cfg(test)]
mod allocators;
#[cfg(test)]
mod alone;
pub mod anatomy;
mod candidate;
mod compile;
mod engine;
mod fault;
mod guest;
mod imports;
mod limiter;
mod outcome;
mod pool;
mod profile;
mod trap;
mod turns;
mod wasi;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use casemate_gate::policy::Grants;
use tokio::runtime::{Builder, Runtime};
use wasmtime::Engine;
use wasmtime::component::Linker;

pub use admission::{Admitted, ComponentError, Loaded};
pub use candidate::Candidate;
pub use compile::{CompileLimits, Compiler, compiler_process};
pub use engine::EngineError;
pub use guest::{Allowance, Execution};
pub use outcome::{Outcome, is_stack_exhausted, trap_of};
pub use pool::PoolMetrics;
pub use profile::{Optimisation, Other, differing, is_the_profile_of_runs, profile};
pub use wasi::ScratchError;

use crate::crossing::Passage;
use guest::Guest;
use pool::Pool;
use turns::Turns;

/// Threads that guests run on, for each processor. They are not the host's, and there are more of them than
/// processors, so that a guest that wakes up finds one that no other tenant's busy guest sits on; see [`turns`].
const THREADS_A_PROCESSOR: usize = 8;

/// Runs guests.
pub struct Sandbox {
    engine: engine::Ticking,
    linker: Linker<Guest>,
    compiler: Compiler,
    pool: Pool,
    turns: Turns,
    scratch: wasi::Place,
    // Taken in Drop only: a runtime must not be dropped inside another one.
    threads: Option<Runtime>,
}

impl Sandbox {
    /// Builds the engine, starts its ticker and the guests' threads.
    ///
    /// # Errors
    /// [`EngineError`] when this machine can't run guests.
    pub fn new(compiler: Compiler) -> Result<Self, EngineError> {
        Self::on(engine::Ticking::start()?, compiler)
    }

    /// The same for a run now and then, such as one that is repeated: no pool is set aside, and code is optimised as the
    /// compiler does it.
    ///
    /// # Errors
    /// As [`Sandbox::new`].
    pub fn small(compiler: Compiler) -> Result<Self, EngineError> {
        Self::on(engine::Ticking::small(compiler.optimisation())?, compiler)
    }

    fn on(engine: engine::Ticking, compiler: Compiler) -> Result<Self, EngineError> {
        let linker = imports::linker(&engine).map_err(EngineError::Engine)?;
        let processors = thread::available_parallelism().map_or(1, Into::into);
        let threads = Builder::new_multi_thread()
            .worker_threads(processors * THREADS_A_PROCESSOR)
            .thread_name("guest")
            .enable_time()
            .build()
            .map_err(EngineError::Threads)?;
        let (pool, turns) = (Pool::new(), Turns::new(processors));
        let scratch = wasi::Place::default();
        Ok(Self { engine, linker, compiler, pool, turns, scratch, threads: Some(threads) })
    }

    /// Has the scratch directories of runs made in this directory, which is its own: what a host that was killed left in
    /// it is removed. Until then no run gets one.
    ///
    /// # Errors
    /// [`ScratchError`] when it can't be made or emptied.
    pub fn keep_scratch_in(&self, directory: &Path) -> Result<(), ScratchError> {
        self.scratch.open(directory)
    }

    /// Makes a component ready to run, if everything that it imports is granted.
    ///
    /// # Errors
    /// [`ComponentError`]: what is wrong with it, or with this machine's compiler.
    pub async fn load(&self, candidate: &Candidate, grants: &Grants) -> Result<Loaded, ComponentError> {
        admission::check_imports(candidate.imports(), grants)?;
        let component = self.compiler.component(&self.engine, candidate, grants).await?;
        Loaded::new(candidate, &component, &self.linker)
    }

    /// Admits a component whose every import is granted.
    ///
    /// # Errors
    /// [`ComponentError::Imports`] with the list of those that are not.
    pub fn admit(&self, loaded: &Loaded, grants: &Grants) -> Result<Admitted, ComponentError> {
        loaded.admit(grants)
    }

    /// How full the pool of instances is.
    #[must_use]
    pub fn pool(&self) -> PoolMetrics {
        self.pool.metrics(&self.engine)
    }

    /// Runs an agent until it ends or waits, on the guests' threads, as soon as the pool has room for it.
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
        let room = self.pool.enter(agent.shares).await.ok_or(EngineError::Gone)?;
        let turn = self.turns.of(passage.tenant());
        let scratch = self.scratch.clone();
        let run = async move {
            let execution = Box::pin(guest::run(agent, passage, input, allowance, turn, scratch)).await;
            drop(room);
            execution
        };
        threads.spawn(run).await.map_err(|_| EngineError::Gone)
    }

    /// The same on the caller's own task, for a caller whose thread may be a guest's.
    pub async fn execute_here(
        &self,
        agent: Arc<Admitted>,
        passage: Passage,
        input: String,
        allowance: Allowance,
    ) -> Execution {
        let turn = self.turns.of(passage.tenant());
        Box::pin(guest::run(agent, passage, input, allowance, turn, self.scratch.clone())).await
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
