//! The life of a job as pure state machines: what may happen to it, who may let it happen, who pays and whose turn it
//! is. Everything that writes a job's row is held to [`Job::apply`], and a simulator of hosts, crashes and lost
//! answers runs these same functions. It knows no database, clock, thread or source of randomness: time and random
//! numbers are arguments.

mod apply;
mod command;
mod duty;
pub mod escrow;
pub mod fair;
mod job;
pub mod lease;
pub mod recovery;
mod refused;
pub mod retry;
mod state;

#[cfg(test)]
mod tests;

pub use apply::Transition;
pub use command::{Call, Cause, Command, Entry, Resolution, Wake};
pub use duty::{Duty, End, Reason};
pub use job::{Job, MOST_LOSSES, Unsettled};
pub use refused::Refused;
pub use state::State;
