//! A guest that `componentize-py` made of Python: it does its work through the crossing, and what it has of WASI is
//! little. Without WASI's imports it runs as well, as long as it asks nothing of them.

use std::process::Stdio;

use serde_json::{Value, json};

use super::{FAMILIES, table};
use crate::host::{Host, Tested, component};
use crate::policy::Policy;
use crate::said::{Said, number, text};

fn policy() -> Policy {
    Policy::closed()
        .granting("sql", &["read"], &["public.assessments"])
        .granting("kv", &["read", "write"], &["python/*"])
        .granting("log", &["write"], &[])
        .granting("clock", &["read"], &[])
        .granting("random", &["read"], &[])
        .run("memory", 256 << 20)
        .run("fuel", 20_000_000_000)
        .run("wall-clock", 240_000)
}

fn run(host: &Host, guest: &str, input: &Value, wasi: &str) -> Tested<Said> {
    let path = component(guest)?;
    let policy = host.file("policy.toml", policy().text() + wasi)?;
    let input = host.file("input.json", input.to_string())?;
    host.ask(&["run", &path, "--policy", &policy, "--input", &input, "--tenant", "acme"])
}

#[test]
fn it_works_through_the_crossing_and_sees_nothing_of_the_world() -> Tested {
    let host = Host::seeded()?;
    let input = json!({"amount": 0, "outside": true, "scratch": "/scratch"});
    let said = run(&host, "python", &input, &table(&FAMILIES, Some(65_536)))?;
    said.expect(0)?;
    let result = said.result()?.get("result").ok_or("there is no result")?;
    assert_eq!(number(result, "/done/rows"), 300, "{result}");
    assert_eq!((text(result, "/done/kept"), number(result, "/done/runs")), ("300", 1));

    let outside = |pointer: &str| result.pointer(&format!("/outside{pointer}")).cloned().unwrap_or_default();
    assert_eq!((outside("/environment"), outside("/arguments"), outside("/stdin")), (json!(0), json!([]), json!("")));
    for denied in ["/file", "/listing", "/connect", "/datagram", "/name"] {
        assert!(outside(denied).get("error").is_some(), "{denied}: {}", outside(denied));
    }
    let scratch = json!({"ok": {"lines": 100, "size": 900, "listed": ["final.txt"]}});
    assert_eq!(outside("/scratch"), scratch, "{result}");
    let (seconds, milliseconds) = (outside("/time").as_f64().unwrap_or_default(), number(result, "/outside/virtual"));
    let apart = seconds.mul_add(1000.0, -(milliseconds as f64)).abs();
    assert!(apart < 60_000.0, "both clocks are the run's: {seconds} {milliseconds}");
    assert!(outside("/slept").as_f64().is_some_and(|slept| slept >= 0.005), "{result}");

    let lines: Vec<&str> = said.of_type("log").map(|line| text(line, "/message")).collect();
    for printed in
        ["counted 300 rows", "a line to standard output", "a line to standard error", "a line without its end"]
    {
        assert!(lines.contains(&printed), "{printed}: {lines:?}");
    }
    let tools: Vec<&str> = said.of_type("crossing").map(|line| text(line, "/tool")).collect();
    for tool in ["sql.query", "kv.set", "kv.get", "kv.add", "log.emit", "clock.now", "random.bytes"] {
        assert!(tools.contains(&tool), "{tool}: {tools:?}");
    }
    // On the same host, so that the component is compiled already.
    killed_while_it_waits(&host)?;
    // Its hashes are seeded by its randomness, its clock is the run's, and its collector does as it likes.
    assert_eq!(host.replays_identically("acme")?, 2);
    host.verify()?.expect(0).map(drop)
}

/// Its host is killed while it sleeps; it goes on from its journal with the same time, randomness and files, or it would
/// be told that it diverged.
fn killed_while_it_waits(host: &Host) -> Tested {
    let path = component("python")?;
    let text = policy().granting("clock", &["wait"], &[]).text() + &table(&FAMILIES, Some(65_536));
    let policy = host.file("policy.toml", text)?;
    let input = json!({"amount": 0, "outside": true, "wait": 2, "scratch": "/scratch"});
    let input = host.file("input.json", input.to_string())?;
    let words = ["run", path.as_str(), "--policy", &policy, "--input", &input, "--tenant", "acme"];
    let mut child = host.command(&words)?.stdout(Stdio::piped()).spawn()?;
    let run = crate::resume::run_of(&mut child, "\"parked\"")?;
    child.kill()?;
    child.wait()?;

    let said = host.ask(&["resume", &run, "--tenant", "acme"])?;
    said.expect(0)?;
    assert!(said.of_type("replayed").count() > 8, "{}", said.stdout);
    let outside = |pointer: &str| said.result().ok()?.pointer(&format!("/result/outside{pointer}")).cloned();
    assert!(
        outside("/waited").and_then(|waited| waited.as_f64()).is_some_and(|waited| waited >= 2.0),
        "{}",
        said.stdout
    );
    assert_eq!(outside("/scratch/ok/lines"), Some(json!(100)), "{}", said.stdout);
    Ok(())
}

#[test]
fn without_wasi_it_works_and_has_no_world_to_ask() -> Tested {
    let host = Host::seeded()?;
    // Nothing of WASI is granted, and nothing of it is imported.
    let said = run(&host, "python-stub", &json!({"amount": 0}), "")?;
    assert_eq!(number(said.expect(0)?.result()?, "/result/done/rows"), 300, "{}", said.stdout);
    let refused = run(&host, "python-stub", &json!({"nothing": 0}), "")?;
    assert_eq!(refused.expect(1)?.ended_by()?, 803, "{}", refused.stdout);
    host.verify()?.expect(0).map(drop)
}
