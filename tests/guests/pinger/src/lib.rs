//! The smallest agent that does anything: one call, and its answer. For benchmarks of what a call costs.

use casemate::{Refusal, clock};

#[casemate::agent]
fn run(_input: Option<u64>) -> Result<u64, Refusal> {
    Ok(clock::now()?.milliseconds())
}
