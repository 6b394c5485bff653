//! The crate that agent authors use: `#[casemate::agent]`, typed tools, refusals as values.
//!
//! An agent is a library crate (`crate-type = ["cdylib"]`) for `wasm32-unknown-unknown` with one function under
//! `#[casemate::agent]` and a `casemate.toml` beside its `Cargo.toml`, which names the most that it ever asks for.
//! It reaches the world only through the modules of this crate. Each call crosses the host's gates, so each
//! returns a `Result`: a [`Refusal`] is a value, and the agent may go on after it.
//!
//! ```
//! use casemate::sql::{self, Rows, params};
//! use casemate::testing::Script;
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
//!     let cases: Vec<Case> =
//!         sql::query("select amount from public.cases order by id limit $1").bind(input.limit).rows()?;
//!     casemate::log::info(format!("{} cases", cases.len()))?;
//!     Ok(Output { open: cases.iter().map(|case| case.amount).sum() })
//! }
//!
//! // The attribute leaves the function as it is, so that a test can call it, with a script in the host's place.
//! let found = Rows::new(["amount"], [params![100], params![7]]);
//! let script = Script::new().sql_query("select amount from public.cases order by id limit $1", params![2], Ok(found));
//! let output = script.run(|| run(Input { limit: 2 }))?;
//! assert_eq!(output.open, 107);
//! # Ok::<(), casemate::Refusal>(())
//! ```
//!
//! On your own machine everything compiles too, for unit tests; [`testing`] is the host there.

#[doc(hidden)]
pub mod bindings;
mod entry;
mod failure;
mod refusal;
mod world;

pub mod clock;
pub mod kv;
pub mod log;
pub mod random;
pub mod sql;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

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
