//! The probe's sibling that imports nothing which needs a database: it logs, waits, and asks for time and randomness
//! as its input says, in the probe's words, and replies as the probe does.

use std::hint::black_box;
use std::time::Duration;

use casemate::{Refusal, clock, log, random};
use serde::Deserialize;
use serde_json::{Value, json};

/// One action: `{"do": "<name>", …}`.
#[derive(Clone, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Action {
    /// Replies null.
    Log { message: String },
    /// Logs a line of so many bytes. Replies null.
    LogFill { length: usize },
    /// Replies milliseconds since 1970.
    Clock,
    /// Replies null.
    Sleep { ms: u64 },
    /// Replies 32 random bytes in hexadecimal.
    Random,
    /// Replies the value itself, without any call.
    Echo { value: Value },
    /// Counts to a number, without any call. Replies null.
    Burn { turns: u64 },
    /// Does actions so many times over. Replies null, or the first refusal.
    Repeat { times: u64, actions: Vec<Action> },
}

#[casemate::agent]
fn run(actions: Vec<Action>) -> Result<Vec<Value>, Refusal> {
    Ok(actions.into_iter().map(reply).collect())
}

/// Does an action and shows what came of it.
fn reply(action: Action) -> Value {
    match perform(action) {
        Ok(answer) => json!({ "ok": answer }),
        Err(refusal) => json!({ "refused": {
            "code": refusal.code(),
            "name": refusal.name(),
            "message": refusal.message(),
            "remedy": refusal.remedy(),
        } }),
    }
}

/// Does an action.
fn perform(action: Action) -> Result<Value, Refusal> {
    match action {
        Action::Log { message } => log::info(message)?,
        Action::LogFill { length } => log::info("x".repeat(length))?,
        Action::Clock => return Ok(clock::now()?.milliseconds().into()),
        Action::Sleep { ms } => clock::sleep(Duration::from_millis(ms))?,
        Action::Random => {
            let bytes = random::bytes::<32>()?;
            return Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into());
        }
        Action::Echo { value } => return Ok(value),
        Action::Burn { turns } => (0..turns).for_each(|turn| {
            black_box(turn);
        }),
        Action::Repeat { times, actions } => {
            for action in (0..times).flat_map(|_| actions.clone()) {
                perform(action)?;
            }
        }
    }
    Ok(Value::Null)
}
