//! WASI 0.2 for components of other tool chains: family by family, and nothing of the world behind any of them. Clocks
//! are the run's virtual ones, randomness is the run's own, standard output goes to the run's log through the crossing,
//! sockets are refused, the environment is empty, and the one file system is a scratch directory where one is granted.
//! What can be seen through it is a function of the run's record, so that a run that is repeated sees the same. It doesn't
//! know who admitted the component: whatever is linked here was granted as an import.

mod call;
mod cli;
mod clocks;
mod filesystem;
mod io;
mod place;
mod poll;
mod random;
mod scratch;
mod sockets;
mod stdio;
mod streams;

use std::sync::Arc;

use casemate_gate::authz::Action;
use casemate_gate::call::Level;
use wasmtime::Store;
use wasmtime::component::{Linker, ResourceTable};

pub(super) use place::Place;
pub use place::ScratchError;

use super::guest::Guest;
use crate::crossing::Passage;
use random::Streams;
use scratch::Scratch;
use stdio::Line;

/// The version that is defined; wasmtime finds it for an import of any 0.2.x.
const VERSION: &str = "0.2.12";

/// Files, streams, pollables and errors that a guest may hold at the same time: what a language's runtime needs many
/// times over.
const RESOURCES: usize = 192;

/// What a guest asked for where WASI has no way to say no: it traps.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Breach(String);

/// The end of a call that broke a rule.
fn breach<T>(words: impl Into<String>) -> wasmtime::Result<T> {
    Err(wasmtime::Error::new(Breach(words.into())))
}

/// What one guest has of WASI.
pub(super) struct Wasi {
    table: ResourceTable,
    /// Made when it is first asked for.
    random: Option<Box<Streams>>,
    output: Line,
    errors: Line,
    /// Whether what is written to standard output is logged, and whether time may pass outside the run.
    may_log: bool,
    may_wait: bool,
    scratch: Option<Scratch>,
    exited: Option<u8>,
}

impl Wasi {
    /// What a run's grants give.
    pub(super) fn new(passage: &Passage, place: Place) -> Self {
        let (grants, meter) = (passage.grants(), Arc::clone(passage.meter()));
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        Self {
            table,
            random: None,
            output: Line::new(Level::Info),
            errors: Line::new(Level::Warn),
            may_log: grants.covers(Action::LogWrite, None),
            may_wait: grants.covers(Action::ClockWait, None),
            scratch: grants.scratch_bytes().map(|quota| Scratch::new(place, quota, meter)),
            exited: None,
        }
    }

    /// The status with which the guest exited, if that is how it ended.
    pub(super) const fn exited(&self) -> Option<u8> {
        self.exited
    }
}

/// Defines every family. A component gets only what it imports, and it imports only what is granted.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    io::link(linker)?;
    poll::link(linker)?;
    streams::link(linker)?;
    clocks::link(linker)?;
    random::link(linker)?;
    cli::link(linker)?;
    stdio::link(linker)?;
    filesystem::link(linker)?;
    sockets::link(linker)
}

/// Logs what the guest wrote after its last line's end, now that it has ended.
pub(super) async fn finish(store: &mut Store<Guest>) {
    stdio::finish(store).await;
}

fn name(interface: &str) -> String {
    format!("wasi:{interface}@{VERSION}")
}
