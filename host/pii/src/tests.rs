//! What the tests share, and the properties that hold for any text: no panic, whole characters, no change without
//! a match, a fixed point after one rewriting. Knows no single format.

use proptest::prelude::*;
use serde_json::Value;

use crate::{
    Class, Confidence, Finding, Match, Mode, Rules, Sentinel, Token, Tokenizer, TooLarge, find_tokens, rewrite,
};

/// Tokens that are a function of class and canonical value.
#[derive(Default)]
pub(crate) struct Folding(pub(crate) Vec<(Token, String)>);

impl Tokenizer for Folding {
    fn token(&mut self, m: &Match, original: &str, _mode: Mode) -> Token {
        let mut entropy = [m.class as u8; 10];
        for (at, byte) in m.canonical.bytes().enumerate() {
            if let Some(slot) = entropy.get_mut(at % 10) {
                *slot = slot.rotate_left(3) ^ byte;
            }
        }
        let token = Token::new(m.class, entropy);
        self.0.push((token, original.to_owned()));
        token
    }
}

/// The canonical values of `class` that count by default in `text`.
pub(crate) fn found(class: Class, text: &str, hint: Option<&str>) -> Vec<String> {
    Sentinel::new()
        .find(text, hint)
        .unwrap_or_default()
        .into_iter()
        .filter(|found| found.class == class && found.confidence >= Confidence::DEFAULT_THRESHOLD)
        .map(|found| found.canonical)
        .collect()
}

/// Checks a table of text, hint and the one value to be found.
pub(crate) fn must_match(class: Class, table: &[(&str, &str, &str)]) {
    for (text, hint, canonical) in table {
        let hint = Some(*hint).filter(|hint| !hint.is_empty());
        assert_eq!(found(class, text, hint), [*canonical], "in {text:?}");
    }
}

/// Checks a table of texts in which nothing of `class` is to be found.
pub(crate) fn must_not_match(class: Class, table: &[(&str, &str)]) {
    for (text, hint) in table {
        let hint = Some(*hint).filter(|hint| !hint.is_empty());
        assert!(found(class, text, hint).is_empty(), "in {text:?}: {:?}", found(class, text, hint));
    }
}

fn rewritten(text: &str) -> (String, Vec<Finding>) {
    let done = rewrite::text(&Sentinel::new(), &Rules::default(), text, None, &mut Folding::default());
    done.map(|done| (done.text, done.findings)).unwrap_or_default()
}

/// Texts of pieces that detectors care about, with noise between them.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("ada@example.org".to_owned()),
        Just("4111 1111 1111 1111".to_owned()),
        Just("(212) 555-0123".to_owned()),
        Just("+44 20 7946 0958".to_owned()),
        Just("123-45-6789".to_owned()),
        Just("password: hunter2".to_owned()),
        Just("call ".to_owned()),
        Just("[at] x [dot] org".to_owned()),
        Just("key: token=a1b2c3d4e5".to_owned()),
        Just("https://u:p4ss@".to_owned()),
        Just(" is (+(0)".to_owned()),
        Just("４１１１1111１１１１1111".to_owned()),
        Just("<EMAIL_0000000000000000".to_owned()),
        Just(Token::new(Class::Card, [3; 10]).to_string()),
        "[ -~]{0,8}",
        "[@.:=+ 0-9a-zA-Z<>\u{200b}é-]{0,12}",
        "\\PC{0,6}",
    ];
    proptest::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::from(4_111_111_111_111_111_u64)),
        texts().prop_map(Value::from),
        texts().prop_map(|text| Value::from(serde_json::json!({ "email": text }).to_string())),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::hash_map("password|ssn|phone|id|[a-z]{1,5}|a@b\\.org", inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The same tree with every leaf reduced to whether it can have changed into a string.
fn same_shape(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_shape(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len(),
        (Value::String(_) | Value::Number(_), Value::String(_)) => true,
        (a, b) => a == b,
    }
}

proptest! {
    #[test]
    fn any_text_is_searched_without_panic(text in "\\PC*", hint in "\\PC{0,12}") {
        for found in Sentinel::new().find(&text, Some(&hint)).unwrap_or_default() {
            prop_assert!(text.get(found.span).is_some_and(|cut| !cut.is_empty()));
        }
    }

    #[test]
    fn spans_are_characters_in_order(text in texts()) {
        let mut end = 0;
        for found in Sentinel::new().find(&text, None).unwrap_or_default() {
            prop_assert!(found.span.start >= end);
            prop_assert!(text.is_char_boundary(found.span.start));
            prop_assert!(text.is_char_boundary(found.span.end));
            end = found.span.end;
        }
    }

    #[test]
    fn rewriting_is_idempotent(text in texts()) {
        let (once, findings) = rewritten(&text);
        let (twice, again) = rewritten(&once);
        prop_assert_eq!(&once, &twice);
        prop_assert!(again.is_empty());
        prop_assert!(!findings.is_empty() || once == text);
    }

    #[test]
    fn tokens_survive(text in texts(), entropy in any::<[u8; 10]>()) {
        let token = Token::new(Class::Phone, entropy);
        let (once, _) = rewritten(&format!("{text} {token} {text}"));
        prop_assert!(find_tokens(&once).iter().any(|(_, found)| *found == token));
    }

    #[test]
    fn documents_keep_their_shape(document in documents()) {
        let mut after = document.clone();
        let done = rewrite::json(&Sentinel::new(), &Rules::default(), &mut after, &mut Folding::default());
        let findings = done.unwrap_or_default();
        prop_assert!(same_shape(&document, &after));
        prop_assert!(serde_json::from_str::<Value>(&after.to_string()).is_ok());
        prop_assert!(!findings.is_empty() || document == after);
    }
}

#[test]
fn debug_shows_no_value() {
    let text = "ada@example.org has password: hunter2 and 4111 1111 1111 1111";
    let matches = Sentinel::new().find(text, None).unwrap_or_default();
    assert_eq!(matches.len(), 3);
    let (_, findings) = rewritten(text);
    let flagged = rewrite::text(
        &Sentinel::new(),
        &Rules::new(Class::ALL.map(|class| (class, Mode::FlagOnly))),
        text,
        None,
        &mut Folding::default(),
    );
    let shown = format!("{matches:?} {findings:?} {flagged:?}");
    for value in ["ada", "example", "hunter2", "4111"] {
        assert!(!shown.contains(value), "{shown}");
    }
}

#[test]
fn over_long_text_is_refused() {
    let text = "a".repeat(crate::MAX_TEXT_BYTES + 1);
    assert_eq!(
        Sentinel::new().find(&text, None),
        Err(TooLarge::Text { bytes: crate::MAX_TEXT_BYTES + 1, limit: crate::MAX_TEXT_BYTES })
    );
}

#[test]
fn confidence_is_a_fraction() {
    assert_eq!(Confidence::new(1001), None);
    assert_eq!(Confidence::new(50).map(|c| c.to_string()), Some("0.050".to_owned()));
    assert_eq!(Confidence::MAX.to_string(), "1.000");
}
