//! Counts: adds to a number that is kept between runs, and remembers the largest step.

use casemate::{Failure, kv, log};
use serde::{Deserialize, Serialize};

/// Keys are the tenant's own; no other tenant sees them. The policy grants those that begin with the agent's name.
const TOTAL: &str = "{{name}}/total";
const LARGEST: &str = "{{name}}/largest";

/// What to do: `input.json`, or whatever the run is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    by: i64,
}

/// What the run returns.
#[derive(Serialize)]
struct Output {
    total: i64,
    largest: i64,
}

#[casemate::agent]
fn run(input: Input) -> Result<Output, Failure> {
    let known: Option<i64> = kv::get_json(LARGEST)?;
    let largest = larger(known, input.by);
    if known != Some(largest) {
        kv::set_json(LARGEST, &largest)?;
    }
    // Two runs at the same time lose nothing: the host adds.
    let total = kv::add(TOTAL, input.by)?;
    log::info(format!("{total} in all, by {} now", input.by))?;
    Ok(Output { total, largest })
}

/// The larger of the step and the largest so far. Rules that call no tool can be tested without a host.
fn larger(known: Option<i64>, step: i64) -> i64 {
    known.map_or(step, |known| known.max(step))
}

#[cfg(test)]
mod tests {
    use super::larger;

    #[test]
    fn the_first_step_is_the_largest_until_a_larger_one() {
        assert_eq!(larger(None, -2), -2);
        assert_eq!(larger(Some(3), 2), 3);
        assert_eq!(larger(Some(3), 4), 4);
    }
}
