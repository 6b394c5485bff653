//! Logs one line and then burns fuel for ever: for tests of the fuel budget, and of neighbours that must not starve.

use std::hint::black_box;

use casemate::{Refusal, log};

#[casemate::agent]
fn run((): ()) -> Result<u64, Refusal> {
    log::info("round and round")?;
    let mut turns = 0_u64;
    while black_box(true) {
        turns = black_box(turns.wrapping_add(1));
    }
    Ok(turns)
}
