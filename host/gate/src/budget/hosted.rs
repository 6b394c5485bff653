//! Memory that the host holds for a run: arguments, replies, tokens, records that wait. It counts like the run's own,
//! and comes back when the value is dropped. Sizes are functions of what the guest did, so that a replay counts the same.
//! It doesn't know what is held.

use std::sync::Arc;

use super::meter::Meter;
use super::resource::Resource;
use crate::refusal::Refusal;

/// What the host adds to the bytes of a value for the value itself.
pub const HOSTED_VALUE: u64 = 64;

/// Bytes that the host holds for a run, charged to the run, its agent and its tenant.
#[derive(Debug)]
#[must_use]
pub struct Hosted {
    meter: Arc<Meter>,
    bytes: u64,
}

/// Why the host can't hold more for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unhosted {
    /// The run's own cap: the call is refused, and the run may go on.
    Own(Refusal),
    /// Its agent's or its tenant's: the run ends, so that what a guest sees doesn't depend on its neighbours.
    Shared(Refusal),
}

impl Hosted {
    /// Nothing yet.
    pub const fn nothing(meter: Arc<Meter>) -> Self {
        Self { meter, bytes: 0 }
    }

    /// Holds so many bytes instead of what was held before.
    ///
    /// # Errors
    /// [`Unhosted`]; then what was held before is still held.
    pub fn resize(&mut self, bytes: u64) -> Result<(), Unhosted> {
        if bytes <= self.bytes {
            self.meter.give_back(Resource::Memory, self.bytes - bytes);
        } else {
            let more = bytes - self.bytes;
            match self.meter.grow(more) {
                Ok(true) => {}
                Ok(false) => return Err(Unhosted::Own(self.meter.refused(Resource::Memory, more))),
                Err(refusal) => return Err(Unhosted::Shared(refusal)),
            }
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Holds so many bytes more.
    ///
    /// # Errors
    /// As for [`Hosted::resize`].
    pub fn add(&mut self, bytes: u64) -> Result<(), Unhosted> {
        self.resize(self.bytes.saturating_add(bytes))
    }

    /// Gives everything back.
    pub fn clear(&mut self) {
        self.meter.give_back(Resource::Memory, std::mem::take(&mut self.bytes));
    }

    /// How much is held.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        self.clear();
    }
}
