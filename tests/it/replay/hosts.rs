//! Runs of a host with a database: all of them, one by one, out of its keys' reach, and after they were killed. What a host
//! exports is the same elsewhere.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::verdict;
use crate::host::{Host, Tested, until};
use crate::policy::Policy;
use crate::resume::run_of;
use crate::said::{Said, number, spelled, text};

/// Writes a run's evidence and its key, and repeats it where there is no host.
fn elsewhere(host: &Host, run: &str) -> Tested<Said> {
    let (file, key) = (host.beside("e").display().to_string(), host.beside("k").display().to_string());
    host.ask(&["evidence", run, "--tenant", "acme", "--out", &file, "--key-out", &key])?.expect(0)?;
    let (zone, public) = (host.zone(3).display().to_string(), host.key()?);
    let words = ["replay", "--evidence", &file, "--zone", &zone, "--key", &public, "--run-key", &key];
    let empty = Host::empty()?;
    let said = empty.ask(&words)?;
    assert!(!empty.data().exists());
    Ok(said)
}

#[test]
fn every_run_of_a_tenant_and_each_alone() -> Tested {
    let host = Host::seeded()?;
    let email = "ada.lindqvist@example.org";
    let rows = json!([
        {"do": "sql-query", "statement": "select id, notes from public.assessments order by id limit 5"},
        {"do": "kv-set", "key": "probe/k", "value": format!("{email} said")}, {"do": "kv-get", "key": "probe/k"},
        {"do": "kv-set", "key": "else/k", "value": "x"}, {"do": "random"}, {"do": "echo", "value": email},
        {"do": "sql-transaction", "commit": true, "actions": [
            {"do": "sql-execute", "statement": "update public.assessments set score = 1 where id = (select min(id) from public.assessments)"}]},
        {"do": "sql-query", "statement": "select nothing"}, {"do": "sql-query", "statement": "select 'NaN'::float8, 1.5::float8"},
    ]);
    let first = host.probe(&Policy::open(), &spelled(&rows))?.run()?;
    let many = json!([{"do": "repeat", "times": 400, "actions": [{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "log", "message": "more"}]}]);
    host.probe(&Policy::open().run("calls", 300).denials(1_000), &many)?;
    host.probe(
        &Policy::open().denials(3),
        &json!([{"do": "repeat", "times": 9, "actions": [{"do": "kv-get", "key": "no/k"}]}]),
    )?;
    host.probe(&Policy::open(), &json!([{"do": "insist", "action": {"do": "kv-get", "key": "no/k"}}]))?;
    host.probe(&Policy::open(), &json!([{"do": "fail", "message": format!("{email} failed")}]))?;
    host.probe(
        &Policy::open().run("memory", 3 << 20),
        &json!([{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "hold", "bytes": 9_000_000}]),
    )?;
    assert_eq!(host.replays_identically("acme")?, 6);
    let none = host.ask(&["replay", "--all", "--tenant", "acme", "--opt-level", "none"])?;
    let summary = none.expect(0)?.of_type("replays").next().ok_or("a summary")?;
    assert_eq!(number(summary, "/identical"), 6, "{}", none.stdout);
    assert_eq!(host.replays_identically("globex")?, 0);

    let alone = host.ask(&["replay", &first, "--tenant", "acme"])?;
    assert_eq!(verdict(alone.expect(0)?)?, "identical");
    let said = elsewhere(&host, &first)?;
    assert_eq!(verdict(said.expect(0)?)?, "identical");
    // Nothing that a token stands for is in the evidence.
    let bytes = fs::read(host.beside("e"))?;
    assert!(!bytes.windows(email.len()).any(|window| window == email.as_bytes()));
    host.ask(&["replay", &first, "--tenant", "globex"])?.is_error("run-unknown", 3)?;
    host.ask(&["evidence", "01a2078d-9850-77e2-b94d-8c30ea6ea855", "--tenant", "acme", "--out", "x"])?
        .is_error("run-unknown", 3)
}

#[test]
fn a_run_that_was_killed_waited_and_whose_keys_were_rotated() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "random"}, {"do": "clock"}, {"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "sleep", "ms": 1_500},
        {"do": "random"}, {"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "clock"},
    ]);
    let mut child = host.start("probe", &Policy::open(), &actions, &["acme"])?;
    let run = run_of(&mut child, "\"parked\"")?;
    child.kill()?;
    child.wait()?;
    host.ask(&["replay", &run, "--tenant", "acme"])?.is_error("run-unended", 3)?;
    host.ask(&["keys", "rotate", "--tenant", "acme"])?.expect(0)?;
    host.ask(&["resume", &run, "--tenant", "acme"])?.expect(0)?;
    host.ask(&["keys", "rotate", "--host"])?.expect(0)?;
    assert_eq!(host.replays_identically("acme")?, 1);
    let said = elsewhere(&host, &run)?;
    assert_eq!(verdict(said.expect(0)?)?, "identical", "{}", said.stdout);
    let line = said.of_type("in-log").next().ok_or("a line")?;
    assert_eq!(number(line, "/without"), 0, "{line}");
    Ok(())
}

/// A tenant that is suspended while its run goes on: the refusal is on record, and so repeated.
#[test]
fn a_run_that_was_refused_while_it_went_on() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "repeat", "times": 100_000, "actions": [{"do": "random"}, {"do": "burn", "turns": 20_000}]}]);
    let policy = Policy::open()
        .run("calls", 200_000)
        .run("fuel", 1 << 40)
        .run("log-bytes", 1 << 30)
        .run("result-bytes", 1 << 30);
    let mut child = host.start("probe", &policy, &actions, &["acme"])?;
    run_of(&mut child, "\"crossing\"")?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    until(Duration::from_secs(60), || Ok(child.try_wait()?))?;
    host.ask(&["tenant", "reinstate", "acme"])?.expect(0)?;
    let listed = host.ask(&["runs", "--tenant", "acme"])?;
    assert_eq!(text(listed.expect(0)?.lines.first().ok_or("a run")?, "/state"), "failed");
    assert_eq!(host.replays_identically("acme")?, 1);
    Ok(())
}

#[test]
fn a_run_whose_tenant_is_deleted_is_erased() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "kv-get", "key": "no/k"}]);
    let run = host.probe(&Policy::open(), &actions)?.run()?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    assert_eq!(host.replays_identically("acme")?, 1, "a suspended tenant's runs are there");
    host.ask(&["tenant", "delete", "acme", "--confirm", "acme"])?.expect(0)?;
    let said = host.ask(&["replay", &run, "--tenant", "acme"])?;
    let line = said.expect(15)?.of_type("replay").next().ok_or("a line")?;
    assert_eq!((text(line, "/verdict"), number(line, "/calls"), number(line, "/refused")), ("erased", 2, 1), "{line}");
    assert_eq!(line.pointer("/ended"), Some(&Value::from(0)), "{line}");
    // Another tenant of that name has nothing to do with it.
    host.ask(&["tenant", "add", "acme"])?.expect(0)?;
    assert_eq!(verdict(host.ask(&["replay", &run, "--tenant", "acme"])?.expect(15)?)?, "erased");
    host.ask(&["replay", &run, "--tenant", "globex"])?.expect(15)?;
    // A run that never was is unknown, whoever's it would have been.
    host.ask(&["replay", "01a2078d-9850-77e2-b94d-8c30ea6ea855", "--tenant", "acme"])?.is_error("run-unknown", 3)?;
    host.ask(&["replay", "01a2078d-9850-77e2-b94d-8c30ea6ea855", "--tenant", "initech"])?.is_error("tenant-unknown", 3)
}
