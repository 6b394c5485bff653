//! What a run holds of a window while it is under way, and after its host was killed; and a record that is damaged.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Child;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{json_lines, number, text};

fn record(host: &Host) -> PathBuf {
    host.data().join("budgets")
}

/// Rewrites the record as if every line had been written so much earlier.
pub(super) fn written_earlier(host: &Host, by_ms: u64) -> Tested {
    let text = fs::read_to_string(record(host))?;
    let mut lines = text.lines();
    let mut rewritten = format!("{}\n", lines.next().unwrap_or_default());
    for line in lines {
        let (_, json) = line.split_once(' ').ok_or("a line of the record")?;
        let mut entry: Value = serde_json::from_str(json)?;
        if let Some(at) = entry.pointer_mut("/at_ms") {
            *at = json!(at.as_u64().unwrap_or_default().saturating_sub(by_ms));
        }
        let json = entry.to_string();
        let sum = hex::encode(Sha256::digest(json.as_bytes()));
        rewritten.push_str(&format!("{} {json}\n", sum.get(..32).unwrap_or_default()));
    }
    fs::write(record(host), rewritten)?;
    Ok(())
}

/// Reads the transcript up to a sign; returns the run's id.
fn follow(child: &mut Child, sign: &str) -> Tested<String> {
    let stdout = child.stdout.take().ok_or("a pipe")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if line.contains(sign) {
            return Ok(text(json_lines(&line).first().unwrap_or(&Value::Null), "/run").to_owned());
        }
    }
    Err(format!("the transcript has no {sign}").into())
}

/// What `show` says of the tenant's month.
fn month(host: &Host, resource: &str) -> Tested<(u64, u64)> {
    let shown = host.ask(&["budget", "show", "acme"])?;
    let of = |line: &&Value| {
        text(line, "/window") == "month"
            && text(line, "/resource") == resource
            && line.get("agent") == Some(&Value::Null)
    };
    let line = shown.expect(0)?.of_type("budget").find(of).cloned().unwrap_or_default();
    Ok((number(&line, "/used"), number(&line, "/held")))
}

#[test]
fn a_killed_run_stays_charged_until_it_is_resumed() -> Tested {
    let host = Host::seeded()?;
    let policy = Policy::open().run("calls", 20).within("tenant.month", "calls", 25);
    let actions = json!([
        {"do": "kv-add", "key": "probe/n", "delta": 1},
        {"do": "kv-add", "key": "probe/n", "delta": 1},
        // Some seconds' work.
        {"do": "sql-query", "statement":
            "select count(*) from public.assessments a, public.assessments b, public.assessments c"},
        {"do": "kv-add", "key": "probe/n", "delta": 1},
    ]);
    let (used, held) = month(&host, "calls")?;
    assert_eq!(held, 0);
    let mut child = host.start("probe", &policy, &actions, &["acme"])?;
    let run = follow(&mut child, "\"call\":1,")?;
    // Another process may look while this one runs.
    let (_, held) = month(&host, "calls")?;
    assert_eq!(held, (25 - used).min(20));
    child.kill()?;
    child.wait()?;
    let shown = host.ask(&["budget", "show", "acme"])?;
    let hold = shown.expect(0)?.of_type("hold").next().ok_or("a hold")?;
    assert_eq!((text(hold, "/run"), text(hold, "/agent")), (run.as_str(), "probe"));
    assert_eq!(number(hold, "/held/fuel"), 2_000_000_000);
    // Others have what is left beside it.
    let other = host.probe(&policy, &json!([{"do": "repeat", "times": 9, "actions": [{"do": "random"}]}]))?;
    let granted = number(other.expect(0)?.result()?, "/result/0/ok/answered");
    assert_eq!(granted, 25 - used - held, "{}", other.stdout);
    // What was replayed is not paid for twice, and what was not used comes back.
    let resumed = host.ask(&["resume", &run, "--tenant", "acme"])?;
    assert_eq!(resumed.expect(0)?.ended_by()?, 0, "{}", resumed.stdout);
    assert_eq!(number(resumed.result()?, "/calls"), 4);
    assert_eq!(month(&host, "calls")?, (used + granted + 4, 0));
    let burned = number(resumed.result()?, "/fuel_used") + number(other.result()?, "/fuel_used");
    let (fuel, held) = month(&host, "fuel")?;
    assert!(held == 0 && fuel >= burned, "{fuel} {burned}");
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_run_that_sleeps_is_charged_once_for_each_call() -> Tested {
    let host = Host::without_database()?;
    let actions = json!([{"do": "random"}, {"do": "sleep", "ms": 50}, {"do": "random"}, {"do": "sleep", "ms": 50},
        {"do": "random"}]);
    let policy = Policy::open().within("tenant.month", "calls", 5);
    let said = host.run("hermit", &policy, &actions, &["acme"])?;
    assert_eq!((said.expect(0)?.refused(4)?, said.of_type("parked").count()), (0, 2), "{}", said.stdout);
    assert_eq!(month(&host, "calls")?, (5, 0));
    assert_eq!(month(&host, "fuel")?, (number(said.result()?, "/fuel_used"), 0));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_damaged_record_is_told_and_a_line_that_was_cut_short_is_not_missed() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::open();
    let draw = || host.run("hermit", &policy, &json!([{"do": "random"}]), &["acme"]);
    draw()?.expect(0)?;
    draw()?.expect(0)?;
    let whole = fs::read(record(&host))?;
    let before = month(&host, "calls")?;
    fs::write(record(&host), [whole.as_slice(), b"00 {\"entry\":\"hold\",\"ru"].concat())?;
    assert_eq!(month(&host, "calls")?, before);
    draw()?.expect(0)?;
    assert_eq!(month(&host, "calls")?, (before.0 + 1, 0));
    let mut damaged = whole;
    if let Some(byte) = damaged.get_mut(60) {
        *byte ^= 1;
    }
    fs::write(record(&host), &damaged)?;
    draw()?.is_error("data-budget-damaged", 4)?;
    host.ask(&["budget", "show", "acme"])?.is_error("data-budget-damaged", 4)?;
    assert_eq!(fs::read(record(&host))?, damaged, "nothing is made worse");
    fs::remove_file(record(&host))?;
    draw()?.expect(0).map(drop)
}
