//! Compiling is hostile work: one component a child process, with pipes, limits and a system-call filter, and no key or
//! file of the host's in reach. What the child returns is kept under the host's MAC, by a key that the parent worked
//! out from the bytes that it sent, and is loaded from sealed memory. It doesn't know who wants the component.

mod cache;
mod child;
mod jail;
mod sealed;
mod worker;

use std::hash::{Hash as _, Hasher};
use std::path::PathBuf;
use std::time::Duration;

use casemate_gate::policy::Grants;
use casemate_keys::MacKey;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::admission::ComponentError;
use super::anatomy::Interface;
use super::candidate::Candidate;
use super::profile::{Optimisation, profile};
pub use worker::main as compiler_process;

use cache::Cache;
use child::Answer;

/// Compilations at one time. More would be refused for time that they spend waiting for each other.
const AT_ONCE: usize = 2;

/// Why there is no code for a component.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It took the compiler more time or memory than its size accounts for.
    #[error("simplify the component: compiling it took more {what} than the {allowed} that its size allows")]
    Limit {
        /// Time or memory.
        what: &'static str,
        /// How much.
        allowed: String,
    },
    /// The compiler ended by itself.
    #[error("simplify the component: the compiler did not survive it")]
    Died(#[source] std::io::Error),
    /// The compiler can't be started, or the machine has no room for what it makes.
    #[error("make this machine able to start the program's compiler and to hold its result in memory")]
    Machine(#[source] std::io::Error),
}

impl CompileError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Limit { .. } => "component-compile-limit",
            Self::Died(_) => "component-compile-failed",
            Self::Machine(_) => "engine-compiler",
        }
    }
}

/// What one compilation may take: so much for any component, and more for each MiB of functions in a larger one, up to a
/// ceiling. A component that needs more than its functions account for was made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Time, and processor time on each thread.
    pub time: Duration,
    /// Time for each MiB of functions.
    pub time_a_mib: Duration,
    /// Bytes of address space.
    pub memory: u64,
    /// Bytes of address space for each MiB of functions.
    pub memory_a_mib: u64,
    /// The most of either.
    pub most: (Duration, u64),
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(20),
            time_a_mib: Duration::from_secs(20),
            memory: 1 << 30,
            memory_a_mib: 192 << 20,
            most: (Duration::from_secs(300), 4 << 30),
        }
    }
}

impl CompileLimits {
    fn of(&self, code_bytes: u64) -> (Duration, u64) {
        let mib = u32::try_from(code_bytes >> 20).unwrap_or(u32::MAX);
        let time = self.time.saturating_add(self.time_a_mib.saturating_mul(mib));
        let memory = self.memory.saturating_add(self.memory_a_mib.saturating_mul(mib.into()));
        (time.min(self.most.0), memory.min(self.most.1))
    }
}

/// Makes code of components.
pub struct Compiler {
    program: PathBuf,
    limits: CompileLimits,
    cache: Cache,
    room: Semaphore,
    optimisation: Optimisation,
}

impl Compiler {
    /// A compiler that starts `program` (this program, or one whose `main` begins with [`worker::main`]) for each
    /// component, and keeps what it makes in `directory`, authenticated by `key`.
    #[must_use]
    pub fn new(program: PathBuf, limits: CompileLimits, directory: PathBuf, key: MacKey) -> Self {
        let (cache, room) = (Cache::new(directory, key), Semaphore::new(AT_ONCE));
        Self { program, limits, cache, room, optimisation: Optimisation::default() }
    }

    /// The same with code that is optimised otherwise.
    #[must_use]
    pub fn optimising(self, optimisation: Optimisation) -> Self {
        Self { optimisation, ..self }
    }

    /// How far it optimises.
    #[must_use]
    pub const fn optimisation(&self) -> Optimisation {
        self.optimisation
    }

    /// The code of a component, from the cache or from a child process.
    ///
    /// # Errors
    /// [`ComponentError`]: what is wrong with the component, or with this machine.
    pub(super) async fn component(
        &self,
        engine: &Engine,
        candidate: &Candidate,
        grants: &Grants,
    ) -> Result<Component, ComponentError> {
        let key = self.key(engine, candidate);
        if let Some(code) = self.cache.get(&key) {
            match sealed::load(engine, &code) {
                Ok(component) => return Ok(component),
                Err(error) => tracing::warn!(%error, "code in the cache does not load; compiling again"),
            }
        }
        let code = self.compile(candidate, grants).await?;
        if let Err(error) = self.cache.put(&key, &code) {
            tracing::warn!(%error, "code can't be kept; it will be compiled again next time");
        }
        sealed::load(engine, &code)
    }

    async fn compile(&self, candidate: &Candidate, grants: &Grants) -> Result<Vec<u8>, ComponentError> {
        let room = self.room.acquire().await;
        let (time, memory) = self.limits.of(candidate.code_bytes());
        // The child is told what is granted and refuses before it compiles; the parent has looked too.
        let granted: Vec<&str> = candidate
            .imports()
            .iter()
            .map(String::as_str)
            .filter(|import| Interface::of(import).is_granted(grants))
            .collect();
        let arguments = worker::arguments(time, memory, self.optimisation);
        let answer = child::ask(&self.program, candidate, &granted, arguments, (time, memory)).await;
        drop(room);
        match answer? {
            Answer::Code(code) => Ok(code),
            Answer::Imports(names) => Err(ComponentError::Imports(names)),
            Answer::Malformed(why) => Err(ComponentError::Malformed(wasmtime::Error::msg(why))),
        }
    }

    /// Names code by everything that it depends on: the component's bytes, the profile and wasmtime's own settings.
    fn key(&self, engine: &Engine, candidate: &Candidate) -> [u8; 32] {
        let profile = profile(self.optimisation);
        let mut feed = Feed(Sha256::new_with_prefix(b"casemate/code/v1"));
        feed.write(candidate.digest().as_bytes());
        feed.write(&(profile.len() as u64).to_le_bytes());
        feed.write(profile.as_bytes());
        engine.precompile_compatibility_hash().hash(&mut feed);
        feed.0.finalize().into()
    }
}

struct Feed(Sha256);

impl Hasher for Feed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0 // only the whole hash is asked for
    }
}
