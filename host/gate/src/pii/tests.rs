//! Each channel goes by its own rules: what one of them lets through, the others still hold back.

use casemate_abi::Code;
use casemate_keys::MacKey;
use casemate_pii::{Channel, ChannelRules, Sentinel};
use serde_json::json;

use super::{Guard, document, shown, text, words};
use crate::RunId;
use crate::call::{Level, Request, Value};
use crate::vault::Vault;

type Tested = Result<(), Box<dyn std::error::Error>>;

const EMAIL: &str = "ada.lindqvist@example.org";

/// Strict everywhere but in one channel, where it is only told.
fn open_in(channel: &str) -> Result<ChannelRules, serde_json::Error> {
    serde_json::from_value(json!({"email": {"mode": "strict", (channel): "flag-only"}}))
}

fn vault() -> Result<Vault, casemate_keys::KeyError> {
    Vault::new(&MacKey::from_bytes(&[7; 32])?, RunId::from(uuid::Uuid::nil()))
}

#[test]
fn a_document_goes_by_its_channel() -> Tested {
    let names = ["input", "argument", "reply", "log", "result"];
    let sentinel = Sentinel::new();
    for name in names {
        let (rules, mut vault) = (open_in(name)?, vault()?);
        let mut guard = Guard { sentinel: &sentinel, rules: &rules, vault: &mut vault };
        for (other, channel) in names.into_iter().zip(Channel::ALL) {
            let mut whole = json!({"mail": EMAIL});
            document(&mut guard, channel, &mut whole)?;
            assert_eq!(whole == json!({"mail": EMAIL}), other == name, "{name} is open: {channel:?} {whole}");
        }
        assert_eq!(words(&mut guard, EMAIL)? == EMAIL, name == "result", "{name} is open");
    }
    Ok(())
}

#[test]
fn arguments_and_log_lines_are_told_apart() -> Tested {
    let sentinel = Sentinel::new();
    for (name, argument_is_open, log_is_open) in
        [("argument", true, false), ("log", false, true), ("reply", false, false), ("input", false, false)]
    {
        let (rules, mut vault) = (open_in(name)?, vault()?);
        let mut guard = Guard { sentinel: &sentinel, rules: &rules, vault: &mut vault };
        let line = Request::LogEmit { level: Level::Info, message: EMAIL.to_owned() };
        let set = Request::KvSet { key: "k".to_owned(), value: EMAIL.as_bytes().to_vec() };
        let query =
            Request::SqlQuery { statement: "select $1".to_owned(), parameters: vec![Value::Text(EMAIL.to_owned())] };
        assert_eq!(shown(line.clone(), &mut guard)? == line, log_is_open, "{name} is open");
        assert_eq!(shown(set.clone(), &mut guard)? == set, argument_is_open, "{name} is open");
        assert_eq!(shown(query.clone(), &mut guard)? == query, argument_is_open, "{name} is open");
        // What can't be rewritten goes by the rules of arguments.
        let refused = text::refuse_match(&guard, EMAIL, "the key").err().map(|refusal| refusal.code());
        assert_eq!(refused, (!argument_is_open).then_some(Code::PiiInControlField), "{name} is open");
    }
    Ok(())
}
