//! The state machine as a table, and what has to hold for all numbers.

mod fair;
mod numbers;
mod table;
