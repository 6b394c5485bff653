//! A suspension from a second terminal: runs that are under way are refused at their next call, none is begun, one that
//! sleeps stays asleep, the neighbour doesn't notice, and it is all on record.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use casemate_ledger::Kind;
use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{json_lines, number, text};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A run's transcript, line by line as it comes.
struct Transcript {
    child: Child,
    lines: Receiver<Value>,
}

impl Transcript {
    fn of(mut child: Child) -> Tested<Self> {
        let stdout: ChildStdout = child.stdout.take().ok_or("a pipe")?;
        let (sender, lines) = sync_channel(1 << 20);
        thread::Builder::new().spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let sent = json_lines(&line).into_iter().try_for_each(|line| sender.send(line));
                if sent.is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { child, lines })
    }

    /// The next line that is looked for.
    fn find(&self, mut look: impl FnMut(&Value) -> bool) -> Tested<Value> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))?;
            if look(&line) {
                return Ok(line);
            }
        }
    }

    /// What comes until the end, the exit status and what was said of errors.
    fn rest(mut self) -> Tested<(Vec<Value>, Option<i32>, String)> {
        let mut lines = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            lines.push(line);
        }
        let mut stderr = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_string(&mut stderr)?;
        }
        Ok((lines, self.child.wait()?.code(), stderr))
    }
}

fn is(line: &Value, kind: &str, tenant: &str) -> bool {
    text(line, "/type") == kind && text(line, "/tenant") == tenant
}

/// What the log of a tenant says of the tenant's own standing, and of refusals that no run has: in order.
fn on_record(host: &Host, tenant: &str) -> Tested<Vec<String>> {
    let listed = host.ask(&["tenant", "list"])?;
    let id = listed.lines.iter().find(|line| text(line, "/tenant") == tenant).map(|line| text(line, "/id").to_owned());
    let id = id.ok_or("a tenant")?;
    let mut told = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let entry = entry?;
        if entry.origin.tenant.to_string() != id {
            continue;
        }
        let payload: Value = serde_json::from_slice(&entry.payload).unwrap_or_default();
        match entry.leaf.kind {
            Kind::Registry if text(&payload, "/subject") == "tenant" => {
                told.push(format!("{} {}", text(&payload, "/happened"), text(&payload, "/after/reason")));
            }
            Kind::Refusal if entry.leaf.run.is_nil() => told.push(format!("refused {}", entry.leaf.decision)),
            _ => {}
        }
    }
    Ok(told)
}

/// A guest that calls for as long as it may, with a breath between two calls.
fn calls(times: u64) -> Value {
    json!([{"do": "repeat", "times": times, "actions": [{"do": "random"}, {"do": "burn", "turns": 20_000}]}])
}

fn busy() -> Policy {
    Policy::logging()
        .granting("random", &["read"], &[])
        .granting("clock", &["read", "wait"], &[])
        .run("calls", 1 << 40)
        .run("result-bytes", 1 << 40)
        .run("fuel", 1 << 50)
        .run("wall-clock", 600_000)
}

#[test]
fn runs_under_way_end_at_their_next_call_and_a_neighbour_goes_on() -> Tested {
    let host = Host::without_database()?;
    let child = host.start("hermit", &busy(), &calls(1 << 40), &["acme", "globex"])?;
    let transcript = Transcript::of(child)?;
    transcript.find(|line| is(line, "crossing", "acme"))?;
    let begun = Instant::now();
    let said = host.ask(&["tenant", "suspend", "acme", "--reason", "unpaid bills"])?;
    let took = begun.elapsed();
    let line = said.expect(0)?.lines.first().ok_or("a line")?;
    assert_eq!((text(line, "/state"), text(line, "/reason")), ("suspended", "unpaid bills"), "{line}");
    assert!(took < Duration::from_secs(5), "{took:?}");

    let ended = transcript.find(|line| is(line, "result", "acme") || is(line, "ended", "acme"))?;
    assert_eq!(number(&ended, "/refusal/code"), 101, "{ended}");
    // The neighbour is there and goes on; another suspension ends it too.
    transcript.find(|line| is(line, "crossing", "globex"))?;
    host.ask(&["tenant", "list"])?.expect(0)?;
    host.ask(&["tenant", "suspend", "globex"])?.expect(0)?;
    let (lines, status, stderr) = transcript.rest()?;
    assert_eq!(status, Some(1), "{stderr}");
    let refusals: Vec<u64> = lines.iter().filter(|line| text(line, "/type") == "result").map(code).collect();
    assert!(refusals.iter().all(|code| *code == 101) && !refusals.is_empty(), "{refusals:?}");

    assert_eq!(on_record(&host, "acme")?, ["added ", "suspended unpaid bills"]);
    host.verify()?.expect(0).map(drop)
}

fn code(line: &Value) -> u64 {
    number(line, "/refusal/code")
}

#[test]
fn no_run_of_a_suspended_tenant_is_begun_until_it_is_reinstated() -> Tested {
    let host = Host::without_database()?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    // Twice is as once.
    host.ask(&["tenant", "suspend", "acme", "--reason", "another"])?.expect(0)?;
    let run = || host.run("hermit", &busy(), &calls(1), &["acme"]);
    run()?.is_error("tenant-suspended", 3)?;
    host.run("hermit", &busy(), &calls(1), &["globex"])?.expect(0)?;
    let listed = host.ask(&["tenant", "list"])?;
    let states: Vec<_> = listed.lines.iter().map(|line| (text(line, "/tenant"), text(line, "/state"))).collect();
    assert_eq!(states, [("acme", "suspended"), ("globex", "active")]);
    host.ask(&["tenant", "reinstate", "acme"])?.expect(0)?;
    run()?.expect(0)?;
    assert_eq!(on_record(&host, "acme")?, ["added ", "suspended ", "refused 101", "reinstated "]);
    host.ask(&["tenant", "suspend", "initech"])?.is_error("tenant-unknown", 3)?;
    host.ask(&["tenant", "suspend", "acme", "--reason", "a\nb"])?.expect(2)?;
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_run_that_sleeps_stays_asleep_until_its_tenant_is_reinstated() -> Tested {
    let host = Host::without_database()?;
    let actions = json!([{"do": "random"}, {"do": "sleep", "ms": 1_000}, {"do": "random"}]);
    let transcript = Transcript::of(host.start("hermit", &busy(), &actions, &["acme"])?)?;
    transcript.find(|line| text(line, "/type") == "parked")?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    // Its time comes, and nothing happens.
    thread::sleep(Duration::from_millis(2_500));
    assert!(transcript.lines.try_recv().is_err(), "it went on while its tenant was suspended");
    host.ask(&["tenant", "reinstate", "acme"])?.expect(0)?;
    let (lines, status, stderr) = transcript.rest()?;
    assert_eq!(status, Some(0), "{stderr}");
    assert!(lines.iter().any(|line| text(line, "/type") == "result" && line.get("refusal").is_none_or(Value::is_null)));
    host.verify()?.expect(0).map(drop)
}

/// With a database: its own bolt is drawn with the host's, and a run that waited when its host died is not resumed.
#[test]
fn a_run_that_waited_is_resumed_after_its_tenant_is_reinstated() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "sleep", "ms": 600_000}]);
    let mut transcript = Transcript::of(host.start("probe", &Policy::open(), &actions, &["acme"])?)?;
    let run = text(&transcript.find(|line| text(line, "/type") == "parked")?, "/run").to_owned();
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    transcript.child.kill()?;
    transcript.child.wait()?;
    host.ask(&["resume", &run, "--tenant", "acme"])?.is_error("tenant-suspended", 3)?;
    let listed = host.ask(&["runs", "--tenant", "acme"])?;
    assert_eq!(text(listed.expect(0)?.lines.first().ok_or("a run")?, "/state"), "waiting");
    host.ask(&["tenant", "reinstate", "acme"])?.expect(0)?;
    let again = json!([{"do": "kv-add", "key": "probe/n", "delta": 0}]);
    assert_eq!(host.probe(&Policy::open(), &again)?.answer(0)?, &json!(1));
    host.is_in_order()
}

/// A host that is up and doesn't answer: the command says so, and the change is there when the host goes on.
#[test]
fn a_host_that_does_not_answer_is_told_of() -> Tested {
    let host = Host::without_database()?;
    let child = host.start("hermit", &busy(), &calls(1 << 40), &["acme"])?;
    let transcript = Transcript::of(child)?;
    transcript.find(|line| is(line, "crossing", "acme"))?;
    let pid = transcript.child.id().to_string();
    let send = |signal: &str| Command::new("kill").args([signal, &pid]).status();
    send("-STOP")?;
    let said = host.ask(&["tenant", "suspend", "acme"]);
    send("-CONT")?;
    said?.is_error("tenant-waits", 5)?;
    let (lines, ..) = transcript.rest()?;
    assert_eq!(lines.iter().rfind(|line| text(line, "/type") == "result").map(code), Some(101));
    // Said again it is only waited for.
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    assert_eq!(on_record(&host, "acme")?, ["added ", "suspended "]);
    Ok(())
}
