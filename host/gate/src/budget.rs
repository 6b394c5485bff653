//! Gates 2 and 4, the budget: an attempt is charged before anything costs us, and what a call may use is reserved
//! before it happens. Every amount is taken by compare-exchange from the run, its agent and its tenant, at once and in
//! the windows of hour, day and month, so that runs together never pass a limit. It doesn't know where limits come
//! from, where use is kept, what time it is, nor how fuel or memory are measured.

mod bound;
mod calendar;
mod hosted;
mod meter;
mod owner;
mod reservation;
mod resource;
mod share;
mod terms;

pub use bound::is_crowded_out;
pub use calendar::{Period, moment, written};
pub use hosted::{HOSTED_VALUE, Hosted, Unhosted};
pub use meter::{Meter, Remaining};
pub use owner::{Owner, Window, Windows};
pub use reservation::{Attempted, Funded, Held, attempt, attempt_again, reserve};
pub use resource::{Amounts, Caps, Limits, PerResource, PerSpan, Resource, Span};
pub use share::{Share, Stretch};
pub use terms::Terms;

pub(crate) use reservation::Reservation;

#[cfg(test)]
mod tests;
