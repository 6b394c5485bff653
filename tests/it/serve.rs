//! Jobs and one host on the embedded Postgres, as a person uses them: handed over while the host is up and while it isn't,
//! worked on, cancelled, paused, tried again, and found again after the host was killed.

mod approvals;
mod served;

use std::time::Duration;

use serde_json::{Value, json};

use crate::host::{Host, Tested, until};
use crate::policy::Policy;
use crate::said::{Said, number, text};
use served::Served;

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Hands a job of the probe's over for `acme`.
fn submit(host: &Host, actions: &Value, words: &[&str]) -> Tested<Said> {
    submit_under(host, &Policy::open(), actions, words)
}

fn submit_under(host: &Host, policy: &Policy, actions: &Value, words: &[&str]) -> Tested<Said> {
    let guest = crate::host::component("probe")?;
    let policy = host.file("policy.toml", policy.text())?;
    let input = host.file("input.json", actions.to_string())?;
    let mut all = vec!["jobs", "submit", guest.as_str(), "--tenant", "acme", "--policy", policy.as_str()];
    all.extend(["--input", input.as_str()]);
    all.extend(words);
    host.ask(&all)
}

fn job_of(said: &Said) -> Tested<String> {
    Ok(text(said.expect(0)?.lines.first().ok_or("a line")?, "/job").to_owned())
}

fn show(host: &Host, job: &str) -> Tested<Value> {
    let said = host.ask(&["jobs", "show", job, "--tenant", "acme"])?;
    Ok(said.expect(0)?.lines.first().cloned().ok_or("a line")?)
}

fn is(host: &Host, job: &str, state: &str) -> Tested<Value> {
    until(LIMIT, || {
        let job = show(host, job)?;
        Ok((text(&job, "/state") == state).then_some(job))
    })
    .map_err(|error| format!("{job} is not {state}: {error}; {:?}", show(host, job)).into())
}

fn change(host: &Host, what: &str, job: &str) -> Tested<Said> {
    host.ask(&["jobs", what, job, "--tenant", "acme"])
}

/// What the probe's counter is at.
fn counter(host: &Host, key: &str) -> Tested<Value> {
    let said = submit(host, &json!([{"do": "kv-add", "key": key, "delta": 0}]), &["--wait"])?;
    let line = said.expect(0)?.lines.last().cloned().ok_or("a line")?;
    Ok(line.pointer("/result/0/ok").cloned().ok_or_else(|| format!("no answer: {line}"))?)
}

#[test]
fn jobs_are_worked_on_whether_or_not_a_host_was_up() -> Tested {
    let host = Host::seeded()?;
    let before =
        submit(&host, &json!([{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "sleep", "ms": 300}]), &[])?;
    let before = job_of(&before)?;
    assert_eq!(text(&show(&host, &before)?, "/state"), "ready");
    let served = Served::start(&host, &[])?;
    let said = submit(&host, &json!([{"do": "kv-add", "key": "probe/n", "delta": 1}]), &["--wait", "60"])?;
    let result = said.expect(0)?.lines.last().cloned().ok_or("a result")?;
    assert_eq!(text(&result, "/state"), "done", "{result}");
    let done = is(&host, &before, "done")?;
    assert_eq!((number(&done, "/claims"), number(&done, "/attempt")), (2, 1), "it slept once: {done}");
    let hosts = host.ask(&["hosts"])?;
    let up = hosts.expect(0)?.lines.first().cloned().ok_or("a host")?;
    assert_eq!((text(&up, "/state"), number(&up, "/slots")), ("up", 4), "{up}");
    assert_eq!(counter(&host, "probe/n")?, json!(2));
    // One key, one job.
    let named = |actions: &Value| submit(&host, actions, &["--key", "order-7"]);
    let (first, second) = (named(&json!([{"do": "random"}]))?, named(&json!([{"do": "random"}]))?);
    assert_eq!(job_of(&first)?, job_of(&second)?);
    assert_eq!(second.lines.first().and_then(|line| line.get("new")), Some(&json!(false)));
    named(&json!([{"do": "clock"}]))?.is_error("job-key-taken", 3)?;
    served.stop()?;
    host.is_in_order()
}

#[test]
fn jobs_are_cancelled_paused_and_given_up() -> Tested {
    let host = Host::seeded()?;
    let served = Served::start(&host, &[])?;
    let forever = json!([{"do": "kv-add", "key": "probe/c", "delta": 1}, {"do": "sleep", "ms": 600_000}]);
    let busy = json!([{"do": "kv-add", "key": "probe/b", "delta": 1}, {"do": "burn", "turns": 40_000_000_000_u64},
        {"do": "kv-add", "key": "probe/b", "delta": 1}]);
    let waiting = job_of(&submit(&host, &forever, &[])?)?;
    is(&host, &waiting, "waiting")?;
    change(&host, "cancel", &waiting)?.expect(0)?;
    let cancelled = is(&host, &waiting, "cancelled")?;
    assert_eq!(text(&cancelled, "/why"), "run-cancelled", "{cancelled}");
    change(&host, "cancel", &waiting)?.is_error("job-ended", 3)?;
    // One that computes is fenced at once, and stopped at the next tick.
    let policy = Policy::open().run("fuel", 200_000_000_000);
    let running = job_of(&submit_under(&host, &policy, &busy, &[])?)?;
    is(&host, &running, "running")?;
    change(&host, "pause", &running)?.expect(0)?;
    assert_eq!(text(&show(&host, &running)?, "/state"), "paused");
    until(LIMIT, || {
        let hosts = host.ask(&["hosts"])?;
        Ok(hosts.expect(0)?.lines.first().is_some_and(|host| number(host, "/running") == 0).then_some(()))
    })?;
    change(&host, "continue", &running)?.expect(0)?;
    is(&host, &running, "running")?;
    change(&host, "cancel", &running)?.expect(0)?;
    is(&host, &running, "cancelled")?;
    assert_eq!(counter(&host, "probe/b")?, json!(1), "what came after the fence didn't happen");
    // A deadline ends what waits, and what runs.
    let late = job_of(&submit(&host, &forever, &["--deadline", "1s"])?)?;
    assert_eq!(text(&is(&host, &late, "dead")?, "/why"), "run-deadline");
    let late = job_of(&submit_under(&host, &policy, &busy, &["--deadline", "1s"])?)?;
    assert_eq!(text(&is(&host, &late, "dead")?, "/why"), "run-deadline");
    served.stop()?;
    host.is_in_order()
}

#[test]
fn a_job_that_fails_is_tried_again_and_again_by_hand() -> Tested {
    let host = Host::seeded()?;
    let served = Served::start(&host, &[])?;
    let fails = json!([{"do": "kv-add", "key": "probe/t", "delta": 1}, {"do": "fail", "message": "not today"}]);
    let job = job_of(&submit(&host, &fails, &["--attempts", "3", "--backoff", "100ms"])?)?;
    let dead = is(&host, &job, "dead")?;
    assert_eq!((number(&dead, "/attempt"), text(&dead, "/why")), (3, "run-failed"), "{dead}");
    let states: Vec<_> = dead
        .pointer("/attempts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|attempt| text(attempt, "/state").to_owned())
        .collect();
    assert_eq!(states, ["failed", "failed", "dead"]);
    assert_eq!(counter(&host, "probe/t")?, json!(3), "each attempt is a run of its own");
    change(&host, "retry", &job)?.expect(0)?;
    let again = until(LIMIT, || {
        let job = show(&host, &job)?;
        Ok((number(&job, "/attempt") == 4 && text(&job, "/state") == "dead").then_some(job))
    })?;
    assert_eq!(number(&again, "/most_attempts"), 4, "{again}");
    let result = change(&host, "result", &job)?;
    assert!(text(result.expect(1)?.lines.first().ok_or("a line")?, "/message").contains("not today"), "{result:?}");
    // What the input's fault is, no other attempt does better.
    let wrong = job_of(&submit(&host, &json!({"no": "actions"}), &["--attempts", "3"])?)?;
    assert_eq!(number(&is(&host, &wrong, "failed")?, "/attempt"), 1);
    let pruned = host.ask(&["jobs", "prune", "--tenant", "acme", "--older-than", "0s"])?;
    assert!(number(pruned.expect(0)?.lines.first().ok_or("a line")?, "/pruned") >= 2, "{pruned:?}");
    change(&host, "show", &job)?.is_error("store-no-run", 3)?;
    served.stop()?;
    host.is_in_order()
}

#[test]
fn a_host_that_was_killed_goes_on_where_it_was() -> Tested {
    let host = Host::seeded()?;
    let served = Served::start(&host, &[])?;
    let actions = json!([
        {"do": "random"}, {"do": "kv-add", "key": "probe/k", "delta": 1}, {"do": "sleep", "ms": 1500},
        {"do": "kv-add", "key": "probe/k", "delta": 1}, {"do": "random"},
    ]);
    let jobs = (0..6).map(|_| job_of(&submit(&host, &actions, &[])?)).collect::<Tested<Vec<_>>>()?;
    until(LIMIT, || Ok((text(&show(&host, jobs.last().ok_or("a job")?)?, "/state") == "waiting").then_some(())))?;
    served.kill()?;
    let served = Served::start(&host, &[])?;
    for job in &jobs {
        is(&host, job, "done")?;
    }
    assert_eq!(counter(&host, "probe/k")?, json!(12), "each effect once");
    served.stop()?;
    host.is_in_order()
}

#[test]
fn many_jobs_of_one_tenant_make_another_wait_for_a_turn_only() -> Tested {
    let host = Host::seeded()?;
    let inputs: String =
        (0..400).map(|_| format!("{}\n", json!([{"do": "kv-add", "key": "probe/m", "delta": 1}]))).collect();
    let (guest, inputs) = (crate::host::component("probe")?, host.file("inputs.jsonl", inputs)?);
    let policy = host.file("policy.toml", Policy::open().text())?;
    let submitted =
        host.ask(&["jobs", "submit", &guest, "--tenant", "globex", "--policy", &policy, "--inputs", &inputs])?;
    assert_eq!(submitted.expect(0)?.lines.len(), 400);
    let served = Served::start(&host, &[])?;
    let said = submit(&host, &json!([{"do": "kv-add", "key": "probe/m", "delta": 1}]), &["--wait"])?;
    assert_eq!(said.expect(0)?.lines.last().map(|line| text(line, "/state").to_owned()).as_deref(), Some("done"));
    let left = host.ask(&["jobs", "list", "--tenant", "globex", "--state", "ready", "--limit", "1000"])?;
    assert!(left.expect(0)?.lines.len() > 50, "the neighbour's are not done yet: {} are left", left.lines.len());
    until(LIMIT * 2, || {
        let done = host.ask(&["jobs", "list", "--tenant", "globex", "--state", "done", "--limit", "1000"])?;
        Ok((done.expect(0)?.lines.len() == 400).then_some(()))
    })?;
    served.stop()?;
    host.is_in_order()
}
