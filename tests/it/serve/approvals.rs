//! Calls that wait for a person's word, as a person and an agent meet them: given, denied and late, on hosts that are up, that
//! are killed and that come back, and under a policy that is another by then.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use serde_json::{Value, json};

use super::served::Served;
use super::{LIMIT, change, counter, is, job_of, show, submit_under};
use crate::host::{Host, Tested, until};
use crate::policy::Policy;
use crate::said::{Said, number, text};

/// Numbers of the refusals.
const DENIED: u64 = 205;
const EXPIRED: u64 = 206;
const VOID: u64 = 207;
const IMPOSSIBLE: u64 = 208;

/// Asks before anything is written under `probe/`, but for `probe/free/`.
fn asking(approve: &str) -> Policy {
    Policy::closed()
        .granting("kv", &["read"], &["probe/*"])
        .granting("kv", &["write"], &["probe/free/*"])
        .asking("kv", &["write"], &["probe/*"], approve)
        .granting("sql", &["read"], &["public.assessments"])
        .asking("sql", &["write"], &["public.assessments"], approve)
        .granting("log", &["write"], &[])
        .granting("clock", &["read"], &[])
        .asking("clock", &["wait"], &[], approve)
        .granting("random", &["read"], &[])
}

fn handed_over(host: &Host, policy: &Policy, actions: &Value) -> Tested<String> {
    job_of(&submit_under(host, policy, actions, &[])?)
}

/// The open approval of a job, once it is there.
fn asked(host: &Host, job: &str) -> Tested<String> {
    until(LIMIT, || {
        let said = host.ask(&["approvals", "list", "--tenant", "acme", "--limit", "1000"])?;
        let of_job = said.expect(0)?.lines.iter().find(|line| text(line, "/job") == job);
        Ok(of_job.map(|line| text(line, "/approval").to_owned()))
    })
    .map_err(|error| format!("{job} asks nothing: {error}; {:?}", show(host, job)).into())
}

fn decide(host: &Host, what: &str, approval: &str) -> Tested<Said> {
    host.ask(&["approvals", what, approval, "--tenant", "acme", "--reason", "as agreed"])
}

/// The results of a job's actions.
fn results(host: &Host, job: &str) -> Tested<Value> {
    is(host, job, "done")?;
    let said = change(host, "result", job)?;
    let line = said.expect(0)?.lines.first().cloned().ok_or("a line")?;
    Ok(line.pointer("/result").cloned().ok_or("a result")?)
}

fn add(key: &str) -> Value {
    json!({"do": "kv-add", "key": key, "delta": 1})
}

fn refused(results: &Value, at: usize) -> u64 {
    number(results, &format!("/{at}/refused/code"))
}

#[test]
fn what_is_approved_happens_once_and_what_is_denied_does_not() -> Tested {
    let host = Host::seeded()?;
    let served = Served::start(&host, &[])?;
    let policy = asking("true");
    let actions = json!([
        {"do": "random"}, add("probe/free/a"),
        {"do": "kv-set", "key": "probe/b", "value": "write to ada.lovelace@example.com"}, add("probe/c"), {"do": "random"},
    ]);
    let job = handed_over(&host, &policy, &actions)?;
    let first = asked(&host, &job)?;
    let waiting = is(&host, &job, "waiting")?;
    assert_eq!(text(&waiting, "/waits_for"), first, "{waiting}");
    // What is shown is what would happen, with tokens where personal data was.
    let said = host.ask(&["approvals", "show", &first, "--tenant", "acme"])?;
    let shown = said.expect(0)?.lines.first().cloned().ok_or("a line")?;
    assert_eq!((text(&shown, "/tool"), text(&shown, "/decision")), ("kv.set", "open"), "{shown}");
    let asks = shown.pointer("/asks").map(Value::to_string).unwrap_or_default();
    assert!(asks.contains("probe/b") && asks.contains("write to") && !asks.contains("ada.lovelace"), "{asks}");
    // Nobody else's.
    let other = host.ask(&["approvals", "list", "--tenant", "globex", "--all"])?;
    assert!(other.expect(0)?.lines.is_empty());
    for what in ["show", "approve", "deny"] {
        host.ask(&["approvals", what, &first, "--tenant", "globex"])?.is_error("approval-unknown", 3)?;
    }
    decide(&host, "approve", &first)?.expect(0)?;
    decide(&host, "deny", &first)?.is_error("approval-decided", 3)?;
    let second = asked(&host, &job)?;
    assert_ne!(first, second);
    decide(&host, "deny", &second)?.expect(0)?;
    decide(&host, "approve", &second)?.is_error("approval-decided", 3)?;
    let results = results(&host, &job)?;
    assert_eq!((refused(&results, 2), refused(&results, 3)), (0, DENIED), "{results}");
    assert_eq!((counter(&host, "probe/free/a")?, counter(&host, "probe/c")?), (json!(1), json!(0)));
    let said = host.ask(&["approvals", "show", &second, "--tenant", "acme"])?;
    let shown = said.expect(0)?.lines.first().cloned().ok_or("a line")?;
    assert_eq!((text(&shown, "/decision"), text(&shown, "/reason")), ("denied", "as agreed"), "{shown}");
    assert!(text(&shown, "/by").starts_with("uid:"), "{shown}");
    served.stop()?;
    host.is_in_order()
}

#[test]
fn nobody_says_anything_in_time() -> Tested {
    let host = Host::seeded()?;
    let served = Served::start(&host, &[])?;
    let job = handed_over(&host, &asking("{ within = \"2s\" }"), &json!([add("probe/d"), {"do": "random"}]))?;
    let approval = asked(&host, &job)?;
    let results = results(&host, &job)?;
    assert_eq!(refused(&results, 0), EXPIRED, "{results}");
    assert_eq!(counter(&host, "probe/d")?, json!(0));
    decide(&host, "approve", &approval)?.is_error("approval-decided", 3)?;
    let all = host.ask(&["approvals", "list", "--tenant", "acme", "--all"])?;
    assert_eq!(all.expect(0)?.lines.first().map(|line| text(line, "/decision")), Some("expired"));
    served.stop()?;
    host.is_in_order()
}

#[test]
fn many_are_approved_as_soon_as_they_ask_and_none_is_missed() -> Tested {
    let host = Host::seeded()?;
    let served = Served::start(&host, &[])?;
    let policy = asking("true");
    let actions = json!([add("probe/e"), add("probe/e"), {"do": "sleep", "ms": 1}, add("probe/free/e")]);
    let jobs = (0..4).map(|_| handed_over(&host, &policy, &actions)).collect::<Tested<Vec<_>>>()?;
    until(LIMIT * 3, || {
        let said = host.ask(&["approvals", "list", "--tenant", "acme"])?;
        for line in &said.expect(0)?.lines {
            decide(&host, "approve", text(line, "/approval"))?.expect(0)?;
        }
        let done = host.ask(&["jobs", "list", "--tenant", "acme", "--state", "done"])?;
        Ok((done.expect(0)?.lines.len() == jobs.len()).then_some(()))
    })?;
    assert_eq!((counter(&host, "probe/e")?, counter(&host, "probe/free/e")?), (json!(8), json!(4)));
    served.stop()?;
    host.is_in_order()
}

#[test]
fn a_host_that_was_killed_waits_on_and_what_was_approved_meanwhile_happens_once() -> Tested {
    let host = Host::seeded()?;
    let served = Served::start(&host, &[])?;
    let policy = asking("true");
    let actions = json!([{"do": "random"}, add("probe/free/f"), add("probe/f"), {"do": "random"}]);
    let jobs = (0..3).map(|_| handed_over(&host, &policy, &actions)).collect::<Tested<Vec<_>>>()?;
    let approvals = jobs.iter().map(|job| asked(&host, job)).collect::<Tested<Vec<_>>>()?;
    served.kill()?;
    // Nobody is up when it is decided, and whoever comes up is killed at once, several times.
    for approval in &approvals {
        decide(&host, "approve", approval)?.expect(0)?;
    }
    for milliseconds in [0, 30, 120] {
        let served = Served::start(&host, &[])?;
        std::thread::sleep(Duration::from_millis(milliseconds));
        served.kill()?;
    }
    let served = Served::start(&host, &[])?;
    for job in &jobs {
        is(&host, job, "done")?;
    }
    assert_eq!((counter(&host, "probe/f")?, counter(&host, "probe/free/f")?), (json!(3), json!(3)));
    served.stop()?;
    host.is_in_order()
}

#[test]
fn another_policy_makes_an_approval_void() -> Tested {
    let host = Host::seeded()?;
    let applied = |version: u64, policy: &Policy| -> Tested {
        let directory = host.beside("pack");
        std::fs::create_dir_all(directory.join("tests"))?;
        let head = format!("id = \"test\"\nversion = {version}\ntitle = \"For a test\"\nvalid-days = 30\n");
        std::fs::write(directory.join("pack.toml"), head)?;
        std::fs::write(directory.join("policy.toml"), policy.text())?;
        let case =
            "[[case]]\nname = \"no\"\nas = \"agent:nobody\"\ndoes = \"kv.write\"\non = \"else/x\"\nexpect = \"deny\"\n";
        std::fs::write(directory.join("tests/deny.toml"), case)?;
        let directory = directory.display().to_string();
        host.ask(&["policy", "sign", &directory])?.expect(0)?;
        host.ask(&["policy", "apply", &directory, "--tenant", "acme"])?.expect(0).map(drop)
    };
    applied(1, &asking("true"))?;
    let guest = crate::host::component("probe")?;
    let input = host.file("input.json", json!([add("probe/g"), add("probe/g"), {"do": "random"}]).to_string())?;
    let job = job_of(&host.ask(&["jobs", "submit", &guest, "--tenant", "acme", "--input", &input])?)?;
    let served = Served::start(&host, &[])?;
    let first = asked(&host, &job)?;
    served.stop()?;
    applied(2, &asking("true").denials(99))?;
    decide(&host, "approve", &first)?.expect(0)?;
    let served = Served::start(&host, &[])?;
    let second = asked(&host, &job)?;
    decide(&host, "approve", &second)?.expect(0)?;
    let results = results(&host, &job)?;
    assert_eq!((refused(&results, 0), refused(&results, 1)), (VOID, 0), "{results}");
    assert_eq!(results.pointer("/1/ok"), Some(&json!(1)), "{results}");
    served.stop()?;
    host.is_in_order()
}

#[test]
fn a_run_that_waits_for_an_approval_is_cancelled_paused_and_held_to_its_tenant() -> Tested {
    let host = Host::seeded()?;
    let served = Served::start(&host, &[])?;
    let policy = asking("true");
    let job = handed_over(&host, &policy, &json!([add("probe/h")]))?;
    let approval = asked(&host, &job)?;
    change(&host, "cancel", &job)?.expect(0)?;
    is(&host, &job, "cancelled")?;
    decide(&host, "approve", &approval)?.is_error("approval-over", 3)?;
    let job = handed_over(&host, &policy, &json!([add("probe/h")]))?;
    let approval = asked(&host, &job)?;
    is(&host, &job, "waiting")?;
    change(&host, "pause", &job)?.expect(0)?;
    decide(&host, "approve", &approval)?.expect(0)?;
    assert_eq!(text(&show(&host, &job)?, "/state"), "paused");
    change(&host, "continue", &job)?.expect(0)?;
    assert_eq!(results(&host, &job)?.pointer("/0/ok"), Some(&json!(1)));
    // A transaction isn't open any more when an answer comes.
    let within = json!([{"do": "sql-transaction", "actions": [
        {"do": "sql-execute", "statement": "delete from public.assessments"}], "commit": true}]);
    let job = handed_over(&host, &policy, &within)?;
    let answered = results(&host, &job)?.to_string();
    assert!(answered.contains(&IMPOSSIBLE.to_string()), "{answered}");
    let job = handed_over(&host, &policy, &json!([add("probe/h")]))?;
    let approval = asked(&host, &job)?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    decide(&host, "approve", &approval)?.is_error("approval-suspended", 3)?;
    host.ask(&["tenant", "reinstate", "acme"])?.expect(0)?;
    decide(&host, "deny", &approval)?.expect(0)?;
    assert_eq!(refused(&results(&host, &job)?, 0), DENIED);
    served.stop()?;
    host.is_in_order()
}

#[test]
fn a_run_in_the_foreground_waits_too() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([add("probe/free/i"), add("probe/i"), {"do": "sleep", "ms": 5}, {"do": "random"}]);
    let mut child = host.start("probe", &asking("true"), &actions, &["acme"])?;
    let (mut told, mut approved) = (Vec::new(), 0);
    for line in BufReader::new(child.stdout.take().ok_or("a pipe")?).lines() {
        let line: Value = serde_json::from_str(&line?)?;
        // It says itself what it waits for.
        if text(&line, "/type") == "parked" && !text(&line, "/approval").is_empty() {
            decide(&host, "approve", text(&line, "/approval"))?.expect(0)?;
            approved += 1;
        }
        told.push(line);
    }
    let ended = child.wait_with_output()?;
    assert!(ended.status.success(), "{told:?} {}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(approved, 2, "{told:?}");
    let counted =
        json!([{"do": "kv-add", "key": "probe/i", "delta": 0}, {"do": "kv-add", "key": "probe/free/i", "delta": 0}]);
    let said = host.probe(&Policy::open(), &counted)?;
    assert_eq!((said.expect(0)?.reply(0)?, said.reply(1)?), (&json!({"ok": 1}), &json!({"ok": 1})));
    host.is_in_order()
}
