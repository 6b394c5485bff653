//! Rules as they are written.

use serde_json::json;

use crate::{Channel, ChannelRules, Class, Confidence, Mode, Rules};

fn read(written: serde_json::Value) -> Option<ChannelRules> {
    serde_json::from_value(written).ok()
}

#[test]
fn both_forms_are_read() {
    let rules = read(json!({
        "email": "reversible",
        "government_id": { "mode": "flag-only", "threshold": 0.7 },
        "card": { "threshold": 1 },
    }))
    .unwrap();
    for channel in Channel::ALL {
        let rules = rules.of(channel);
        assert_eq!(rules.mode(Class::Email), Mode::Reversible);
        assert_eq!(rules.mode(Class::GovernmentId), Mode::FlagOnly);
        assert_eq!(Some(rules.threshold(Class::GovernmentId)), Confidence::new(700));
        assert_eq!(rules.mode(Class::Card), Mode::Strict);
        assert_eq!(rules.threshold(Class::Card), Confidence::MAX);
        assert_eq!(rules.mode(Class::Phone), Mode::Strict);
        assert_eq!(rules.threshold(Class::Phone), Confidence::DEFAULT_THRESHOLD);
    }
    assert_eq!(read(json!({})), Some(ChannelRules::default()));
    let same = Rules::new([(Class::Email, Mode::Reversible)]);
    assert_eq!(read(json!({"email": "reversible"})), Some(ChannelRules::from(same)));
}

/// Each channel overrides for itself, and for its own class only.
#[test]
fn a_channel_has_its_own_mode() {
    let names = ["input", "argument", "reply", "log", "result"];
    for (name, own) in names.into_iter().zip(Channel::ALL) {
        for (mode, expected) in [("strict", Mode::Strict), ("flag-only", Mode::FlagOnly)] {
            let written = json!({"email": {"mode": "reversible", "threshold": 0.7, (name): mode}, "card": "flag-only"});
            let rules = read(written).unwrap();
            for channel in Channel::ALL {
                let expected = if channel == own { expected } else { Mode::Reversible };
                assert_eq!(rules.of(channel).mode(Class::Email), expected, "{name} {channel:?}");
                assert_eq!(Some(rules.of(channel).threshold(Class::Email)), Confidence::new(700));
                assert_eq!(rules.of(channel).mode(Class::Card), Mode::FlagOnly);
            }
        }
    }
    // Without a mode of its own a class is strict, whatever one channel has.
    let rules = read(json!({"phone": {"reply": "reversible"}})).unwrap();
    assert_eq!(rules.of(Channel::Reply).mode(Class::Phone), Mode::Reversible);
    assert_eq!(rules.of(Channel::Log).mode(Class::Phone), Mode::Strict);
}

#[test]
fn mistakes_are_errors() {
    for written in [
        json!({ "emial": "strict" }),
        json!({ "email": "flag_only" }),
        json!({ "email": { "mode": "strict", "treshold": 0.5 } }),
        json!({ "email": { "threshold": 1.5 } }),
        json!({ "email": { "threshold": -0.1 } }),
        json!({ "email": { "mode": "strict", "replies": "strict" } }),
        json!({ "email": { "mode": "strict", "log": "loud" } }),
        json!({ "email": { "log": { "mode": "strict" } } }),
        json!("strict"),
    ] {
        assert_eq!(read(written.clone()), None, "{written}");
    }
}

/// Of all combinations of modes only those can't be enforced that would hand a token's value back.
#[test]
fn a_token_that_a_reply_would_turn_back_is_found() {
    let modes = ["strict", "reversible", "flag-only"];
    for input in modes {
        for reply in modes {
            for other in modes {
                let rules = read(json!({"card": {"mode": other, "input": input, "reply": reply}})).unwrap();
                let expected = (input == "reversible" && reply == "flag-only").then_some(Class::Card);
                assert_eq!(rules.unenforceable(), expected, "{input} {reply} {other}");
            }
        }
    }
}
