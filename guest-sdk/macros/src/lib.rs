//! The attribute `#[casemate::agent]`. Agents use it through the crate `casemate`, which re-exports it. It knows
//! nothing about the host: what it expands to is one call into `casemate::__private`.

mod expand;

use proc_macro::TokenStream;

/// Makes a function the agent's entry: exports it as `run` of the world `casemate:agent/agent`.
///
/// The function takes one argument, the run's input (any type that implements serde's `Deserialize`), and
/// returns `Result<Output, E>`, where `Output` implements serde's `Serialize` and `E` turns into
/// `casemate::Failure`. The crate `casemate` shows it at work.
#[proc_macro_attribute]
pub fn agent(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::agent(&arguments.into(), item.into()).into()
}
