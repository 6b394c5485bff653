//! What the `sql` tool offers beside one query and one change: typed values, RETURNING, rows in pieces, and several
//! statements as one.

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{Said, text};

fn run(host: &Host, policy: &Policy, actions: &Value) -> Tested<Said> {
    let said = host.run("probe", policy, actions, &["acme"])?;
    said.expect(0)?;
    Ok(said)
}

fn act(host: &Host, actions: &Value) -> Tested<Said> {
    run(host, &Policy::open().flagging(), actions)
}

#[test]
fn values_keep_their_types() -> Tested {
    let host = Host::seeded()?;
    let typed = "select 1.50::numeric, date '2026-01-31', timestamptz '2026-01-31 12:00+02', array[1, null]::int[], \
                 '{\"a\": 1}'::jsonb, '\\x00ff'::bytea, null::text, array['a', 'b,c'], \
                 '0190163d-8694-739b-aea5-966c26f8ad91'::uuid";
    let said = act(
        &host,
        &json!([
            {"do": "sql-query", "statement": typed},
            {"do": "sql-query", "statement": "select $1 + 0.01, $2 + interval '1 day', $3 = any($4), $5 @> array['b'], $6::date + 1",
             "parameters": [{"numeric": "1.50"}, {"instant": "2026-01-31T23:00:00Z"}, 2, {"array": [1, 2, null]},
                            {"array": ["a", "b"]}, {"day": "2026-01-31"}]},
            {"do": "sql-query", "statement": "select array[[1, 2], [3, 4]], 'infinity'::timestamptz, '[1,5)'::int4range"},
        ]),
    )?;
    let rows = |at: usize| said.answer(at).map(|answer| answer["rows"][0].clone());
    let expected = json!([
        {"numeric": "1.50"}, {"day": "2026-01-31"}, {"instant": "2026-01-31T10:00:00Z"}, {"array": [1, null]},
        {"json": {"a": 1}}, {"bytes": [0, 255]}, null, {"array": ["a", "b,c"]},
        {"uuid": "0190163d-8694-739b-aea5-966c26f8ad91"}
    ]);
    assert_eq!(rows(0)?, expected);
    let expected = json!([{"numeric": "1.51"}, {"instant": "2026-02-01T23:00:00Z"}, true, true, {"day": "2026-02-01"}]);
    assert_eq!(rows(1)?, expected);
    assert_eq!(rows(2)?, json!(["{{1,2},{3,4}}", "infinity", "[1,5)"]));
    Ok(())
}

#[test]
fn returning_gives_the_rows_that_were_changed() -> Tested {
    let host = Host::seeded()?;
    let insert = "insert into public.summaries (agent, body) values ('x', $1) returning agent, body";
    let said = act(
        &host,
        &json!([
            {"do": "sql-returning", "statement": insert, "parameters": [{"json": {"a": 1}}]},
            {"do": "sql-returning", "statement": "update public.summaries set agent = 'y' where agent = 'x' returning agent"},
            {"do": "sql-returning", "statement": "delete from public.summaries where agent = 'nobody' returning agent"},
            {"do": "sql-returning", "statement": "update public.assessments set score = 1 returning id, 1 / (score - 1)"},
        ]),
    )?;
    assert_eq!(said.answer(0)?["rows"], json!([["x", {"json": {"a": 1}}]]));
    assert_eq!(said.answer(1)?["rows"], json!([["y"]]));
    assert_eq!(said.answer(2)?["rows"], json!([]));
    assert_eq!(said.refused(3)?, 501);
    assert_eq!(host.rows("select count(*), count(score) from public.assessments")?, json!([[300, 0]]));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn rows_are_read_in_pieces() -> Tested {
    let host = Host::seeded()?;
    let many = "select n, repeat('x', 2000) from generate_series(1, 3000) n";
    let said = act(
        &host,
        &json!([
            {"do": "sql-query", "statement": many},
            {"do": "sql-stream", "statement": many, "most": 700},
            {"do": "sql-stream", "statement": "select count(*) from public.assessments"},
            {"do": "sql-stream", "statement": "select 1 / (n - 400) from generate_series(1, 500) n"},
            {"do": "sql-stream", "statement": "delete from public.assessments returning 1"},
            {"do": "sql-stream", "statement": "select repeat('x', 600000)"},
            {"do": "sql-stream", "statement": "select 1 where false"},
            {"do": "sql-hold", "streams": 6},
            {"do": "sql-query", "statement": "select 1"},
        ]),
    )?;
    assert_eq!(said.refused(0)?, 503);
    assert_eq!((&said.answer(1)?["read"], &said.answer(1)?["last"][0]), (&json!(700), &json!(700)));
    assert_eq!(said.answer(2)?, &json!({"read": 1, "last": [300]}));
    assert_eq!((said.refused(3)?, said.refused(4)?, said.refused(5)?), (501, 501, 503));
    assert_eq!(said.answer(6)?, &json!({"read": 0, "last": null}));
    assert_eq!((&said.answer(7)?["held"], &said.answer(7)?["first-refusal"]["code"]), (&json!(4), &json!(507)));
    assert_eq!(said.answer(8)?["rows"], json!([[1]]));
    let policy = Policy::open().flagging().run("result-bytes", 10_000_000).run("wall-clock", 60_000);
    let said = run(&host, &policy, &json!([{"do": "sql-stream", "statement": many}]))?;
    assert_eq!(said.answer(0)?["read"], json!(3000));
    Ok(())
}

#[test]
fn a_transaction_happens_or_does_not() -> Tested {
    let host = Host::seeded()?;
    let insert = |agent: &str| json!({"do": "sql-execute", "statement": "insert into public.summaries (agent, body) values ($1, '{}')", "parameters": [agent]});
    let count = json!({"do": "sql-query", "statement": "select count(*) from public.summaries"});
    let broken = json!({"do": "sql-execute", "statement": "update public.assessments set status = 'broken'"});
    let said = act(
        &host,
        &json!([
            {"do": "sql-transaction", "actions": [insert("a"), broken, insert("b"), count], "commit": true},
            {"do": "sql-transaction", "actions": [insert("c"), count], "commit": false},
            count,
            {"do": "sql-transaction", "actions": [insert("d"), {"do": "kv-set", "key": "k", "value": "v"},
                {"do": "sql-returning", "statement": "delete from public.summaries where agent = 'a' returning agent"}], "commit": true},
            {"do": "sql-transaction", "actions": [{"do": "sql-query", "statement": "delete from public.summaries returning 1"},
                {"do": "sql-execute", "statement": "commit"}, {"do": "sql-execute", "statement": "rollback"}], "commit": true},
            count,
        ]),
    )?;
    let replies = &said.answer(0)?["replies"];
    assert_eq!(
        (&replies[0]["ok"], &replies[1]["refused"]["code"], &replies[2]["ok"]),
        (&json!(1), &json!(501), &json!(1))
    );
    assert_eq!((&replies[3]["ok"]["rows"], &said.answer(0)?["committed"]), (&json!([[2]]), &json!({"ok": null})));
    assert_eq!(said.answer(1)?["replies"][1]["ok"]["rows"], json!([[3]]));
    assert_eq!(said.answer(2)?["rows"], json!([[2]]));
    assert_eq!(said.answer(3)?["replies"][2]["ok"]["rows"], json!([["a"]]));
    let refused: Vec<_> = (0..3)
        .map(|at| said.answer(4).map(|answer| answer["replies"][at]["refused"]["code"].clone()))
        .collect::<Tested<_>>()?;
    assert_eq!(refused, [json!(501), json!(502), json!(502)]);
    assert_eq!(said.answer(5)?["rows"], json!([[2]]));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn what_is_open_does_not_outlive_a_wait() -> Tested {
    let host = Host::seeded()?;
    let insert =
        json!({"do": "sql-execute", "statement": "insert into public.summaries (agent, body) values ('x', '{}')"});
    let said = act(
        &host,
        &json!([
            {"do": "sql-transaction", "actions": [insert, {"do": "sleep", "ms": 50}, insert], "commit": true},
            {"do": "sql-query", "statement": "select count(*) from public.summaries"},
        ]),
    )?;
    let lost = said.answer(0)?;
    assert_eq!((&lost["replies"][0]["ok"], &lost["replies"][2]["refused"]["code"]), (&json!(1), &json!(506)));
    assert_eq!(lost["committed"]["refused"]["name"], json!("rows-transaction-lost"));
    assert_eq!(said.answer(1)?["rows"], json!([[0]]));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_refusal_says_which_cap_it_was() -> Tested {
    let host = Host::seeded()?;
    let said = act(
        &host,
        &json!([
            {"do": "sql-query", "statement": "select n from generate_series(1, 10001) n"},
            {"do": "sql-query", "statement": "select repeat('x', 600000)"},
        ]),
    )?;
    assert!(text(said.reply(0)?, "/refused/message").contains("10000 rows"));
    assert!(text(said.reply(1)?, "/refused/message").contains("bytes"));
    // Endless, and in memory: Postgres refuses what it has to write to files before any clock does.
    let endless =
        "select count(*) from generate_series(1, 9999) a, generate_series(1, 9999) b, generate_series(1, 9999) c";
    let endless = json!([{"do": "sql-query", "statement": endless}]);
    let policy = Policy::open().flagging().run("wall-clock", 1_500);
    let said = host.run("probe", &policy, &endless, &["acme"])?;
    assert!(said.stdout.contains("budget-wall-clock"), "{}", said.stdout);
    Ok(())
}
