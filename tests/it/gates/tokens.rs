//! Tokens on their way back: reversible ones become their values in the tenant's own rows, strict ones are refused.

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::spelled;

const EMAIL: &str = "ada.lindqvist@example.org";

/// What a run of `acme` is given in place of the address.
fn token(host: &Host, policy: &Policy) -> Tested<String> {
    let said = host.probe(policy, &json!([{"do": "echo", "value": EMAIL}]))?;
    let token = said.expect(0)?.answer(0)?.as_str().unwrap_or_default().to_owned();
    Ok(token)
}

fn set(parameter: Value) -> Value {
    json!({"do": "sql-execute", "parameters": [parameter],
        "statement": "update public.assessments set rationale = $1 where subject like '% no. 1'"})
}

const WRITTEN: &str = "select rationale from public.assessments where subject like '% no. 1'";

#[test]
fn a_reversible_token_becomes_its_value_in_the_tenants_own_row() -> Tested {
    let host = Host::seeded()?;
    let find = json!({"do": "sql-query", "statement": "select count(*) from public.assessments where rationale = $1", "parameters": [EMAIL]});
    let read = json!({"do": "sql-query", "statement": WRITTEN});
    let said =
        host.probe(&Policy::open(), &json!([set(json!(format!("write to {EMAIL}"))), read, set(json!(EMAIL)), find]))?;
    said.expect(0)?;
    let seen = said.answer(1)?.pointer("/rows/0/0").and_then(Value::as_str).unwrap_or_default();
    assert!(seen.starts_with("write to <EMAIL_"), "the guest sees a token: {seen}");
    assert_eq!(said.answer(3)?.get("rows"), Some(&json!([[1]])), "a token finds the row with the value");
    assert!(!said.stdout.contains(EMAIL), "{}", said.stdout);
    assert_eq!(host.rows(WRITTEN)?, json!([[EMAIL]]), "the row holds the value");
    // The same for an address that the guest put together.
    host.probe(&Policy::open(), &spelled(&json!([set(json!(format!("a {EMAIL}")))])))?.expect(0)?.answer(0)?;
    assert_eq!(host.rows(WRITTEN)?, json!([[format!("a {EMAIL}")]]));
    Ok(())
}

#[test]
fn a_reversible_token_in_bytes_becomes_its_value_too() -> Tested {
    let host = Host::seeded()?;
    let bytes = json!({"do": "sql-execute", "parameters": [{"bytes": format!("b {EMAIL}").as_bytes()}],
        "statement": "update public.assessments set rationale = convert_from($1, 'UTF8') where subject like '% no. 1'"});
    host.probe(&Policy::open(), &json!([bytes]))?.expect(0)?.answer(0)?;
    assert_eq!(host.rows(WRITTEN)?, json!([[format!("b {EMAIL}")]]));
    Ok(())
}

#[test]
fn in_json_a_value_is_put_back_as_json_wants_it() -> Tested {
    let host = Host::seeded()?;
    let document = json!({"json": {"a": EMAIL, "b": [format!("\"{EMAIL}\"")], "c": 1}});
    let write = json!({"do": "sql-execute", "parameters": [document],
        "statement": "update public.assessments set answers = $1 where subject like '% no. 1'"});
    host.probe(&Policy::open(), &json!([write]))?.expect(0)?.answer(0)?;
    let rows =
        host.rows("select answers ->> 'a', answers -> 'b' ->> 0 from public.assessments where subject like '% no. 1'")?;
    assert_eq!(rows, json!([[EMAIL, format!("\"{EMAIL}\"")]]));
    Ok(())
}

#[test]
fn a_strict_token_is_not_written() -> Tested {
    let host = Host::seeded()?;
    let strict = Policy::open().handling("email", "strict");
    let nested = json!({"json": {"list": [EMAIL]}});
    let actions = json!([set(json!(EMAIL)), set(json!(format!("x {EMAIL} y"))), set(nested), set(json!("nothing"))]);
    let said = host.probe(&strict, &actions)?;
    said.expect(0)?;
    let codes: Vec<u64> = (0..4).map(|at| said.refused(at)).collect::<Tested<_>>()?;
    assert_eq!(codes, [402, 402, 402, 0], "{}", said.stdout);
    assert_eq!(host.rows(WRITTEN)?, json!([["nothing"]]));
    // What the guest put together itself is no different, nor what it sends as bytes.
    let said = host.probe(&strict, &spelled(&json!([set(json!(EMAIL))])))?;
    assert_eq!(said.expect(0)?.refused(0)?, 402, "{}", said.stdout);
    let bytes = json!({"do": "sql-execute", "parameters": [{"bytes": EMAIL.as_bytes()}],
        "statement": "update public.assessments set rationale = convert_from($1, 'UTF8') where subject like '% no. 1'"});
    let said = host.probe(&strict, &json!([bytes]))?;
    assert_eq!(said.expect(0)?.refused(0)?, 402, "{}", said.stdout);
    assert_eq!(host.rows(WRITTEN)?, json!([["nothing"]]));
    Ok(())
}

/// A token is worth its value only where the run was given it: another run's or tenant's is one that nobody can turn
/// back.
#[test]
fn a_token_of_another_run_is_not_turned_back() -> Tested {
    let host = Host::seeded()?;
    let token = token(&host, &Policy::open())?;
    assert!(token.starts_with("<EMAIL_"), "{token}");
    let said = host.probe(&Policy::open(), &json!([set(json!(token))]))?;
    assert_eq!(said.expect(0)?.refused(0)?, 402, "{}", said.stdout);
    let said = host.run("probe", &Policy::open(), &json!([set(json!(token))]), &["globex"])?;
    assert_eq!(said.expect(0)?.refused(0)?, 402, "{}", said.stdout);
    let said = host.run("probe", &Policy::open(), &json!([{"do": "echo", "value": EMAIL}]), &["globex"])?;
    assert_ne!(said.answer(0)?, &json!(token), "another tenant's token of the same address is another one");
    Ok(())
}

#[test]
fn a_reversible_token_is_the_same_in_each_run_of_a_tenant_and_a_strict_one_is_not() -> Tested {
    let host = Host::seeded()?;
    assert_eq!(token(&host, &Policy::open())?, token(&host, &Policy::open())?);
    let strict = Policy::open().handling("email", "strict");
    assert_ne!(token(&host, &strict)?, token(&host, &strict)?);
    Ok(())
}
