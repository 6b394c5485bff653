//! Gates 2 and 4, the budget: an attempt is charged before anything costs us, and what a call may use is reserved
//! before it happens. Every amount is taken by compare-exchange, so that the runs of a tenant together never pass
//! their limit. It doesn't know where limits come from, nor how fuel or memory are measured.

mod account;
mod meter;
mod reservation;

pub use account::{Account, Gauge, Limits, Resource};
pub use meter::{Meter, Remaining};
pub use reservation::{Attempted, Funded, Held, attempt, reserve};

pub(crate) use reservation::Reservation;

#[cfg(test)]
mod tests;
