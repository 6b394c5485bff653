//! `casemate budget set`, `show` and `history`: the operator's own limits beside the policy's, and on record.

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

#[test]
fn the_smaller_limit_holds_and_every_change_is_on_record() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::open().within("tenant.month", "calls", 10).within("agent.day", "log-bytes", 1_000);
    let draw =
        || host.run("hermit", &policy, &json!([{"do": "random"}, {"do": "random"}, {"do": "random"}]), &["acme"]);
    let set = host.ask(&["budget", "set", "acme", "--window", "month", "calls=2", "log-bytes=64MiB"])?;
    let line = set.expect(0)?.of_type("limits").next().ok_or("a line")?;
    assert_eq!((number(line, "/limits/calls"), number(line, "/limits/log-bytes")), (2, 64 << 20), "{line}");
    assert_eq!(line.pointer("/before/calls"), Some(&Value::Null), "{line}");
    let index = number(line, "/ledger_index");
    let refused = draw()?;
    assert_eq!((refused.expect(0)?.refused(1)?, refused.refused(2)?), (0, 301), "{}", refused.stdout);
    let message = text(refused.reply(2)?, "/refused/message");
    assert!(message.contains("2 of 2 taken"), "{message}");
    assert!(message.contains("raise it with `casemate budget set acme --window month calls=N`"), "{message}");

    let file = host.file("shown.toml", policy.text())?;
    let shown = host.ask(&["budget", "show", "acme", "--policy", &file])?;
    let find = |agent: Value, window: &str, resource: &str| {
        let of = |line: &&Value| {
            line.get("agent") == Some(&agent) && text(line, "/window") == window && text(line, "/resource") == resource
        };
        shown.of_type("budget").find(of).cloned().ok_or(format!("a line of {resource}: {}", shown.stdout))
    };
    let calls = find(Value::Null, "month", "calls")?;
    let numbers = ["/used", "/held", "/limit", "/left"].map(|name| number(&calls, name));
    assert_eq!((numbers, text(&calls, "/from")), ([2, 0, 2, 0], "operator"), "{calls}");
    assert!(text(&calls, "/ends").ends_with("-01T00:00:00Z"), "{calls}");
    let logged = find(json!("hermit"), "day", "log-bytes")?;
    assert_eq!((number(&logged, "/limit"), text(&logged, "/from")), (1_000, "policy"), "{logged}");
    let fuel = find(Value::Null, "at-once", "fuel")?;
    assert_eq!((fuel.get("used"), text(&fuel, "/from")), (Some(&Value::Null), "policy"), "{fuel}");

    host.ask(&["budget", "set", "acme", "--window", "month", "calls=none"])?.expect(0)?;
    assert_eq!(draw()?.expect(0)?.refused(2)?, 0, "the policy's own limit is left");
    host.ask(&["budget", "set", "acme", "--agent", "hermit", "--window", "at-once", "fuel=1"])?.expect(0)?;
    let refused = draw()?;
    refused.is_error("budget-fuel", 1)?;
    let message = text(&refused.error()?, "/message").to_owned();
    assert!(message.contains("`casemate budget set acme --agent hermit --window at-once fuel=N`"), "{message}");

    let history = host.ask(&["budget", "history", "acme"])?;
    let changes: Vec<u64> = history.expect(0)?.of_type("limits").map(|line| number(line, "/ledger_index")).collect();
    assert_eq!((changes.len(), changes.first()), (3, Some(&index)), "{}", history.stdout);
    let month = |line: &&Value| text(line, "/window") == "month" && line.get("agent") == Some(&Value::Null);
    let window = history.of_type("window").find(month).ok_or("a month")?;
    assert_eq!(number(window, "/used/calls"), 5, "{window}");
    let mut told = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(2))? {
        let entry = entry?;
        if entry.leaf.kind == casemate_ledger::Kind::Registry {
            let change = serde_json::from_slice::<Value>(&entry.payload)?;
            if text(&change, "/subject") == "budget" {
                told.push((entry.leaf.index, change));
            }
        }
    }
    assert_eq!(told.iter().map(|(index, _)| *index).collect::<Vec<_>>(), changes);
    let first = told.first().map(|(_, told)| told.pointer("/after/limits/calls").cloned());
    assert_eq!(first, Some(Some(json!(2))));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn what_can_t_be_set_is_refused_with_what_to_write() -> Tested {
    let host = Host::without_database()?;
    let set = |words: &[&str]| host.ask(&[&["budget", "set"], words].concat());
    for words in [
        ["acme", "--window", "hour", "fuel=1s"],
        ["acme", "--window", "hour", "petrol=1"],
        ["acme", "--window", "year", "fuel=1"],
        ["acme", "--window", "hour", "calls"],
        ["acme", "--window", "hour", "calls=18446744073709551615"],
    ] {
        let said = set(&words)?;
        assert!(!said.expect(2)?.stderr.is_empty(), "{words:?}");
    }
    set(&["acme", "--window", "hour"])?.expect(2)?;
    set(&["acme", "--window", "day", "memory=1GiB"])?.is_error("input-budget", 2)?;
    set(&["acme", "--agent", "No Name", "--window", "day", "calls=1"])?.is_error("input-agent", 2)?;
    set(&["initech", "--window", "day", "calls=1"])?.is_error("tenant-unknown", 3)?;
    host.ask(&["budget", "show", "initech"])?.is_error("tenant-unknown", 3)?;
    host.ask(&["budget", "history", "initech"])?.is_error("tenant-unknown", 3)?;
    assert_eq!(host.ask(&["budget", "history", "acme"])?.expect(0)?.lines.len(), 0, "nothing was set");
    assert_eq!(host.ask(&["budget", "show", "acme"])?.expect(0)?.lines.len(), 0);
    Ok(())
}
