//! The engines under the profile, with a pool and without. It doesn't know what the profile says, nor what it runs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use wasmtime::{Engine, InstanceAllocationStrategy};

use super::profile::{self, Optimisation};
use super::{TICK, pool};

/// Why guests can't be run here.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime can't be set up on this machine.
    #[error("run on a 64-bit machine that wasmtime supports")]
    Engine(#[source] wasmtime::Error),
    /// Threads can't be started.
    #[error("raise the limit of threads for this user")]
    Threads(#[source] io::Error),
    /// The guests' threads ended.
    #[error("restart the host: its guest threads have ended")]
    Gone,
}

impl EngineError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Engine(_) => "engine-unsupported",
            Self::Threads(_) => "engine-threads",
            Self::Gone => "engine-gone",
        }
    }
}

/// Pooled where the machine has the address space for it, else on demand, both compiled with the same flags.
fn pooled() -> wasmtime::Result<Engine> {
    let mut pooled = profile::config(Optimisation::default())?;
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool::allocation()));
    Engine::new(&pooled).or_else(|error| {
        tracing::warn!(%error, "guests run without a pool: allow this process more address space");
        on_demand(Optimisation::default())
    })
}

/// The profile without a pool: it makes the same code, so it is also what compiles.
pub(in crate::sandbox) fn on_demand(optimisation: Optimisation) -> wasmtime::Result<Engine> {
    Engine::new(&profile::config(optimisation)?)
}

/// The engine and the thread that advances its epoch.
pub(super) struct Ticking {
    engine: Engine,
    stop: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl Ticking {
    /// An engine for many runs at once.
    pub(super) fn start() -> Result<Self, EngineError> {
        Self::with(pooled().map_err(EngineError::Engine)?)
    }

    /// One that sets nothing aside, for a run now and then.
    pub(super) fn small(optimisation: Optimisation) -> Result<Self, EngineError> {
        Self::with(on_demand(optimisation).map_err(EngineError::Engine)?)
    }

    fn with(engine: Engine) -> Result<Self, EngineError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (weak, stopped) = (engine.weak(), Arc::clone(&stop));
        let ticking = move || {
            while !stopped.load(Ordering::Acquire) {
                thread::sleep(TICK);
                match weak.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        };
        let ticker = thread::Builder::new().name("epoch".to_owned()).spawn(ticking).map_err(EngineError::Threads)?;
        Ok(Self { engine, stop, ticker: Some(ticker) })
    }
}

impl std::ops::Deref for Ticking {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(ticker) = self.ticker.take() {
            let _ended = ticker.join();
        }
    }
}
