//! The memory limit: all memories and tables of a run together, charged to the run, its agent and its
//! tenant beside what the host holds for the run. It doesn't know what the guest keeps there.

use std::sync::Arc;

use casemate_gate::Refusal;
use casemate_gate::budget::{Meter, Resource};
use wasmtime::ResourceLimiter;

use super::pool::TABLE_ELEMENTS;

/// Bytes of one table element.
const ELEMENT: usize = 8;

/// Charges growth to the run's meter.
pub(super) struct Limiter {
    meter: Arc<Meter>,
    /// Growth that was charged and not yet seen to succeed.
    pending: u64,
    /// Bytes of the latest growth that the run's own cap has refused, if it has refused any.
    pub(super) at_cap: Option<u64>,
    /// Why the run must end, if a cap that is not its own was reached.
    pub(super) stop: Option<Refusal>,
}

impl Limiter {
    pub(super) const fn new(meter: Arc<Meter>) -> Self {
        Self { meter, pending: 0, at_cap: None, stop: None }
    }

    /// Only the run's own cap makes growth fail where the guest sees it; its agent's or tenant's ends the run, so that
    /// what the guest sees doesn't depend on its neighbours.
    fn grow(&mut self, current: usize, desired: usize, unit: usize) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current).saturating_mul(unit) as u64;
        match self.meter.grow(more) {
            Ok(granted) => {
                // A guest that was refused and found room after all didn't end for want of it.
                self.at_cap = if granted { None } else { Some(more) };
                self.pending = if granted { more } else { 0 };
                Ok(granted)
            }
            Err(refusal) => {
                self.stop = Some(refusal.clone());
                Err(wasmtime::Error::new(refusal))
            }
        }
    }

    fn failed(&mut self) {
        self.meter.give_back(Resource::Memory, std::mem::take(&mut self.pending));
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.pending = 0;
            return Ok(false);
        }
        self.grow(current, desired, 1)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        // What was granted and failed is the machine's fault: it must not look to the guest like its own cap.
        let was_granted = self.pending > 0;
        self.failed();
        if was_granted { Err(error) } else { Ok(()) }
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // The pool's limit holds where there is no pool, too: a guest must not see which it is.
        if desired > maximum.map_or(TABLE_ELEMENTS, |maximum| maximum.min(TABLE_ELEMENTS)) {
            self.pending = 0;
            return Ok(false);
        }
        self.grow(current, desired, ELEMENT)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed();
        Ok(())
    }
}
