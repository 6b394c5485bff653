//! The one wasmtime `Config`: profile `det-1`, each option with its reason. A run that is repeated under the same
//! profile does the same. It doesn't know what it runs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OperatorCost, OptLevel, VariableOperatorCost, WasmBacktraceDetails,
};

use super::{TICK, pool};

/// Name of the profile, recorded with every run: it changes with anything that could change what a run does.
pub const PROFILE: &str = "det-1/wasmtime-48.0.8";

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

/// The profile's options without an allocator.
fn det_1() -> wasmtime::Result<Config> {
    let mut config = Config::new();
    // Fuel decides how long a run may go on: the same program on the same input burns the same.
    config.consume_fuel(true).operator_cost(OperatorCost {
        variable: VariableOperatorCost { memory_grow_per_page: 100, ..VariableOperatorCost::default() },
        ..OperatorCost::default()
    });
    // Epochs only make a guest give way, and end it by the wall clock.
    config.epoch_interruption(true);
    // The stack's size decides where recursion ends, so it is part of the profile.
    config.max_wasm_stack(512 << 10).async_stack_size(2 << 20);
    // One kind of NaN, no operation whose result is the processor's choice.
    config.cranelift_nan_canonicalization(true).wasm_relaxed_simd(false);
    // Optimisation changes the size of stack frames, and so where recursion ends.
    config.cranelift_opt_level(OptLevel::Speed);
    // The processor's baseline, not what this machine happens to have: stack frames and results stay the same.
    config.target(if cfg!(target_arch = "aarch64") {
        "aarch64-unknown-linux-gnu"
    } else {
        "x86_64-unknown-linux-gnu"
    })?;
    // No threads: their order would be the scheduler's choice.
    config.wasm_threads(false).shared_memory(false).wasm_stack_switching(false);
    // What agents don't need and what has had most of the holes. The cargo features stay compiled in: builds without
    // them had holes of their own.
    config.wasm_gc(false).wasm_function_references(false).wasm_exceptions(false).gc_support(false);
    config.wasm_memory64(false);
    // What copies a text from one component inside to another has both their memories: without several memories in one
    // module, wasmtime's own adapters are invalid and the compiler panics over them.
    config.wasm_multi_memory(true);
    // No asynchronous calls within a component (their cargo feature is off too): their order would have to be recorded.
    config.wasm_component_model(true).concurrency_support(false);
    // Part of the profile, since initialisation burns other fuel without it.
    config.memory_init_cow(true);
    // A stranger's debug information is not parsed.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    Ok(config)
}

/// Pooled where the machine has the address space for it, else on demand, both compiled with the same flags.
fn engine() -> wasmtime::Result<Engine> {
    let mut pooled = det_1()?;
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool::allocation()));
    Engine::new(&pooled).or_else(|error| {
        tracing::warn!(%error, "guests run without a pool: allow this process more address space");
        on_demand()
    })
}

/// The same profile without a pool: it makes the same code, so it is also what compiles.
pub(in crate::sandbox) fn on_demand() -> wasmtime::Result<Engine> {
    Engine::new(&det_1()?)
}

/// The engine and the thread that advances its epoch.
pub(super) struct Ticking {
    engine: Engine,
    stop: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl Ticking {
    pub(super) fn start() -> Result<Self, EngineError> {
        let engine = engine().map_err(EngineError::Engine)?;
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
