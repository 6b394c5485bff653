//! What an API answers when something is refused or goes wrong: the body of RFC 9457 (`application/problem+json`). It is
//! made of the catalogue's words and of what a guest may read, and of nothing else: there is no way in for the internal
//! cause. It doesn't know HTTP.

use casemate_abi::Entry;
use serde::Serialize;

use crate::refusal::Refusal;

/// The media type of a body.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The body of an answer that is no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `urn:casemate:problem:` and the code.
    #[serde(rename = "type")]
    uri: &'static str,
    title: &'static str,
    status: u16,
    /// What happened this time, or why it happens.
    detail: String,
    code: &'static str,
    number: u16,
    /// What to do about it, in one clause.
    remedy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl Problem {
    /// The problem as the catalogue has it, with its cause as the detail. What happened this time stays with the
    /// operator.
    #[must_use]
    pub fn of(entry: &'static Entry) -> Self {
        Self::detailed(entry, entry.cause.to_owned())
    }

    fn detailed(entry: &'static Entry, detail: String) -> Self {
        let Entry { uri, title, status, name, number, remedy, .. } = *entry;
        Self { uri, title, status, detail, code: name, number, remedy, instance: None }
    }

    /// The same with the URI of this occurrence, such as `urn:uuid:` and the request's id.
    #[must_use]
    pub fn with_instance(self, uri: String) -> Self {
        Self { instance: Some(uri), ..self }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }
}

/// A refusal says what was refused in words that a guest may read.
impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        Self::detailed(refusal.code().entry(), refusal.message().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use casemate_abi::{Code, ENTRIES, Entry};
    use proptest::prelude::*;
    use serde_json::json;

    use super::Problem;
    use crate::Refusal;

    #[test]
    fn a_refusal_is_told_as_rfc_9457_has_it() -> serde_json::Result<()> {
        let refusal = Refusal::new(Code::BudgetCalls, "the run made 10 of 10 calls");
        let body = serde_json::to_value(Problem::from(&refusal).with_instance("urn:uuid:0".to_owned()))?;
        let expected = json!({
            "type": "urn:casemate:problem:budget-calls",
            "title": "No calls are left",
            "status": 429,
            "detail": "the run made 10 of 10 calls",
            "code": "budget-calls",
            "number": 301,
            "remedy": "raise `calls` in the policy's budget or make fewer calls",
            "instance": "urn:uuid:0",
        });
        assert_eq!(body, expected);
        Ok(())
    }

    /// An error of the host's has words of its own, which name paths; what is told has only the catalogue's.
    #[test]
    fn every_entry_makes_a_body_of_its_own_words() -> serde_json::Result<()> {
        for entry in ENTRIES {
            let body = serde_json::to_value(Problem::of(entry))?;
            let Entry { number, name, status, title, cause, remedy, uri, .. } = entry;
            let expected = json!({
                "type": uri, "title": title, "status": status, "detail": cause, "code": name, "number": number,
                "remedy": remedy,
            });
            assert_eq!(body, expected);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn what_is_internal_stays_inside(
            at in 0..Code::ALL.len(),
            message in "[ a-z]{0,40}",
            secret in "[0-9A-F]{12,40}",
        ) {
            let code = Code::ALL[at];
            let plain = Refusal::new(code, message);
            for hiding in [plain.clone().with_internal(&secret), plain.clone().with_cause("store-unreachable", &secret)] {
                prop_assert_eq!(hiding.internal(), Some(secret.as_str()));
                // Byte for byte the same as if there were no cause, so no part of it can be in it either.
                prop_assert_eq!(Problem::from(&hiding), Problem::from(&plain));
                prop_assert_eq!(hiding.to_string(), plain.to_string());
                prop_assert_eq!(format!("{hiding:?}"), format!("{plain:?}"));
                prop_assert_eq!(hiding.message(), plain.message());
                let body = serde_json::to_string(&Problem::from(&hiding)).unwrap_or_default();
                prop_assert!(body.len() > 2 && !body.contains(&secret));
            }
        }
    }
}
