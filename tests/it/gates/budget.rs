//! Budgets of one run, and of a tenant's runs together.

mod held;
mod hosted;
mod operator;
mod windows;

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{Said, number, text};

/// The budget is told with what is used and whose it is.
fn ended_by(said: &Said, code: u64, words: &str) -> Tested {
    said.expect(1)?;
    assert_eq!(said.ended_by()?, code, "{}", said.stdout);
    let message = text(said.result()?, "/refusal/message");
    assert!(message.contains(words), "{message}");
    assert!(!text(said.result()?, "/refusal/remedy").is_empty());
    Ok(())
}

#[test]
fn calls() -> Tested {
    let host = Host::without_database()?;
    let actions = json!([{"do": "random"}, {"do": "random"}, {"do": "random"}, {"do": "echo", "value": 1}]);
    let said = host.run("hermit", &Policy::open().run("calls", 2), &actions, &["acme"])?;
    said.expect(0)?;
    let codes: Vec<u64> = (0..4).map(|at| said.refused(at)).collect::<Tested<_>>()?;
    assert_eq!(codes, [0, 0, 301, 0], "{}", said.stdout);
    let left: Vec<u64> = said.of_type("crossing").map(|line| number(line, "/calls_left")).collect();
    assert_eq!(left, [1, 0, 0]);
    let many = json!([{"do": "repeat", "times": 5_000, "actions": [{"do": "random"}]}]);
    let said = host.run("hermit", &Policy::open().run("calls", 10), &many, &["acme"])?;
    assert_eq!(said.expect(0)?.refused(0)?, 301);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn fuel() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::logging().run("fuel", 30_000_000);
    let said = host.run("looper", &policy, &json!(null), &["acme"])?;
    ended_by(&said, 302, "`fuel`")?;
    assert_eq!(number(said.result()?, "/fuel_used"), 30_000_000);
    // The same work burns the same fuel, each time.
    let burn = json!([{"do": "burn", "turns": 100_000}, {"do": "log", "message": "done"}]);
    let used = |_| Ok(number(host.run("hermit", &Policy::open(), &burn, &["acme"])?.result()?, "/fuel_used"));
    let used: Vec<u64> = (0..2).map(used).collect::<Tested<_>>()?;
    assert!(used.first() == used.last() && used.first() > Some(&100_000), "{used:?}");
    host.verify()?.expect(0).map(drop)
}

#[test]
fn memory() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::logging().run("memory", 16 << 20);
    let said = host.run("hog", &policy, &json!({"abort": true}), &["acme"])?;
    ended_by(&said, 303, "the run's budget `memory`")?;
    // A guest that can do without is told no, and goes on.
    let said = host.run("hog", &policy, &json!({}), &["acme"])?;
    let result = said.expect(0)?.result()?;
    assert_eq!(result.pointer("/result/exhausted"), Some(&json!(true)), "{result}");
    assert!(number(result, "/result/taken") < 16 << 20, "{result}");
    // Two of one tenant together: what neither may take alone ends one of them.
    let shared = policy.tenant("memory", 20 << 20);
    let said = host.run("hog", &shared, &json!({"limit": 12 << 20}), &["acme"])?;
    assert_eq!(said.expect(0)?.ended_by()?, 0);
    let said = host.run("hog", &shared, &json!({}), &["acme", "acme"])?;
    let refused: Vec<&Value> = said.of_type("result").filter(|line| number(line, "/refusal/code") == 303).collect();
    assert!(!refused.is_empty() || said.status == Some(0), "{}", said.stdout);
    for line in refused {
        assert!(text(line, "/refusal/message").contains("the tenant's budget `memory`"), "{line}");
    }
    host.verify()?.expect(0).map(drop)
}

#[test]
fn wall_clock() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::logging().run("fuel", u64::MAX / 8).run("wall-clock", 300);
    let said = host.run("looper", &policy, &json!(null), &["acme"])?;
    ended_by(&said, 304, "`wall-clock`")?;
    let took = number(said.result()?, "/running_ms");
    assert!((300..5_000).contains(&took), "it is stopped in time: {took} ms");
    host.verify()?.expect(0).map(drop)
}

#[test]
fn wall_clock_in_postgres() -> Tested {
    let host = Host::seeded()?;
    let slow = json!([{"do": "kv-set", "key": "probe/a", "value": "before"},
        {"do": "sql-query", "statement": "select count(*) from public.assessments a, public.assessments b, public.assessments c, public.assessments d"}]);
    let said = host.probe(&Policy::open().run("wall-clock", 1_500), &slow)?;
    ended_by(&said, 304, "time")?;
    let took = number(said.result()?, "/running_ms");
    assert!((1_500..10_000).contains(&took), "{took} ms");
    let unfinished = host.ask(&["runs", "--tenant", "acme"])?;
    assert_eq!(text(unfinished.expect(0)?.lines.first().ok_or("a run")?, "/state"), "failed");
    let said = host.probe(&Policy::open(), &json!([{"do": "kv-get", "key": "probe/a"}]))?;
    assert_eq!(said.answer(0)?, &json!("before"));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn bytes_logged_and_replied() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "log", "message": {"fill": 900}}, {"do": "log", "message": {"fill": 200}}, {"do": "log", "message": "x"},
    ]);
    let said = host.probe(&Policy::open().run("log-bytes", 1_000), &actions)?;
    said.expect(0)?;
    assert_eq!((said.refused(0)?, said.refused(1)?, said.refused(2)?), (0, 305, 0), "{}", said.stdout);

    let fill = |length: u64| json!({"do": "sql-query", "statement": format!("select repeat('x', {length})")});
    let actions = json!([fill(3_000), fill(3_000), fill(100), {"do": "random"}]);
    let said = host.probe(&Policy::open().run("result-bytes", 4_000), &actions)?;
    said.expect(0)?;
    // What is left is what Postgres may give back: one more byte, and the query is over.
    assert_eq!((said.refused(0)?, said.refused(2)?), (0, 0), "{}", said.stdout);
    assert!(matches!(said.refused(1)?, 306 | 503), "{}", said.stdout);
    let left = said.of_type("crossing").last().map(|line| number(line, "/result_bytes_left"));
    assert!(left < Some(1_000), "{}", said.stdout);

    let many = json!([{"do": "sql-query", "statement": "select generate_series(1, 10001)"},
        {"do": "sql-query", "statement": "select generate_series(1, 10000)"}]);
    let said = host.probe(&Policy::open(), &many)?;
    assert_eq!((said.expect(0)?.refused(0)?, said.refused(1)?), (503, 0));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn runs_of_one_tenant_share_its_budget() -> Tested {
    let host = Host::without_database()?;
    // So long that both are under way at the same time.
    let turn = json!([{"do": "random"}, {"do": "burn", "turns": 10_000_000}]);
    let draw = json!([{"do": "repeat", "times": 40, "actions": turn}]);
    // Each may make 60 calls, both together 60: forty each are too many, whichever comes first.
    let policy = Policy::open().run("fuel", 50_000_000_000).run("calls", 60).tenant("calls", 60);
    let policy = policy.tenant("fuel", 200_000_000_000);
    let alone = host.run("hermit", &policy, &draw, &["acme"])?;
    assert_eq!(alone.expect(0)?.refused(0)?, 0, "{}", alone.stdout);
    let said = host.run("hermit", &policy, &draw, &["acme", "acme", "globex"])?;
    let refused = |tenant: &str| {
        let results = said.of_type("result").filter(|line| text(line, "/tenant") == tenant);
        results.filter(|line| number(line, "/result/0/refused/code") == 301).count()
    };
    assert_eq!(said.of_type("result").count(), 3, "{}", said.stdout);
    assert!(refused("acme") >= 1, "{}", said.stdout);
    assert_eq!(refused("globex"), 0, "a neighbour's budget is its own: {}", said.stdout);
    host.verify()?.expect(0).map(drop)
}

/// A run that its tenant can't pay for is not begun, and the other goes on.
#[test]
fn a_run_that_its_tenant_cannot_pay_for() -> Tested {
    let host = Host::seeded()?;
    let policy = Policy::open().run("fuel", 1_000_000_000).tenant("fuel", 1_500_000_000);
    // A run that sleeps holds nothing; this one works for a while.
    let work = "select count(*) from public.assessments a, public.assessments b, public.assessments c";
    let actions = json!([{"do": "sql-query", "statement": work}, {"do": "kv-add", "key": "probe/n", "delta": 1}]);
    let said = host.run("probe", &policy, &actions, &["acme", "acme"])?;
    said.expect(1)?;
    assert_eq!(text(&said.error()?, "/code"), "budget-fuel", "{}", said.stderr);
    let ended: Vec<u64> = said.of_type("result").map(|line| number(line, "/refusal/code")).collect();
    assert_eq!(ended, [0], "{}", said.stdout);
    let listed = host.ask(&["runs", "--tenant", "acme"])?;
    let open = listed.expect(0)?.lines.iter().filter(|line| !matches!(text(line, "/state"), "done" | "failed")).count();
    assert_eq!(open, 0, "no run is left open: {}", listed.stdout);
    host.verify()?.expect(0).map(drop)
}
