//! From an agent's sources to its component: the compiler, the flags that make bytes reproducible, the packing. One
//! recipe for `casemate build` and for the project's own guests. It doesn't know the host: nothing here runs an agent.

mod compile;
mod compiler;
mod debian;
mod embedded;
mod error;
mod names;
mod pack;
mod project;
mod scaffold;

pub mod apt;
pub mod progress;

pub use compile::{Compilation, Modules};
pub use compiler::{Compiler, TARGET};
pub use error::ToolchainError;
pub use pack::{append_manifest, imports, manifest, pack, write};
pub use project::{Cargo, Package, Project};
pub use scaffold::{Sdk, Template, create};
