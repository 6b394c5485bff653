//! What the host holds for a run counts as its memory, and what one call hands over has an end.

use serde_json::json;

use super::ended_by;
use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

#[test]
fn a_reply_for_which_there_is_no_memory_is_refused_and_the_run_goes_on() -> Tested {
    let host = Host::seeded()?;
    let fill = |length: u64| json!({"do": "sql-query", "statement": format!("select repeat('x', {length})")});
    let actions = json!([fill(100), {"do": "random"}]);
    let peak = number(host.probe(&Policy::open(), &actions)?.expect(0)?.result()?, "/peak_memory");
    assert!(peak > 1 << 20, "{peak}");
    let actions = json!([fill(400_000), fill(100), {"do": "kv-add", "key": "probe/n", "delta": 1}]);
    let said = host.probe(&Policy::open().run("memory", peak + 100_000), &actions)?;
    let codes = [0, 1, 2].map(|at| said.refused(at).unwrap_or(999));
    assert_eq!(codes, [303, 0, 0], "{}{}", said.stdout, said.stderr);
    let message = text(said.reply(0)?, "/refused/message");
    assert!(message.contains("the run's budget `memory` is used up"), "{message}");
    assert!(message.contains("raise `budget.run.memory`"), "{message}");
    let roomy = host.probe(&Policy::open().run("memory", peak + 8_000_000), &actions)?;
    assert_eq!(roomy.expect(0)?.refused(0)?, 0, "{}", roomy.stdout);
    assert!(number(roomy.result()?, "/peak_memory") > peak + 400_000);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn replies_count_the_same_when_the_run_begins_again() -> Tested {
    // It sleeps, so that everything before is replayed; a replay that counted otherwise would burn otherwise.
    let host = Host::without_database()?;
    let actions = json!([
        {"do": "repeat", "times": 300, "actions": [{"do": "random"}, {"do": "log-fill", "length": 150}]},
        {"do": "log-fill", "length": 1_000_000}, {"do": "sleep", "ms": 20}, {"do": "random"},
        {"do": "log-fill", "length": 900_000}, {"do": "sleep", "ms": 20}, {"do": "random"},
    ]);
    let said = host.run("hermit", &Policy::open().run("memory", 8 << 20), &actions, &["acme"])?;
    assert_eq!(said.expect(0)?.ended_by()?, 0, "{}", said.stdout);
    assert_eq!(said.of_type("parked").count(), 2);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_call_that_hands_over_too_much_is_told_so() -> Tested {
    let host = Host::without_database()?;
    let large = json!([{"do": "log-fill", "length": 3_000_000}]);
    let said = host.run("hermit", &Policy::open(), &large, &["acme"])?;
    ended_by(&said, 701, "send it in smaller pieces")?;
    host.verify()?.expect(0).map(drop)
}
