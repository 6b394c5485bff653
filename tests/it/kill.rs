//! SIGKILL at random moments of the assessor's runs. Whatever the moment: the run is finished from its journal, each
//! row is written once, and whatever was told of is in the ledger at the index that was told.
//! `CASEMATE_KILL_ROUNDS` sets how often; 30 is usual.

mod round;
mod told;

use serde_json::json;

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::random::Random;
use crate::said::{number, text};
use round::{ROWS, Round};

/// How many rounds, where nobody says otherwise.
const ROUNDS: u64 = 30;
/// Every so many rounds have two tenants at once, as the demo has.
const BOTH: u64 = 3;

#[test]
fn killed_at_any_moment_a_run_finishes_and_nothing_told_is_lost() -> Tested {
    let host = Host::seeded()?;
    let mut random = Random::new();
    let (mut killed, mut resumed, mut early) = (0, 0, 0);
    let rounds = rounds();
    for number in 1..=rounds {
        let acme = ("acme", number);
        let globex = ("globex", number / BOTH);
        let tenants = if number.is_multiple_of(BOTH) { vec![acme, globex] } else { vec![acme] };
        let round = Round::begin(&host, tenants)?;
        let told = round.kill(&mut random)?;
        killed += u64::from(told.killed);
        early += u64::from(told.started.is_empty());
        resumed += round
            .finish(&told)
            .and_then(|resumed| round.is_complete(&told).map(|()| resumed))
            .map_err(|error| format!("round {number} of {rounds}: {error}"))?;
    }
    println!("{rounds} rounds: {killed} killed, {early} before a run was told of, {resumed} runs resumed");
    assert!(killed * 3 > rounds, "too few were killed in time");
    is_counted_once(&host, "acme", rounds)?;
    is_counted_once(&host, "globex", rounds / BOTH)
}

/// The counter of all rows ever scored has each row of each round once, and every run is done.
fn is_counted_once(host: &Host, tenant: &str, rounds: u64) -> Tested {
    let said = host.run("assessor", &Policy::assessor(), &json!({"limit": 0}), &[tenant])?;
    let result = said.expect(0)?.result()?;
    assert_eq!(
        (number(result, "/result/scored"), number(result, "/result/total_ever")),
        (0, rounds * ROWS),
        "{tenant}"
    );
    let runs = host.ask(&["runs", "--tenant", tenant, "--limit", "10000"])?;
    let open = runs.expect(0)?.lines.iter().find(|line| text(line, "/state") != "done");
    assert_eq!(open, None, "every run of {tenant} is done");
    assert!(host.replays_identically(tenant)? >= rounds, "each of them, however it was killed, can be repeated");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "more rounds are asked for from outside")]
fn rounds() -> u64 {
    std::env::var("CASEMATE_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}
