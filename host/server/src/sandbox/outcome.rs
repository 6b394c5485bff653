//! How a run came to its end in the sandbox, and what each way of ending is called. It doesn't know what is recorded
//! of it.

use casemate_abi::Code;
use casemate_bindings::Failure;
use casemate_gate::Refusal;
use casemate_gate::budget::{Meter, Resource};
use wasmtime::Trap;

use super::wasi::Breach;
use crate::crossing::Asking;

/// Longest message of a guest that is kept, in bytes.
const MESSAGE: usize = 4096;

/// What stands before a trap in a run's end.
const TRAPPED: &str = "the guest trapped: ";

/// What wasmtime says of a call that hands over more than the host takes in one.
const TOO_MUCH_LIFTED: &str = "fuel allocated for hostcalls has been exhausted";

/// What came of running a guest.
#[derive(Debug)]
pub enum Outcome {
    /// It ended, with a result document or without one.
    Finished(Result<serde_json::Value, Refusal>),
    /// It waits until a time, in milliseconds since 1970-01-01T00:00:00Z. Its memory is given up.
    Parked {
        /// Until when.
        until_ms: u64,
        /// What it asks a person meanwhile, if it does: the answer wakes it earlier.
        asking: Option<Asking>,
    },
}

/// The result that a guest returned, in the host's words. A guest may call its failure a refusal; that is its own
/// statement and no gate's, so the code says that the agent failed.
pub(super) fn returned(result: Result<String, Failure>) -> Result<serde_json::Value, Refusal> {
    match result {
        Ok(text) if text.len() > casemate_abi::limits::DOCUMENT_BYTES => Err(Refusal::new(
            Code::RunFailed,
            format!("the agent's result has {} bytes, which are too many", text.len()),
        )),
        Ok(text) => {
            serde_json::from_str(&text).map_err(|_| Refusal::new(Code::RunFailed, "the agent's result is not JSON"))
        }
        Err(Failure::Refused(refusal)) => {
            let mut words =
                format!("the agent gave up on a refusal: {} [{} {}]", refusal.message, refusal.code, refusal.name);
            // What it says of itself is only believed as far as the catalogue has it.
            if let Some(code) = Code::from_number(refusal.code) {
                words = format!("{words}; {}", code.remedy());
            }
            Err(Refusal::new(Code::RunFailed, shortened(words)))
        }
        Err(Failure::InvalidInput(words)) => Err(Refusal::new(Code::RunInput, shortened(words))),
        Err(Failure::Failed(words)) => Err(Refusal::new(Code::RunFailed, shortened(words))),
    }
}

/// What a guest's own exit is called. It says nothing but how it ended: its result, if it succeeded, is `null`.
pub(super) fn exited(status: Option<u8>) -> Result<serde_json::Value, Refusal> {
    match status.unwrap_or_default() {
        0 => Ok(serde_json::Value::Null),
        status => Err(Refusal::new(Code::RunFailed, format!("the agent exited with status {status}"))),
    }
}

/// What a trap is called.
pub(super) fn trapped(error: &wasmtime::Error, meter: &Meter, at_cap: Option<u64>, fuel_used: u64) -> Refusal {
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::OutOfFuel) {
        let limit = meter.run_limit(Resource::Fuel);
        let message = format!(
            "the run's budget `fuel` is used up: {fuel_used} of {limit} burned; raise `budget.run.fuel` in the policy"
        );
        return Refusal::new(Code::BudgetFuel, message);
    }
    // The one error of wasmtime's that has no type of its own to be known by; a test holds its words.
    if trap.is_none() && error.root_cause().to_string().contains(TOO_MUCH_LIFTED) {
        let message = format!(
            "a call handed over more than {} bytes, which no policy can raise; send it in smaller pieces",
            casemate_abi::limits::CALL_BYTES * 2
        );
        return Refusal::new(Code::ToolArgument, message).with_internal(format!("{error:#}"));
    }
    // A guest that is refused memory seldom survives it; what killed it is the cap.
    if let Some(asked) = at_cap {
        return meter.refused(Resource::Memory, asked);
    }
    match trap {
        Some(trap) => {
            let words = format!("{TRAPPED}{}{}", said(*trap), super::trap::place(error));
            Refusal::new(Code::RunTrapped, shortened(words)).with_internal(error)
        }
        None => match error.downcast_ref::<Breach>() {
            Some(breach) => Refusal::new(Code::RunTrapped, format!("the guest broke a rule of WASI: {breach}")),
            None => {
                let words = format!("the guest broke a rule of the component model: {}", error.root_cause());
                Refusal::new(Code::RunTrapped, shortened(words)).with_internal(format!("{error:#}"))
            }
        },
    }
}

/// Whether a run ended because its stack was exhausted: at which depth that happens is the compiler's choice.
#[must_use]
pub fn is_stack_exhausted(refusal: &Refusal) -> bool {
    trap_of(refusal).is_some_and(|trap| trap == said(Trap::StackOverflow))
}

/// Which trap ended a run, without the place at which it did.
#[must_use]
pub fn trap_of(refusal: &Refusal) -> Option<&str> {
    let words = refusal.message().strip_prefix(TRAPPED).filter(|_| refusal.code() == Code::RunTrapped)?;
    Some(words.split_once(" in ").map_or(words, |(trap, _)| trap))
}

/// wasmtime's words for a trap, without its own prefix.
fn said(trap: Trap) -> String {
    let words = trap.to_string();
    words.strip_prefix("wasm trap: ").map(str::to_owned).unwrap_or(words)
}

fn shortened(mut words: String) -> String {
    if words.len() > MESSAGE {
        let end = (0..=MESSAGE).rev().find(|end| words.is_char_boundary(*end)).unwrap_or_default();
        words.truncate(end);
        words.push('…');
    }
    words
}
