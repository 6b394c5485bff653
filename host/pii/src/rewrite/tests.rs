//! Rewriting of texts and documents, and the way back.

use serde_json::{Value, json};

use crate::{
    Class, Confidence, Mode, Rules, Sentinel, Token, TooLarge, find_tokens,
    rewrite::{self, reveal},
    tests::Folding,
};

fn document(mut value: Value) -> (Value, usize) {
    let done = rewrite::json(&Sentinel::new(), &Rules::default(), &mut value, &mut Folding::default());
    (value, done.map(|findings| findings.len()).unwrap_or_default())
}

fn is_token(value: Option<&Value>, class: Class) -> bool {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    text.parse::<Token>().is_ok_and(|token| token.class() == class)
}

#[test]
fn one_person_has_one_token_and_it_can_be_turned_back() {
    let mut folding = Folding::default();
    let text = "Ada@example.org, ada@example.org";
    let done = rewrite::text(&Sentinel::new(), &Rules::default(), text, None, &mut folding);
    let done = done.map(|done| done.text).unwrap_or_default();
    let tokens = find_tokens(&done);
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens.first().map(|(_, token)| token), tokens.last().map(|(_, token)| token));
    let mut value = |token: &Token| {
        let known = folding.0.iter().rev().find(|(known, _)| known == token);
        known.map(|(_, original)| original.clone())
    };
    assert_eq!(reveal(&done, &mut value), "ada@example.org, ada@example.org");
    assert_eq!(reveal(&done, &mut |_| None), done);
}

#[test]
fn a_flagged_match_shields_nothing() {
    let rules = Rules::new([(Class::Email, Mode::FlagOnly)]);
    let text = "4111111111111111@example.org 4111 1111 1111 1111 a@example.org";
    let done = rewrite::text(&Sentinel::new(), &rules, text, None, &mut Folding::default());
    let (text, findings) = done.map(|done| (done.text, done.findings)).unwrap_or_default();
    assert!(!text.contains("4111 1111"));
    assert!(text.ends_with("a@example.org"));
    assert!(findings.iter().any(|finding| !finding.replaced && finding.class == Class::Email));
}

#[test]
fn thresholds_are_kept() {
    let rules = Rules::default().with_threshold(Class::Email, Confidence::MAX);
    let done = rewrite::text(&Sentinel::new(), &rules, "a@example.org", None, &mut Folding::default());
    assert_eq!(done.map(|done| done.text), Ok("a@example.org".to_owned()));
}

#[test]
fn documents_are_walked() {
    let (after, findings) = document(json!({
        "user": { "mail": "ada@example.org", "ssn": 123456789, "age": 36 },
        "password": ["fluffy", { "value": "x y" }],
        "card": 4111111111111111_u64,
        "request_id": 2125550123_u64,
        "next_page_token": "CjAQAA0123456789",
        "big": 9.12345678901234,
    }));
    assert!(is_token(after.pointer("/user/mail"), Class::Email));
    assert!(is_token(after.pointer("/user/ssn"), Class::GovernmentId));
    assert!(is_token(after.pointer("/password/0"), Class::Credential));
    assert!(is_token(after.pointer("/password/1/value"), Class::Credential));
    assert!(is_token(after.get("card"), Class::Card));
    assert_eq!(after.get("request_id"), Some(&json!(2125550123_u64)));
    assert_eq!(after.get("next_page_token"), Some(&json!("CjAQAA0123456789")));
    assert_eq!(after.get("big"), Some(&json!(9.12345678901234)));
    assert_eq!(after.pointer("/user/age"), Some(&json!(36)));
    assert_eq!(findings, 5);
}

#[test]
fn keys_stay_apart() {
    let (after, findings) = document(json!({ "Ada@example.org": 1, "ada@example.org": 2, "b": 3 }));
    assert_eq!(findings, 2);
    assert_eq!(after.as_object().map(serde_json::Map::len), Some(3));
    assert!(!after.to_string().contains("example"));
}

#[test]
fn json_in_strings_is_walked() {
    let inner = json!({ "ssn": "123456789", "note": "say \"hi\"" }).to_string();
    let (after, findings) = document(json!({ "body": inner, "other": "{ \"a\" : 1 }" }));
    assert_eq!(findings, 1);
    let body = after.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = serde_json::from_str::<Value>(body).unwrap_or_default();
    assert!(is_token(body.get("ssn"), Class::GovernmentId));
    assert_eq!(body.get("note"), Some(&json!("say \"hi\"")));
    assert_eq!(after.get("other"), Some(&json!("{ \"a\" : 1 }")));
}

#[test]
fn deep_and_wide_documents_are_refused_untouched() {
    let deep = (0..=rewrite::MAX_DEPTH).fold(json!("ada@example.org"), |inner, _| json!([inner]));
    let mut after = deep.clone();
    let mut folding = Folding::default();
    let refused = rewrite::json(&Sentinel::new(), &Rules::default(), &mut after, &mut folding);
    assert_eq!(refused, Err(TooLarge::Depth { limit: rewrite::MAX_DEPTH }));
    assert_eq!(after, deep);
    assert!(folding.0.is_empty());

    let mut wide = Value::from(vec![0; rewrite::MAX_NODES]);
    let refused = rewrite::json(&Sentinel::new(), &Rules::default(), &mut wide, &mut folding);
    assert_eq!(refused, Err(TooLarge::Nodes { limit: rewrite::MAX_NODES }));
}
