//! Audit: every call of every run is in the ledger, in order, with its decision; what is done is on record before.

use std::collections::BTreeMap;

use casemate_ledger::Kind;
use serde_json::json;

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

#[test]
fn the_ledger_has_every_call_in_order() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "clock"}, {"do": "kv-set", "key": "probe/a", "value": "x"}, {"do": "kv-get", "key": "secrets/a"},
        {"do": "sql-execute", "statement": "update public.assessments set score = 1"},
        {"do": "sql-execute", "statement": "update public.nowhere set a = 1"}, {"do": "log", "message": "x"},
    ]);
    let said = host.run("probe", &Policy::open(), &actions, &["acme", "globex"])?;
    said.expect(0)?;
    let mut kinds: BTreeMap<String, Vec<(u64, Kind, u16)>> = BTreeMap::new();
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let leaf = entry?.leaf;
        // What happened to keys is of no run.
        if !leaf.run.is_nil() {
            kinds.entry(leaf.run.to_string()).or_default().push((leaf.seq, leaf.kind, leaf.decision));
        }
    }
    let expected = [
        (0, Kind::Open, 0),
        (1, Kind::Outcome, 0),
        (2, Kind::Intent, 0),
        (2, Kind::Outcome, 0),
        (3, Kind::Refusal, 201),
        (4, Kind::Intent, 0),
        (4, Kind::Outcome, 0),
        (5, Kind::Intent, 0),
        (5, Kind::Refusal, 501),
        (6, Kind::Outcome, 0),
        (7, Kind::End, 0),
    ];
    assert_eq!(kinds.len(), 2);
    for (run, found) in kinds {
        assert_eq!(found, expected, "run {run}");
    }
    // The transcript says where each is, after the entries of the tenant, its key and the agent.
    for line in said.of_type("crossing").filter(|line| text(line, "/tenant") == "acme") {
        let index = number(line, "/ledger_index") as usize;
        assert_eq!(
            index.checked_sub(3).and_then(|index| expected.get(index)).map(|(seq, ..)| *seq),
            Some(number(line, "/call")),
            "{line}"
        );
    }
    Ok(())
}

/// A reply may be as large as a call may carry, and full of personal data; it is recorded all the same.
#[test]
fn a_large_reply_full_of_personal_data_is_recorded() -> Tested {
    let host = Host::seeded()?;
    let many = |count: u64| {
        json!({"do": "sql-query",
        "statement": "select 'person.number.' || n || chr(64) || 'mail.example.org' from generate_series(1, $1) n", "parameters": [count]})
    };
    let sizes = [100, 2_000, 4_000, 6_000, 8_000, 10_000];
    // Only how many calls were answered is replied, so that the result is small.
    let once = |count: &u64| json!({"do": "repeat", "times": 1, "actions": [many(*count)]});
    let actions: Vec<_> = sizes.iter().map(once).collect();
    let said = host.probe(&Policy::open().run("result-bytes", 64 << 20), &json!(actions))?;
    said.expect(0)?;
    for (at, size) in sizes.iter().enumerate() {
        let reply = said.answer(at)?;
        let code = number(reply, "/first-refusal/code");
        assert!(matches!(code, 0 | 306 | 403 | 503), "{size} rows: {reply}");
    }
    assert_eq!(number(said.answer(0)?, "/answered"), 1);
    host.verify()?.expect(0).map(drop)
}
