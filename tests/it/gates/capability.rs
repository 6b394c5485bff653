//! Capability: what manifest or policy leave out is refused, and a run that goes on asking is stopped.

use serde_json::json;

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

#[test]
fn what_was_not_granted_is_refused() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "kv-get", "key": "secrets/root"},
        {"do": "kv-set", "key": "probes", "value": "x"},
        {"do": "kv-delete", "key": "prob"},
        {"do": "kv-add", "key": "Probe/x", "delta": 1},
        {"do": "kv-get", "key": "probe/x"},
        {"do": "kv-set", "key": "probe/x", "value": "x"},
        {"do": "sleep", "ms": 1},
        {"do": "sql-execute", "statement": "update public.assessments set score = 1"},
        {"do": "sql-query", "statement": "select count(*) from public.assessments"},
        {"do": "sql-query", "statement": "select count(*) from public.summaries"},
    ]);
    let policy = Policy::closed()
        .granting("sql", &["read"], &["public.assessments"])
        .granting("kv", &["read"], &["probe/*"])
        .granting("kv", &["write"], &["other/*"])
        .granting("log", &["write"], &[])
        .granting("clock", &["read"], &[])
        .granting("random", &["read"], &[]);
    let said = host.probe(&policy, &actions)?;
    said.expect(0)?;
    let codes: Vec<u64> = (0..10).map(|at| said.refused(at)).collect::<Tested<_>>()?;
    // The last is Postgres's refusal: the run's role has no right to that table.
    assert_eq!(codes, [201, 201, 201, 201, 0, 201, 201, 201, 0, 501], "{}", said.stdout);
    assert!(text(said.reply(0)?, "/refused/message").contains("`kv.get` on `secrets/root`"));
    assert!(said.stdout.contains("42501"), "insufficient privilege: {}", said.stdout);
    let refused = said.of_type("crossing").filter(|line| text(line, "/decision") == "refused");
    for (line, call) in refused.zip([1, 2, 3, 4, 6, 7, 8, 10]) {
        assert_eq!(number(line, "/call"), call, "every refusal is on record: {line}");
        assert!(number(line, "/ledger_index") > 0, "{line}");
    }
    let scored = host.rows("select count(*) from public.assessments where score = 1")?;
    assert_eq!(scored, json!([[0]]));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn after_so_many_refusals_the_run_is_stopped() -> Tested {
    let host = Host::seeded()?;
    let denied = json!({"do": "kv-get", "key": "secrets/root"});
    let actions = json!([{"do": "repeat", "times": 1_000, "actions": [denied]}, {"do": "kv-get", "key": "probe/x"}]);
    let said = host.probe(&Policy::open().denials(7), &actions)?;
    said.expect(1)?;
    assert_eq!(said.ended_by()?, 307, "{}", said.stdout);
    assert_eq!(said.of_type("crossing").count(), 7, "{}", said.stdout);
    let enough = json!([{"do": "repeat", "times": 6, "actions": [denied]}, {"do": "kv-get", "key": "probe/x"}]);
    let said = host.probe(&Policy::open().denials(7), &enough)?;
    assert_eq!(said.expect(0)?.refused(1)?, 0, "one fewer is none too many");
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_key_outside_the_manifest_is_refused_whatever_the_policy_grants() -> Tested {
    let host = Host::seeded()?;
    // The assessor's manifest ends at `assessor/*`; a policy of `*` adds nothing to it.
    let policy = Policy::assessor().granting("kv", &["read", "write"], &["*"]).granting("random", &["read"], &[]);
    let said = host.run("assessor", &policy, &json!({"limit": 3}), &["acme"])?;
    assert_eq!(said.expect(0)?.ended_by()?, 0);
    let none = Policy::open().granting("sql", &["read"], &["public.nowhere"]);
    let said = host.probe(&none, &json!([{"do": "sql-query", "statement": "select 1 from public.nowhere"}]))?;
    assert_eq!(said.expect(0)?.refused(0)?, 501, "{}", said.stdout);
    Ok(())
}

#[test]
fn a_policy_for_a_table_that_is_not_there() -> Tested {
    let host = Host::without_database()?;
    let actions = json!([{"do": "sql-query", "statement": "select 1"}]);
    let said = host.probe(&Policy::open(), &actions)?;
    said.is_error(text(&said.error()?, "/code"), 3)?;
    assert!(text(&said.error()?, "/message").contains("assessments"), "it names the table: {}", said.stderr);
    host.is_in_order()
}

#[test]
fn arguments_over_a_limit_are_refused_and_the_run_goes_on() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "kv-get", "key": format!("probe/{}", "x".repeat(600))},
        {"do": "kv-set", "key": "probe/large", "value": {"fill": 256 * 1024 + 1}},
        {"do": "log", "message": {"fill": 16 * 1024 + 1}},
        {"do": "sleep", "ms": 31_u64 * 24 * 3600 * 1000},
        {"do": "sql-query", "statement": format!("select {}", "1+".repeat(40_000) + "1")},
        {"do": "sql-query", "statement": "select 1", "parameters": vec![1; 300]},
        {"do": "sql-query", "statement": "select length($1)", "parameters": [{"fill": 600 * 1024}]},
        {"do": "sql-query", "statement": "select 1\u{0}"},
        {"do": "kv-set", "key": "probe/large", "value": {"fill": 256 * 1024}},
        {"do": "kv-set", "key": "probe/\u{0}", "value": "x"},
        {"do": "kv-get", "key": ""},
        {"do": "clock"},
    ]);
    let said = host.probe(&Policy::open(), &actions)?;
    said.expect(0)?;
    let codes: Vec<u64> = (0..12).map(|at| said.refused(at)).collect::<Tested<_>>()?;
    assert_eq!(codes, [701, 701, 701, 701, 701, 701, 701, 701, 0, 701, 201, 0], "{}", said.stdout);
    host.verify()?.expect(0).map(drop)
}
