//! Casemate's host as a library, for the program of the same name, its tests and its benchmarks. Modules know only
//! modules on a lower line of ARCHITECTURE.md's table.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crossing;
pub mod dispatch;
pub mod durable;
pub mod lease;
pub mod sandbox;
pub mod telemetry;
pub mod tools;
