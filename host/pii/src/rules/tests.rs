//! Rules as they are written.

use serde_json::json;

use crate::{Class, Confidence, Mode, Rules};

#[test]
fn both_forms_are_read() {
    let written = json!({
        "email": "reversible",
        "government_id": { "mode": "flag-only", "threshold": 0.7 },
        "card": { "threshold": 1 },
    });
    let rules = serde_json::from_value::<Rules>(written).unwrap_or_default();
    assert_eq!(rules.mode(Class::Email), Mode::Reversible);
    assert_eq!(rules.mode(Class::GovernmentId), Mode::FlagOnly);
    assert_eq!(Some(rules.threshold(Class::GovernmentId)), Confidence::new(700));
    assert_eq!(rules.mode(Class::Card), Mode::Strict);
    assert_eq!(rules.threshold(Class::Card), Confidence::MAX);
    assert_eq!(rules.mode(Class::Phone), Mode::Strict);
    assert_eq!(rules.threshold(Class::Phone), Confidence::DEFAULT_THRESHOLD);
}

#[test]
fn mistakes_are_errors() {
    for written in [
        json!({ "emial": "strict" }),
        json!({ "email": "flag_only" }),
        json!({ "email": { "mode": "strict", "treshold": 0.5 } }),
        json!({ "email": { "threshold": 1.5 } }),
        json!({ "email": { "threshold": -0.1 } }),
        json!("strict"),
    ] {
        assert!(serde_json::from_value::<Rules>(written.clone()).is_err(), "{written}");
    }
}

#[test]
fn the_stricter_mode_wins() {
    let rules = Rules::new([(Class::Email, Mode::Strict), (Class::Email, Mode::FlagOnly)]);
    assert_eq!(rules.mode(Class::Email), Mode::Strict);
}
