//! Decisions explained: of calls that were made, from their entries, and of calls that might be; and grants that hold under
//! conditions, decided call by call.

use serde_json::{Value, json};

use crate::host::{Host, Tested, component};
use crate::policy::Policy;
use crate::said::{Said, number, text};

/// Explains an entry.
fn entry(host: &Host, index: u64) -> Tested<Value> {
    let said = host.ask(&["policy", "explain", "--tenant", "acme", "--entry", &index.to_string()])?;
    Ok(said.expect(0)?.of_type("explained").next().cloned().ok_or("an explanation")?)
}

fn ids(explained: &Value) -> Vec<&str> {
    let clauses = explained.pointer("/clauses").and_then(Value::as_array);
    clauses.map(|all| all.iter().map(|clause| text(clause, "/id")).collect()).unwrap_or_default()
}

/// The index of a call's entry.
fn index(said: &Said, call: u64) -> Tested<u64> {
    let line = said.of_type("crossing").find(|line| number(line, "/call") == call);
    Ok(number(line.ok_or("the call")?, "/ledger_index"))
}

#[test]
fn a_call_that_was_made_is_explained_from_its_entry() -> Tested {
    let host = Host::seeded()?;
    let policy = Policy::closed()
        .granting("log", &["write"], &[])
        .granting("clock", &["read", "wait"], &[])
        .granting("random", &["read"], &[])
        .granting("sql", &["read"], &["public.assessments"])
        .granting("kv", &["read"], &["probe/*"])
        .granting("kv", &["write"], &["probe/mine"]);
    let actions = json!([
        {"do": "kv-get", "key": "probe/x"}, {"do": "kv-get", "key": "secrets/`root"},
        {"do": "kv-set", "key": "probe/mine", "value": "1"}, {"do": "kv-set", "key": "probe/other", "value": "1"},
        {"do": "sql-query", "statement": "select 1"},
    ]);
    let said = host.probe(&policy, &actions)?;
    said.expect(0)?;
    let granted = entry(&host, index(&said, 1)?)?;
    assert_eq!((text(&granted, "/as"), text(&granted, "/on")), ("agent:probe", "probe/x"), "{granted}");
    assert_eq!((granted.pointer("/allowed"), ids(&granted)), (Some(&json!(true)), vec!["grant 5"]), "{granted}");
    assert!(text(&granted, "/clauses/0/cedar").contains("resource.name like \"probe/*\""), "{granted}");
    // A refused call wasn't screened, and still its entry says what it was about.
    let unnamed = entry(&host, index(&said, 2)?)?;
    assert_eq!((text(&unnamed, "/on"), ids(&unnamed).len()), ("secrets/`root", 0), "{unnamed}");
    assert_eq!(number(&unnamed, "/recorded/refusal"), 201);
    let written = entry(&host, index(&said, 3)?)?;
    assert_eq!((text(&written, "/does"), ids(&written)), ("kv.write", vec!["grant 6"]), "{written}");
    let refused = entry(&host, index(&said, 4)?)?;
    assert_eq!((refused.pointer("/allowed"), ids(&refused).len()), (Some(&json!(false)), 0), "{refused}");
    // Which tables a statement touches isn't on record: each that the run was given is explained.
    let said = host.ask(&["policy", "explain", "--tenant", "acme", "--entry", &index(&said, 5)?.to_string()])?;
    let tables: Vec<(&str, Option<&Value>)> =
        said.expect(0)?.of_type("explained").map(|line| (text(line, "/on"), line.pointer("/allowed"))).collect();
    assert_eq!(tables, [("public.assessments", Some(&json!(true)))]);
    // What the manifest doesn't name could not be granted, whatever the policy says.
    let assessor = host.ask(&[
        "policy",
        "explain",
        "--policy",
        &host.file("open.toml", Policy::open().text())?,
        "--as",
        "agent:assessor",
        "--does",
        "kv.read",
        "--on",
        "probe/x",
        "--agent",
        &component("assessor")?,
    ])?;
    let ceiling = assessor.expect(0)?.of_type("explained").next().ok_or("an explanation")?;
    assert_eq!(ids(ceiling), ["manifest kv.read"], "{ceiling}");
    host.ask(&["policy", "explain", "--tenant", "acme", "--entry", "999999"])?.is_error("run-no-call", 3)
}

#[test]
fn a_call_that_might_be_is_explained_from_a_policy() -> Tested {
    let host = Host::empty()?;
    let rules = "\n[[role]]\nname = \"auditor\"\n[[grant]]\ntool = \"audit\"\nverbs = [\"read\"]\nto = [\"role:auditor\"]\nwhen = { mfa = true }\n";
    let policy = host.file("policy.toml", Policy::closed().text() + rules)?;
    let ask = |words: &[&str]| -> Tested<Value> {
        let said = host.ask(&[&["policy", "explain", "--policy", &policy, "--does", "audit.read"], words].concat())?;
        Ok(said.expect(0)?.of_type("explained").next().cloned().ok_or("an explanation")?)
    };
    let may = |explained: &Value| explained.pointer("/allowed").and_then(Value::as_bool);
    assert_eq!(may(&ask(&["--as", "role:auditor"])?), Some(false));
    let granted = ask(&["--as", "person:ada", "--role", "auditor", "--mfa", "--cedar"])?;
    assert_eq!((may(&granted), ids(&granted)), (Some(true), vec!["grant 1"]), "{granted}");
    assert!(text(&granted, "/cedar").contains("Role::\"auditor\""), "{granted}");
    assert_eq!(may(&ask(&["--as", "person:ada", "--mfa"])?), Some(false));
    // Nobody but people, keys and services reads the log: a question that makes no sense is denied, and says so.
    let nonsense = ask(&["--as", "agent:probe"])?;
    assert_eq!(may(&nonsense), Some(false));
    assert!(nonsense.to_string().contains("not valid for"), "{nonsense}");
    let wrong = host.ask(&["policy", "explain", "--policy", &policy, "--as", "ada", "--does", "audit.read"])?;
    assert_eq!(wrong.status, Some(2), "{}", wrong.stderr);
    Ok(())
}

#[test]
fn conditions_are_decided_at_each_call() -> Tested {
    let host = Host::without_database()?;
    let clock = |when: &str| format!("\n[[grant]]\ntool = \"clock\"\nverbs = [\"read\"]\nwhen = {{ {when} }}\n");
    let logging = "\n[[grant]]\ntool = \"log\"\nverbs = [\"write\"]\n[[grant]]\ntool = \"random\"\nverbs = [\"read\"]\n\
                   [[grant]]\ntool = \"clock\"\nverbs = [\"wait\"]\n";
    let guest = component("hermit")?;
    let input = host.file("input.json", json!([{"do": "clock"}, {"do": "random"}]).to_string())?;
    for (when, code) in [
        ("from = 2020-01-01T00:00:00Z, until = 2120-01-01T00:00:00Z", 0),
        ("until = 2020-01-01T00:00:00Z", 201),
        ("from = 2120-01-01T00:00:00Z", 201),
    ] {
        let policy = host.file("policy.toml", Policy::closed().text() + logging + &clock(when))?;
        let said = host.ask(&["run", &guest, "--policy", &policy, "--input", &input, "--tenant", "acme"])?;
        assert_eq!((said.expect(0)?.refused(0)?, said.refused(1)?), (code, 0), "{when}: {}", said.stdout);
    }
    Ok(())
}
