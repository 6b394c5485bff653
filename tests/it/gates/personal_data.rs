//! Personal data on its way to the guest, to the log and to whoever asked for the run: each class as the policy says.

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{Said, spelled, text};

/// One of each class, of invented people.
const EMAIL: &str = "ada.lindqvist@example.org";
const PHONE: &str = "+1 212-555-0142";
const CARD: &str = "4111 1111 1111 1111";
const GOVERNMENT_ID: &str = "536-22-1004";
const PASSWORD: &str = "Winter-2091!x";

/// A note with all of them.
fn note() -> String {
    format!(
        "Mail {EMAIL}, call {PHONE}, card {CARD}, social security number {GOVERNMENT_ID}. \
         Login: user ada, password: {PASSWORD}"
    )
}

/// Puts rows into the table as the operator would, so that nothing is replaced on the way in.
fn host_with(sql: &str) -> Tested<Host> {
    let host = Host::seeded()?;
    let text = format!(
        "alter table public.assessments no force row level security;\n{sql};\n\
         alter table public.assessments force row level security;"
    );
    let file = host.file("rows.sql", text)?;
    host.ask(&["db", "apply", &file])?.expect(0)?;
    Ok(host)
}

/// The note in the first row of `acme`.
fn host_with_note() -> Tested<Host> {
    host_with(&format!("update public.assessments set notes = '{}' where subject like '% no. 1'", note()))
}

const READ: &str = "select notes from public.assessments where subject like '% no. 1'";

/// The classes that were found in a call, with what was done.
fn found(said: &Said, call: usize) -> Vec<(String, String, bool)> {
    let findings =
        said.of_type("crossing").nth(call).and_then(|line| line.get("personal_data")).and_then(Value::as_array);
    let shown = |finding: &Value| {
        let replaced = finding.get("replaced").and_then(Value::as_bool).unwrap_or_default();
        (text(finding, "/class").to_owned(), text(finding, "/mode").to_owned(), replaced)
    };
    findings.map(|findings| findings.iter().map(shown).collect()).unwrap_or_default()
}

#[test]
fn in_rows_it_is_replaced_or_told_as_the_policy_says() -> Tested {
    let host = host_with_note()?;
    let read = json!([{"do": "sql-query", "statement": READ}]);
    let classes = ["email", "phone", "card", "government_id", "credential"];
    for mode in ["strict", "reversible", "flag-only"] {
        let policy = classes.into_iter().fold(Policy::open(), |policy, class| policy.handling(class, mode));
        let said = host.probe(&policy, &read)?;
        let notes = said.expect(0)?.answer(0)?.pointer("/rows/0/0").and_then(Value::as_str).unwrap_or_default();
        let findings = found(&said, 0);
        assert_eq!(findings.len(), 5, "{mode}: {findings:?}");
        for (class, told, replaced) in &findings {
            assert_eq!((told.as_str(), *replaced), (mode, mode != "flag-only"), "{class}");
        }
        for value in [EMAIL, PHONE, CARD, GOVERNMENT_ID, PASSWORD] {
            assert_eq!(notes.contains(value), mode == "flag-only", "{mode}: {value} in {notes}");
        }
        let tokens = ["<EMAIL_", "<PHONE_", "<CARD_", "<GOV_ID_", "<CREDENTIAL_"];
        assert!(mode == "flag-only" || tokens.iter().all(|token| notes.contains(token)), "{mode}: {notes}");
        assert!(notes.starts_with("Mail "), "what is no personal data stays: {notes}");
    }
    Ok(())
}

#[test]
fn a_class_that_is_not_named_is_strict() -> Tested {
    let host = host_with_note()?;
    let policy = Policy::open().text().replace("email = \"reversible\"", "");
    let (guest, policy) = (crate::host::component("probe")?, host.file("bare.toml", policy)?);
    let input = host.file("bare.json", json!([{"do": "sql-query", "statement": READ}]).to_string())?;
    let said = host.ask(&["run", &guest, "--policy", &policy, "--input", &input, "--tenant", "acme"])?;
    said.expect(0)?;
    assert!(found(&said, 0).contains(&("email".to_owned(), "strict".to_owned(), true)), "{}", said.stdout);
    Ok(())
}

#[test]
fn json_is_walked() -> Tested {
    let document = json!({"contact": {"mail": EMAIL, "others": [{"phone": PHONE}]}, "years": 7, "password": PASSWORD});
    let host =
        host_with(&format!("update public.assessments set answers = '{document}' where subject like '% no. 1'"))?;
    let read = json!([{"do": "sql-query", "statement": READ.replace("notes", "answers")}]);
    let said = host.probe(&Policy::open(), &read)?;
    let answers = said.expect(0)?.answer(0)?.pointer("/rows/0/0/json").ok_or("a JSON cell")?;
    assert!(text(answers, "/contact/mail").starts_with("<EMAIL_"), "{answers}");
    assert!(text(answers, "/contact/others/0/phone").starts_with("<PHONE_"), "{answers}");
    assert!(text(answers, "/password").starts_with("<CREDENTIAL_"), "{answers}");
    assert_eq!(answers.get("years"), Some(&json!(7)), "{answers}");
    Ok(())
}

#[test]
fn in_a_statement_it_is_refused() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "sql-query", "statement": format!("select count(*) from public.assessments where notes like '%{EMAIL}%'")},
        {"do": "sql-query", "statement": format!("select '{CARD}'")},
        {"do": "sql-execute", "statement": format!("update public.assessments set notes = '{EMAIL}'")},
        {"do": "sql-query", "statement": format!("select 1 -- {EMAIL}")},
        {"do": "sql-query", "statement": "select count(*) from public.assessments where notes = $1", "parameters": [EMAIL]},
    ]);
    let actions = spelled(&actions);
    let said = host.probe(&Policy::open(), &actions)?;
    said.expect(0)?;
    let codes: Vec<u64> = (0..5).map(|at| said.refused(at)).collect::<Tested<_>>()?;
    assert_eq!(codes, [401, 401, 401, 401, 0], "{}", said.stdout);
    assert!(!said.stdout.contains(EMAIL) && !said.stdout.contains(CARD), "a refusal doesn't repeat it");
    let flagged = host.probe(&Policy::open().flagging(), &actions)?;
    assert_eq!(flagged.expect(0)?.refused(0)?, 0, "what the policy only tells of is not refused");
    Ok(())
}

/// Input, log and result have the same rules as rows, and whoever puts personal data together.
#[test]
fn in_input_log_and_result_it_is_replaced() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "log", "message": format!("wrote to {EMAIL} about {CARD}")},
        {"do": "echo", "value": {"mail": EMAIL, "list": [PHONE], "number": 4_111_111_111_111_111_u64}},
    ]);
    for input in [actions.clone(), spelled(&actions)] {
        let said = host.probe(&Policy::open(), &input)?;
        said.expect(0)?;
        let logged = said.of_type("log").next().map(|line| text(line, "/message")).unwrap_or_default();
        assert!(logged.starts_with("wrote to <EMAIL_") && logged.contains("<CARD_"), "{logged}");
        let echoed = said.answer(1)?;
        assert!(
            text(echoed, "/mail").starts_with("<EMAIL_") && text(echoed, "/list/0").starts_with("<PHONE_"),
            "{echoed}"
        );
        for value in [EMAIL, PHONE, CARD, "4111111111111111"] {
            assert!(!said.stdout.contains(value), "{value}: {}", said.stdout);
        }
    }
    Ok(())
}

/// A guest can put personal data together that it never was given; what it says leaves the host without it.
#[test]
fn in_a_guests_own_failure_it_is_replaced() -> Tested {
    let host = host_with_note()?;
    for ending in ["fail", "refuse", "invalid-input"] {
        let words = format!("cannot write to {EMAIL}");
        let said = host.probe(&Policy::open(), &spelled(&json!([{"do": ending, "message": words}])))?;
        said.expect(1)?;
        let message = text(said.result()?, "/refusal/message");
        assert!(message.contains("cannot write to"), "{ending}: {message}");
        assert!(!said.stdout.contains("lindqvist"), "{ending}: {message}");
    }
    Ok(())
}

/// One class, another mode in each channel: the log loses it, a row keeps it for the tenant, the result may have it.
#[test]
fn each_channel_has_its_own_mode() -> Tested {
    let host = host_with_note()?;
    let modes = r#"{ mode = "reversible", log = "strict", result = "flag-only" }"#;
    let policy = Policy::open().handling("email", modes);
    let write =
        "update public.assessments set answers = jsonb_build_object('mail', $1::text) where subject like '% no. 2'";
    let actions = spelled(&json!([
        {"do": "log", "message": format!("wrote to {EMAIL}")},
        {"do": "sql-query", "statement": READ},
        {"do": "sql-query", "statement": "select count(*) from public.assessments where notes like '%' || $1 || '%'",
            "parameters": [EMAIL]},
        {"do": "sql-execute", "statement": write, "parameters": [EMAIL]},
        {"do": "echo", "value": {"mail": EMAIL}},
    ]));
    let said = host.probe(&policy, &actions)?;
    said.expect(0)?;
    // The result is the guest's, and so are the replies that the probe repeats in it.
    assert_eq!(text(said.answer(4)?, "/mail"), EMAIL, "a result that may have it");
    let modes = |call| found(&said, call).into_iter().filter(|(class, ..)| class == "email").collect::<Vec<_>>();
    let of = |mode: &str| vec![("email".to_owned(), mode.to_owned(), true)];
    assert_eq!(modes(0), of("strict"), "the log: {}", said.stdout);
    assert_eq!(
        (modes(1), modes(2), modes(3)),
        (of("reversible"), of("reversible"), of("reversible")),
        "{}",
        said.stdout
    );
    let logged = said.of_type("log").next().map(|line| text(line, "/message")).unwrap_or_default();
    let notes = said.answer(1)?.pointer("/rows/0/0").and_then(Value::as_str).unwrap_or_default();
    let token =
        |words: &str| words.find("<EMAIL_").and_then(|at| words.get(at..)?.split('>').next().map(str::to_owned));
    assert!(token(logged).is_some() && token(notes).is_some(), "{logged} {notes}");
    assert_ne!(token(logged), token(notes), "a strict token says nothing about a reversible one");
    // As a parameter it was turned back: the row was found, and another was written with the value.
    assert_eq!(said.answer(2)?.pointer("/rows/0/0"), Some(&json!(1)), "{}", said.stdout);
    let again = Policy::open().flagging();
    let read = json!([{"do": "sql-query", "statement": "select answers->>'mail' from public.assessments where subject like '% no. 2'"}]);
    let said = host.probe(&again, &read)?;
    assert_eq!(said.expect(0)?.answer(0)?.pointer("/rows/0/0"), Some(&json!(EMAIL)), "{}", said.stdout);
    Ok(())
}

/// The input's token, sent back as a parameter, would come back as the value: such a policy is no policy.
#[test]
fn rules_that_an_agent_could_go_around_are_refused() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::open().handling("card", r#"{ mode = "reversible", reply = "flag-only" }"#);
    host.probe(&policy, &json!([]))?.is_error("policy-pii", 3)?;
    Ok(())
}

/// The ledger and the journal hold the run sealed: neither keeps a note in the clear.
#[test]
fn at_rest_nothing_is_in_the_clear() -> Tested {
    let host = host_with_note()?;
    let actions = spelled(&json!([{"do": "sql-query", "statement": READ}, {"do": "log", "message": EMAIL}]));
    host.probe(&Policy::open(), &actions)?.expect(0)?;
    for zone in 1..=3 {
        for entry in casemate_ledger::read::scan(&host.zone(zone))? {
            let payload = entry?.payload;
            let shown = String::from_utf8_lossy(&payload);
            assert!(!shown.contains("lindqvist") && !shown.contains("<EMAIL_"), "an entry is not sealed");
        }
    }
    Ok(())
}
