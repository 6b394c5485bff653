//! Logs one line and then panics with its input as the message: for tests of traps.

use casemate::{Refusal, log};

#[casemate::agent]
#[expect(clippy::panic, reason = "this guest's purpose")]
fn run(message: String) -> Result<(), Refusal> {
    log::warn("about to panic")?;
    panic!("{message}")
}
