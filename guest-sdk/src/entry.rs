//! The way from the exported `run` to the author's function: JSON in, JSON out. It knows the world's `failure` and
//! nothing of the tools.

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(target_family = "wasm")]
use casemate_abi::limits::PANIC_MESSAGE_BYTES;

use crate::bindings::Failure as WitFailure;
use crate::failure::Failure;

/// Reads the input, calls the agent and writes its result.
#[doc(hidden)]
pub fn run<I, O, E>(input: &str, agent: impl FnOnce(I) -> Result<O, E>) -> Result<String, WitFailure>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Into<Failure>,
{
    #[cfg(target_family = "wasm")]
    std::panic::set_hook(Box::new(|panic| report(panic)));
    call(input, agent).map_err(WitFailure::from)
}

/// Tells the host why the agent panics, and where: a trap alone would say neither. The host ends the run.
#[cfg(target_family = "wasm")]
fn report(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default();
    let cut = (0..=PANIC_MESSAGE_BYTES.min(message.len())).rev().find(|end| message.is_char_boundary(*end));
    let message = cut.and_then(|end| message.get(..end)).unwrap_or_default();
    let (file, line, column) = panic.location().map_or(("", 0, 0), |at| (at.file(), at.line(), at.column()));
    crate::bindings::casemate::agent::fault::panicked(message, file, line, column);
}

/// The same with this crate's own failure.
fn call<I, O, E>(input: &str, agent: impl FnOnce(I) -> Result<O, E>) -> Result<String, Failure>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Into<Failure>,
{
    let input = serde_json::from_str(input).map_err(|error| Failure::InvalidInput(error.to_string()))?;
    let output = agent(input).map_err(Into::into)?;
    serde_json::to_string(&output).map_err(|error| Failure::Failed(format!("the result is not JSON: {error}")))
}

impl From<Failure> for WitFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(refusal),
            Failure::InvalidInput(message) => Self::InvalidInput(message),
            Failure::Failed(message) => Self::Failed(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::call;
    use crate::{Code, Failure, Refusal};
    use std::collections::BTreeMap;

    #[test]
    fn input_and_result_are_json() {
        let result = call("[1, 2, 3]", |numbers: Vec<i64>| Ok::<_, Failure>(numbers.iter().sum::<i64>()));
        assert_eq!(result, Ok("6".to_owned()));
    }

    #[test]
    fn input_that_does_not_fit_says_where() {
        let result = call("{\"a\": \"x\"}", |input: BTreeMap<String, i64>| Ok::<_, Failure>(input));
        let expected = "invalid type: string \"x\", expected i64 at line 1 column 9";
        assert_eq!(result, Err(Failure::InvalidInput(expected.to_owned())));
    }

    #[test]
    fn refusals_and_own_errors_end_the_run() {
        let refusal = Refusal::new(Code::BudgetCalls, "no calls left");
        let result = call("null", |(): ()| Err::<(), _>(refusal.clone()));
        assert_eq!(result, Err(Failure::Refused(refusal)));

        let result = call("null", |(): ()| Err::<(), _>(Failure::failed("no rows")));
        assert_eq!(result, Err(Failure::Failed("no rows".to_owned())));
    }

    #[test]
    fn a_result_that_is_not_json_is_a_failure() {
        let odd = BTreeMap::from([(vec![1], 2)]);
        let result = call("null", |(): ()| Ok::<_, Failure>(odd));
        assert_eq!(result, Err(Failure::Failed("the result is not JSON: key must be a string".to_owned())));
    }
}
