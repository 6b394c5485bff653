//! The crate that agent authors use: `#[casemate::agent]`, typed tools, refusals as values.
//!
//! An agent is a library crate (`crate-type = ["cdylib"]`) for `wasm32-unknown-unknown` with one function under
//! `#[casemate::agent]` and a `casemate.toml` beside its `Cargo.toml`, which names the most that it ever asks for.
//! It reaches the world only through the modules of this crate. Each call crosses the host's gates, so each
//! returns a `Result`: a [`Refusal`] is a value, and the agent may go on after it.
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Input {
//!     limit: u32,
//! }
//!
//! #[derive(Serialize)]
//! struct Output {
//!     open: i64,
//! }
//!
//! #[derive(Deserialize)]
//! struct Case {
//!     amount: i64,
//! }
//!
//! #[casemate::agent]
//! fn run(input: Input) -> Result<Output, casemate::Refusal> {
//!     let cases: Vec<Case> = casemate::sql::query("select amount from public.cases order by id limit $1")
//!         .bind(input.limit)
//!         .rows()?;
//!     casemate::log::info(format!("{} cases", cases.len()))?;
//!     Ok(Output { open: cases.iter().map(|case| case.amount).sum() })
//! }
//! # fn main() {}
//! ```
//!
//! On the host (in an agent's unit tests, say) everything compiles, but a call of a tool panics: there is no host
//! to answer it. Keep rules that are worth testing in functions that call no tool.

#[doc(hidden)]
pub mod bindings;
mod entry;
mod failure;
mod refusal;

pub mod clock;
pub mod kv;
pub mod log;
pub mod random;
pub mod sql;

pub use casemate_abi::Code;
pub use casemate_sdk_macros::agent;
pub use failure::Failure;
pub use refusal::Refusal;

/// What the attribute's expansion refers to. Not part of the crate's interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings;
    pub use crate::entry::run;
}
