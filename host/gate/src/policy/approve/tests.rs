//! What asks for an approval, by every way in which something is granted; and that a call asks exactly where the policy
//! without the grants that ask would refuse it.

use std::time::Duration;

use proptest::prelude::*;

use super::super::tests::BUDGET;
use super::super::{Grants, Manifest, Policy, PolicyError};
use crate::call::{Tool, Verb};

const MANIFEST: &str = r#"
[agent]
name = "a"
version = "1"
[[capability]]
tool = "sql"
verbs = ["read", "write"]
resources = ["public.one", "public.two"]
[[capability]]
tool = "kv"
verbs = ["read", "write"]
resources = ["k/*"]
[[capability]]
tool = "log"
verbs = ["write"]
"#;

fn policy(rules: &str) -> Result<Policy, PolicyError> {
    Policy::parse(&format!("name = \"p\"\n{BUDGET}\n{rules}"))
}

fn grants(rules: &str) -> Result<Grants, PolicyError> {
    Ok(policy(rules)?.grants(&Manifest::parse(MANIFEST)?))
}

fn grant(tool: &str, verbs: &str, resources: &str, rest: &str) -> String {
    let resources = if resources.is_empty() { String::new() } else { format!("resources = [{resources}]\n") };
    format!("[[grant]]\ntool = \"{tool}\"\nverbs = [{verbs}]\n{resources}{rest}\n")
}

const ASKS: &str = "approve = true";
const HOUR: Option<Duration> = Some(Duration::from_secs(3_600));

#[test]
fn a_call_asks_where_every_grant_that_covers_it_does() -> Result<(), PolicyError> {
    let rules = grant("kv", "\"write\"", "\"k/*\"", "approve = { within = \"15min\" }")
        + &grant("kv", "\"write\"", "\"k/open/*\"", "")
        + &grant("kv", "\"write\"", "\"k/x*\"", "approve = { within = \"2s\" }")
        + &grant("log", "\"write\"", "", ASKS);
    let grants = grants(&rules)?;
    let asks = |key: &str| grants.asks(Tool::Kv, Verb::Write, Some(key), 0);
    assert_eq!(asks("k/a"), Some(Duration::from_secs(900)));
    assert_eq!(asks("k/xy"), Some(Duration::from_secs(2)), "the shortest that names it");
    assert_eq!(asks("k/open/a"), None, "one that doesn't ask permits it");
    assert_eq!(grants.asks(Tool::Log, Verb::Write, None, 0), HOUR);
    assert!(grants.may_ask() && grants.need_database());
    let none = grant("log", "\"write\"", "", "") + &grant("random", "\"read\"", "", ASKS);
    assert!(!self::grants(&none)?.may_ask(), "the manifest doesn't name what asks");
    Ok(())
}

#[test]
fn a_condition_that_does_not_hold_lets_nothing_through() -> Result<(), PolicyError> {
    let until = "when = { until = 1970-01-01T00:00:10Z }";
    let grants = grants(&(grant("log", "\"write\"", "", ASKS) + &grant("log", "\"write\"", "", until)))?;
    assert_eq!(grants.asks(Tool::Log, Verb::Write, None, 1_000), None);
    assert_eq!(grants.asks(Tool::Log, Verb::Write, None, 11_000), HOUR);
    Ok(())
}

#[test]
fn one_table_that_asks_makes_all_statements_of_its_verb_ask() -> Result<(), PolicyError> {
    let asks = |rules: String| -> Result<_, PolicyError> {
        let grants = grants(&rules)?;
        Ok([Verb::Read, Verb::Write].map(|verb| grants.asks(Tool::Sql, verb, None, 0).is_some()))
    };
    let both = "\"read\", \"write\"";
    let open = grant("sql", both, "\"public.one\"", "");
    assert_eq!(asks(open.clone() + &grant("sql", "\"write\"", "\"public.two\"", ASKS))?, [false, true]);
    assert_eq!(asks(open.clone() + &grant("sql", "\"read\"", "\"public.two\"", ASKS))?, [true, true]);
    assert_eq!(asks(open.clone() + &grant("sql", both, "\"public.one\"", ASKS))?, [false, false]);
    assert_eq!(asks(open + &grant("sql", both, "\"public.three\"", ASKS))?, [false, false], "the manifest lacks it");
    Ok(())
}

#[test]
fn what_nothing_would_enforce_is_refused_at_load() {
    let pack = "[[grant]]\ntool = \"policy\"\nverbs = [\"write\"]\nresources = [\"*\"]\nto = [\"person:ada\"]\n";
    for (rules, word) in [
        (format!("{pack}approve = true\n"), "only an agent's call"),
        (grant("log", "\"write\"", "", "effect = \"forbid\"\napprove = true"), "forbid"),
        (grant("log", "\"write\"", "", "approve = { within = \"0s\" }"), "from 1s to 30d"),
        (grant("log", "\"write\"", "", "approve = { within = \"31d\" }"), "from 1s to 30d"),
        (grant("log", "\"write\"", "", "approve = { within = \"+5s\" }"), "from 1s to 30d"),
        (grant("log", "\"write\"", "", "approve = { within = \"soon\" }"), "from 1s to 30d"),
    ] {
        let error = policy(&rules).err();
        let cause = error.as_ref().and_then(std::error::Error::source).map(ToString::to_string).unwrap_or_default();
        assert!(cause.contains(word), "{rules} should say `{word}`: {error:?}");
    }
    assert!(policy(&grant("log", "\"write\"", "", "approve = { by = \"ada\" }")).is_err());
    assert!(grants(&grant("log", "\"write\"", "", "approve = false")).is_ok_and(|grants| !grants.may_ask()));
}

proptest! {
    /// The rule in one sentence: who may do it without the grants that ask, need not ask.
    #[test]
    fn a_call_asks_exactly_where_nothing_else_permits_it(
        some in prop::collection::vec((0_usize..6, any::<bool>(), any::<bool>()), 0..8), key in "k/[ab]{1,2}",
    ) {
        let each = |(which, asks, forbids): &(usize, bool, bool)| {
            let pattern = ["k/*", "k/a", "k/a*", "k/b*", "k/ab", "k/bb"].get(*which).copied().unwrap_or("k/*");
            let rest = match (asks, forbids) {
                (true, _) => ASKS,
                (false, true) => "effect = \"forbid\"",
                (false, false) => "",
            };
            (grant("kv", "\"write\"", &format!("\"{pattern}\""), rest), *asks)
        };
        let all: Vec<(String, bool)> = some.iter().map(each).collect();
        let text = |with: bool| all.iter().filter(|(_, asks)| with || !asks).map(|(rule, _)| rule.as_str()).collect::<String>();
        let fails = |error: PolicyError| TestCaseError::fail(error.to_string());
        let (full, plain) = (grants(&text(true)).map_err(fails)?, grants(&text(false)).map_err(fails)?);
        let may = |grants: &Grants| grants.allow(Tool::Kv, Verb::Write, Some(&key), 0).is_ok();
        if may(&full) {
            prop_assert_eq!(full.asks(Tool::Kv, Verb::Write, Some(&key), 0).is_some(), !may(&plain));
        } else {
            prop_assert!(!may(&plain), "to ask for an approval grants no less");
        }
    }
}
