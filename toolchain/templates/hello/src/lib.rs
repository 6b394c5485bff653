//! Greets: logs a line and returns it.

use casemate::{Failure, log};
use serde::{Deserialize, Serialize};

/// What to do: `input.json`, or whatever the run is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    name: String,
}

/// What the run returns.
#[derive(Serialize)]
struct Output {
    greeting: String,
}

#[casemate::agent]
fn run(input: Input) -> Result<Output, Failure> {
    let greeting = greeting(&input.name).ok_or_else(|| Failure::invalid_input("`name` is empty"))?;
    log::info(&greeting)?;
    Ok(Output { greeting })
}

/// The greeting for a name, if it is one. Rules that call no tool can be tested without a host.
fn greeting(name: &str) -> Option<String> {
    let name = name.trim();
    (!name.is_empty()).then(|| format!("Hello, {name}!"))
}

#[cfg(test)]
mod tests {
    use super::greeting;

    #[test]
    fn only_somebody_is_greeted() {
        assert_eq!(greeting(" world "), Some("Hello, world!".to_owned()));
        assert_eq!(greeting("  "), None);
    }
}
