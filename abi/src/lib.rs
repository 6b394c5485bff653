//! The contract between Casemate and its guests, as data: the WIT text, the refusal catalogue and the limits
//! that both sides can rely on. It knows neither wasmtime nor the host, and has no dependency, so that a guest
//! built with any compiler can use it.

mod code;
mod entry;
pub mod limits;

pub use code::{Code, ENTRIES};
pub use entry::{Entry, Kind};

/// The WIT package that hosts bind and guests import.
pub const WIT: &str = include_str!("../wit/agent.wit");

/// Name and version of the WIT package, as it appears in a component's import list.
pub const PACKAGE: &str = "casemate:agent";

/// Version of the package; an import of another version is refused at admission.
pub const VERSION: &str = "0.1.0";

/// Name of the custom section in which a component carries its manifest (UTF-8 TOML).
pub const MANIFEST_SECTION: &str = "casemate:manifest";

#[cfg(test)]
mod tests;
