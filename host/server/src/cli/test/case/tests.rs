//! Cases as they are written, read, and written again; and files that are none.

use super::{Case, End, Given};
use casemate_gate::{Reply, Request, Value as Cell};
use serde_json::json;

const TEXT: &str = r#"{
  "format": 1,
  "about": "all calls there are",
  "input": {"batch": 2},
  "calls": [
    {"call": "clock.now", "reply": 5},
    {"call": "clock.now"},
    {"call": "clock.sleep", "milliseconds": 7},
    {
      "call": "sql.query",
      "statement": ["select id, note, share", "from public.cases where id > $1"],
      "parameters": [{"uuid": "0190163d-8694-739b-aea5-966c26f8ad91"}],
      "reply": {
        "columns": ["id", "note", "share"],
        "rows": [[1, null, 0.5], [2, "from <EMAIL_7Q2M>", {"float": "NaN"}]]
      }
    },
    {"call": "sql.execute", "statement": "delete from public.cases", "refused": {"name": "rows-statement"}},
    {"call": "sql.execute", "statement": "delete from public.cases", "reply": 2},
    {"call": "kv.get", "key": "a", "reply": "text"},
    {"call": "kv.get", "key": "a", "reply": {"hex": "ff00"}},
    {"call": "kv.get", "key": "a", "reply": null},
    {"call": "kv.set", "key": "a", "value": "{\"b\":1}"},
    {"call": "kv.delete", "key": "a", "reply": true},
    {"call": "kv.add", "key": "a", "delta": -1, "reply": 41},
    {"call": "log.emit", "level": "warn", "message": "odd"},
    {"call": "random.bytes", "length": 2, "reply": "0aff"}
  ],
  "result": null
}
"#;

#[test]
fn a_case_is_written_as_it_was_read() {
    let case = Case::parse(TEXT).unwrap();
    assert_eq!(case.text().unwrap(), TEXT);
    assert_eq!(case.end, Some(End::Result(json!(null))));
    let query = case.calls.get(3).unwrap();
    assert!(matches!(&query.request, Request::SqlQuery { statement, .. } if statement.contains("share\nfrom")));
    let Some(Ok(Reply::Rows { rows, .. })) = &query.answer else { panic!("{query:?}") };
    assert_eq!(rows.first(), Some(&vec![Cell::Integer(1), Cell::Null, Cell::Float(0.5)]));
}

#[test]
fn what_is_no_case_says_where_and_why() {
    let case = |calls: &str| format!(r#"{{"format": 1, "input": 1, "calls": [{calls}]}}"#);
    for (text, words) in [
        (String::new(), "EOF"),
        ("[]".to_owned(), "invalid"),
        (r#"{"format": 1, "input": 1}"#.to_owned(), "missing field `calls`"),
        (r#"{"format": 2, "input": 1, "calls": []}"#.to_owned(), "`format` is 2"),
        (r#"{"format": 1, "input": 1, "calls": [], "results": 1}"#.to_owned(), "unknown field `results`"),
        (r#"{"format": 1, "input": 1, "calls": [], "result": 1, "failure": {"name": "x"}}"#.to_owned(), "once"),
        (case("1"), "call 1: write a call as an object"),
        (case(r#"{"call": "fly.away"}"#), "call 1: unknown variant `fly.away`"),
        (case(r#"{"call": "kv.get", "key": "a", "kye": "a"}"#), "unknown field `kye`"),
        (case(r#"{"call": "clock.now"}, {"call": "kv.add", "key": "a", "delta": 1}"#), "call 2: give it a `reply`"),
        (case(r#"{"call": "kv.delete", "key": "a", "reply": 1}"#), "`reply`: invalid type"),
        (case(r#"{"call": "kv.set", "key": "a", "value": "b", "reply": 1}"#), "leave out the `reply`"),
        (case(r#"{"call": "clock.now", "reply": 1, "refused": {"name": "budget-calls"}}"#), "not both"),
        (case(r#"{"call": "clock.now", "refused": {"name": "no-such"}}"#), "`no-such` is none"),
        (case(r#"{"call": "sql.query", "statement": "s", "reply": {"columns": ["a"], "rows": [[]]}}"#), "row 1"),
        (case(r#"{"call": "sql.query", "statement": "s", "parameters": [{"date": 1}], "reply": {}}"#), "`date`"),
        ("[".repeat(100_000), "invalid type"),
        (
            format!(r#"{{"format": 1, "calls": [], "input": {}1{}}}"#, "[".repeat(500), "]".repeat(500)),
            "recursion limit",
        ),
    ] {
        let error = Case::parse(&text).unwrap_err();
        assert!(error.contains(words), "{words}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn tokens_that_nobody_gave_are_known_by_their_class() {
    let token = |byte| casemate_pii::Token::new(casemate_pii::Class::Email, [byte; 10]).to_string();
    let (given, own, other) = (token(1), token(2), token(3));
    let case = Given::by(&json!({"note": format!("from {given}")}));
    assert!(case.fits(&format!("to {given}"), &format!("to {given}")));
    assert!(case.fits("to <EMAIL_*>", &format!("to {own}")));
    assert!(case.fits("to <EMAIL_*>", &format!("to {given}")));
    assert!(case.fits(&format!("{given}, <EMAIL_*>"), &format!("{given}, {own}")));
    assert!(!case.fits(&format!("to {given}"), &format!("to {own}")));
    assert!(!case.fits(&format!("to {own}"), &format!("to {other}")));
    assert!(!case.fits("to <PHONE_*>", &format!("to {own}")));
    let written = case.anonymous(json!([format!("{given} {own}")]));
    assert_eq!(written, json!([format!("{given} <EMAIL_*>")]));
}
