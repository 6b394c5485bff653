//! The decisions: what a call is, who makes it, whether it may happen, what it may carry, and what must be on
//! record before it does. The gates, each in its own file, each consuming the last one's value and returning a new,
//! sealed one: `Call → Identified → Attempted → Granted → Funded → Screened → Scoped → Approved →
//! Permit`. A skipped or
//! reordered gate doesn't compile.
//!
//! This crate has no runtime and no I/O of its own. It doesn't know wasm, SQL, HTTP or the clock; the ledger and
//! the journal hand it receipts.

pub mod approval;
pub mod audit;
pub mod authz;
pub mod budget;
pub mod call;
pub mod capability;
pub mod id;
pub mod identity;
pub mod job;
pub mod journal;
pub mod pack;
pub mod pii;
pub mod policy;
pub mod problem;
pub mod refusal;
pub mod registry;
pub mod rls;
pub mod vault;

pub use call::{Ask, Call, Effect, Operation, Reply, Request, Tool, Value, Verb};
pub use id::{AgentName, Digest, Epoch, RunId, Seq, TenantId};
pub use problem::Problem;
pub use refusal::Refusal;
