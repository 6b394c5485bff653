//! Runs by how they ended, and guests that would be others each time, without a database.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::Recorded;
use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

/// Runs a guest that ends by a refusal of this number, 0 for a result, and repeats it.
fn ends(guest: &str, policy: &Policy, input: &Value, by: u64) -> Tested {
    let run = Recorded::run(guest, policy, input)?;
    assert_eq!(run.said.ended_by()?, by, "{}", run.said.stdout);
    run.is_identical()
}

#[test]
fn with_a_result_and_without_one() -> Tested {
    let log = json!({"do": "log", "message": "ada.lindqvist@example.org wrote"});
    ends("hermit", &Policy::open(), &json!([log, {"do": "random"}, {"do": "clock"}, {"do": "echo", "value": 1.5}]), 0)?;
    // Personal data in a result becomes tokens, whose key is in no evidence.
    ends("hermit", &Policy::open(), &json!([{"do": "echo", "value": "bob.smith@example.com"}]), 0)?;
    ends("panicker", &Policy::logging(), &json!("no such case"), 807)?;
    ends("hermit", &Policy::open(), &json!({"no": "list"}), 803)
}

#[test]
fn by_fuel() -> Tested {
    let turns = json!([{"do": "random"}, {"do": "burn", "turns": 9_000_000}]);
    ends("hermit", &Policy::open().run("fuel", 3_000_000), &turns, 302)
}

#[test]
fn by_memory() -> Tested {
    let policy = Policy::logging().run("memory", 4 << 20);
    ends("hog", &policy, &json!({}), 0)?;
    ends("hog", &policy, &json!({"abort": true}), 303)
}

#[test]
fn by_calls_denials_and_bytes() -> Tested {
    let calls = json!([{"do": "repeat", "times": 9, "actions": [{"do": "random"}]}, {"do": "clock"}]);
    ends("hermit", &Policy::open().run("calls", 4), &calls, 0)?;
    ends("hermit", &Policy::open().run("result-bytes", 80), &calls, 0)?;
    let each = json!((0..9).map(|_| json!({"do": "random"})).collect::<Vec<_>>());
    ends("hermit", &Policy::open().run("calls", 4).denials(3), &each, 307)?;
    // A line is charged as the guest made it, and not with the longer tokens in it: in the replay too.
    let mail = json!({"do": "log", "message": "a@b.example c@d.example"});
    ends("hermit", &Policy::open().run("log-bytes", 60), &json!([mail, mail, mail]), 0)
}

#[test]
fn after_waiting() -> Tested {
    let input = json!([{"do": "random"}, {"do": "sleep", "ms": 200}, {"do": "clock"}, {"do": "sleep", "ms": 0}, {"do": "random"}]);
    ends("hermit", &Policy::open(), &input, 0)
}

/// The host stops it where its clock says so, which is another place each time: the replay says so, and is the same up to it.
#[test]
fn by_the_wall_clock() -> Tested {
    let turns = json!([{"do": "random"}, {"do": "clock"}, {"do": "burn", "turns": 4_000_000_000_u64}]);
    let policy = Policy::open().run("wall-clock", 300).run("fuel", 1 << 40);
    let run = Recorded::run("hermit", &policy, &turns)?;
    assert_eq!(run.said.ended_by()?, 304, "{}", run.said.stdout);
    for level in ["speed", "none"] {
        let said = run.replay(&["--opt-level", level])?;
        let line = said.expect(0)?.of_type("replay").next().ok_or("a line")?;
        assert_eq!((text(line, "/verdict"), number(line, "/calls")), ("stopped", 2), "{line}");
        assert_eq!(text(line, "/stopped/name"), "budget-wall-clock");
    }
    Ok(())
}

/// Hash maps, NaN payloads, addresses, memory until there is no more, a deep recursion, time and randomness.
#[test]
fn of_a_guest_that_would_be_another_each_time() -> Tested {
    let policy = Policy::open().run("memory", 8 << 20);
    let run = Recorded::run("fickle", &policy, &json!({"depth": 2_000, "piece": 50_000}))?;
    run.said.expect(0)?;
    run.is_identical()?;
    let again = Recorded::run("fickle", &policy, &json!({"depth": 2_000, "piece": 50_000}))?;
    let result = |run: &Recorded| run.said.result().map(|line| line.pointer("/result/random").cloned());
    assert_ne!(result(&run)?, result(&again)?, "another run is another run");
    Ok(())
}

/// How deep a stack goes is the compiler's choice: said to be, and neither the same nor another.
#[test]
fn by_the_stack_under_another_level() -> Tested {
    let policy = Policy::open().run("memory", 8 << 20);
    let run = Recorded::run("fickle", &policy, &json!({"depth": 100_000_000, "piece": 0}))?;
    assert_eq!(run.said.ended_by()?, 801, "{}", run.said.stdout);
    assert_eq!(run.verdict(&[])?, "identical");
    let said = run.replay(&["--opt-level", "none"])?;
    assert_eq!(super::verdict(said.expect(0)?)?, "environment");
    Ok(())
}

/// The policy in evidence is a stranger's.
#[test]
fn a_replay_has_limits_of_its_own() -> Tested {
    let turns = json!([{"do": "random"}, {"do": "burn", "turns": 40_000_000}]);
    let run = Recorded::run("hermit", &Policy::open().run("memory", 100 << 20), &turns)?;
    run.replay(&["--memory", "64"])?.is_error("replay-memory", 4)?;
    run.is_identical()
}

#[test]
fn the_file_is_for_its_owner_and_of_one_run() -> Tested {
    let run = Recorded::run("hermit", &Policy::open(), &json!([{"do": "clock"}]))?;
    let mode = std::fs::metadata(&run.file)?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let host = Host::without_database()?;
    let mut two = host.run_command("hermit", &Policy::open(), &json!([]), &["acme", "globex"])?;
    crate::said::Said::of(two.args(["--record", &run.file]))?.is_error("evidence-one", 3)
}
