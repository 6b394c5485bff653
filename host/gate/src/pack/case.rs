//! Decision tests: who does what to what, and what the pack's policy has to say to it. It doesn't know how the policy
//! decides.

use std::net::IpAddr;

use serde::Deserialize;

use super::PackError;
use super::source::toml;
use crate::authz::{Action, Circumstances, Principal, Question};
use crate::budget::moment;
use crate::policy::Policy;

/// Most cases of one file.
const CASES: usize = 1_000;
/// Longest name of a case, in characters.
const NAME: usize = 200;

/// What a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// They may.
    Allow,
    /// They may not.
    Deny,
}

impl Expected {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// One decision test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The file that it stands in.
    pub file: String,
    /// Its name, for people.
    pub name: String,
    /// What is asked. Where the case says no time, now is meant.
    pub question: Question,
    /// Whether the case says a time.
    pub timed: bool,
    /// What must come out.
    pub expect: Expected,
    /// Id of the policy that must have decided, where that is said.
    pub by: Option<String>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the policy says.
    pub decided: Expected,
    /// Ids of the policies that decided.
    pub by: Vec<String>,
    /// Policies that could not be evaluated, and why.
    pub errors: Vec<String>,
    /// Whether that is what the case expects. A policy that can't be evaluated is never expected, though it denies.
    pub passed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: String,
    #[serde(rename = "as")]
    who: String,
    does: String,
    on: Option<String>,
    at: Option<String>,
    #[serde(default)]
    mfa: bool,
    network: Option<IpAddr>,
    expect: Expected,
    by: Option<String>,
}

impl Case {
    /// Reads the cases of a file.
    pub(super) fn parse_all(file: &str, text: &str) -> Result<Vec<Self>, PackError> {
        let File { case } = toml(file, text)?;
        if case.len() > CASES {
            let what = format!("keep to {CASES} cases");
            return Err(PackError::Field { file: file.to_owned(), what });
        }
        let parsed = case.into_iter().map(Self::parse);
        let named = |what| PackError::Field { file: file.to_owned(), what };
        let parsed: Result<Vec<Self>, PackError> = parsed.map(|case| case.map_err(named)).collect();
        Ok(parsed?.into_iter().map(|case| Self { file: file.to_owned(), ..case }).collect())
    }

    /// The case, or what is wrong with it.
    fn parse(table: Table) -> Result<Self, String> {
        let Table { name, who, does, on, at, mfa, network, expect, by } = table;
        if !(1..=NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(format!("give each case a name in one line of 1 to {NAME} characters"));
        }
        let wrong = |what: String| format!("case `{name}`: {what}");
        let principal: Principal = who.parse().map_err(|error| wrong(format!("{error}")))?;
        if principal == Principal::Agent(None) {
            return Err(wrong("name one agent: nobody is all of them".to_owned()));
        }
        let action: Action = does.parse().map_err(|error| wrong(format!("{error}")))?;
        if action.resource().is_named() != on.is_some() {
            let words = if on.is_some() { "leave `on` out" } else { "say on what, with `on`" };
            return Err(wrong(format!("{words}: that is how `{action}` is done")));
        }
        let timed = at.is_some();
        let now_ms = match at.as_deref() {
            None => 0,
            Some(text) => moment(text).ok_or_else(|| wrong("write `at` as 2026-11-24T10:00:00Z, in UTC".to_owned()))?,
        };
        let circumstances = Circumstances { now_ms, mfa, network };
        let resource = on.unwrap_or_default();
        let question = Question { principal, roles: Vec::new(), action, resource, circumstances };
        Ok(Self { file: String::new(), name, question, timed, expect, by })
    }

    /// Puts the question to a policy. `now_ms` is milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn put_to(&self, policy: &Policy, now_ms: u64) -> Answer {
        let mut question = self.question.clone();
        if !self.timed {
            question.circumstances.now_ms = now_ms;
        }
        let verdict = policy.decide(&question);
        let decided = if verdict.allowed { Expected::Allow } else { Expected::Deny };
        let by: Vec<String> = verdict.clauses.into_iter().map(|clause| clause.id).collect();
        let by_whom = self.by.as_ref().is_none_or(|expected| by.contains(expected));
        let passed = decided == self.expect && by_whom && verdict.errors.is_empty();
        Answer { decided, by, errors: verdict.errors, passed }
    }
}
