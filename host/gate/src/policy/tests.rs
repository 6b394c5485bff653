//! Manifests and policies as their authors write them: what is granted, and what is refused at load.

use super::{Family, Grants, Manifest, Policy, PolicyError};
use crate::call::{Tool, Verb};

const MANIFEST: &str = r#"
[agent]
name = "assessor"
version = "0.1.0"
[[capability]]
tool = "sql"
verbs = ["read", "write"]
resources = ["public.assessments", "public.audits"]
[[capability]]
tool = "kv"
verbs = ["read", "write"]
resources = ["assessor/*"]
[[capability]]
tool = "log"
verbs = ["write"]
"#;

pub(crate) const BUDGET: &str = r#"
[budget]
denials = 10
[budget.run]
fuel = 1
memory = 1
wall-clock = 1
calls = 1
log-bytes = 1
result-bytes = 1
[budget.tenant]
fuel = 2
memory = 2
wall-clock = 2
calls = 2
log-bytes = 2
result-bytes = 2
"#;

fn policy(rules: &str) -> Result<Policy, PolicyError> {
    Policy::parse(&format!("name = \"p\"\n{BUDGET}\n{rules}"))
}

fn grant(tool: &str, verbs: &str, resources: &str) -> String {
    format!("[[grant]]\ntool = \"{tool}\"\nverbs = [{verbs}]\nresources = [{resources}]\n")
}

#[test]
fn only_what_both_name_is_granted() -> Result<(), PolicyError> {
    let rules = grant("sql", "\"read\"", "\"public.assessments\", \"public.secrets\"")
        + &grant("kv", "\"read\"", "\"assessor/count\", \"other/*\"");
    let grants = policy(&rules)?.grants(&Manifest::parse(MANIFEST)?);
    let tables: Vec<_> = grants.tables().iter().map(|t| (t.table.as_str(), t.read, t.write)).collect();
    assert_eq!(tables, [("assessments", true, false)]);
    assert!(grants.allow(Tool::Sql, Verb::Read, None, 0).is_ok());
    assert!(grants.allow(Tool::Sql, Verb::Write, None, 0).is_err());
    assert!(grants.allow(Tool::Kv, Verb::Read, Some("assessor/count"), 0).is_ok());
    assert!(grants.allow(Tool::Kv, Verb::Read, Some("assessor/other"), 0).is_err());
    assert!(grants.allow(Tool::Kv, Verb::Read, Some("other/x"), 0).is_err());
    assert!(grants.allow(Tool::Kv, Verb::Write, Some("assessor/count"), 0).is_err());
    assert!(grants.allow(Tool::Log, Verb::Write, None, 0).is_err());
    assert!(grants.import(Tool::Kv) && !grants.import(Tool::Log) && !grants.import(Tool::Clock));
    Ok(())
}

#[test]
fn an_empty_policy_grants_nothing() -> Result<(), PolicyError> {
    let grants = policy("")?.grants(&Manifest::parse(MANIFEST)?);
    for tool in [Tool::Sql, Tool::Kv, Tool::Log, Tool::Clock, Tool::Random] {
        assert!(!grants.import(tool));
        for verb in [Verb::Read, Verb::Write, Verb::Wait] {
            assert!(grants.allow(tool, verb, Some("assessor/count"), 0).is_err());
        }
    }
    assert!(!grants.need_database());
    Ok(())
}

#[test]
fn a_rule_that_nothing_enforces_is_refused_at_load() {
    for (rules, word) in [
        (grant("sql", "\"read\"", "\"public.*\""), "pattern"),
        (grant("sql", "\"read\"", "\"assessments\""), "schema.table"),
        (grant("sql", "\"read\"", ""), "name the resources"),
        (grant("sql", "\"wait\"", "\"public.t\""), "no operation"),
        (grant("log", "\"write\"", "\"here\""), "no resources"),
        (grant("kv", "\"read\"", "\"a*b\""), "prefix"),
        (grant("kv", "", "\"a\""), "empty"),
        (grant("random", "\"write\"", ""), "no operation"),
    ] {
        let Err(error @ PolicyError::Rule { number: 1, .. }) = policy(&rules) else {
            unreachable_rule(&rules);
            continue;
        };
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(cause.contains(word), "{cause} should say `{word}`");
    }
}

#[track_caller]
fn unreachable_rule(rules: &str) {
    assert!(rules.is_empty(), "accepted: {rules}");
}

#[test]
fn an_unknown_field_and_a_contradicting_budget_are_refused() {
    assert!(matches!(policy("surprise = 1"), Err(PolicyError::Syntax(..))));
    assert!(matches!(policy("[pii]\nemail = \"sometimes\""), Err(PolicyError::Syntax(..))));
    assert!(matches!(policy("[pii]\nemail = { mode = \"strict\", logs = \"strict\" }"), Err(PolicyError::Syntax(..))));
    assert!(policy("[pii]\nemail = { mode = \"reversible\", threshold = 0.7, log = \"strict\" }").is_ok());
    // The input's token, sent back as a parameter, would come back as the value.
    let around = policy("[pii]\nemail = { mode = \"reversible\", reply = \"flag-only\" }");
    assert!(matches!(around, Err(PolicyError::Pii(casemate_pii::Class::Email))));
    assert!(policy("[pii]\nemail = { mode = \"reversible\", reply = \"flag-only\", input = \"strict\" }").is_ok());
    let more = BUDGET.replace("fuel = 2", "fuel = 0");
    assert!(matches!(Policy::parse(&format!("name = \"p\"\n{more}")), Err(PolicyError::Budget("tenant", "fuel"))));
}

#[test]
fn windows_and_agents_are_limited_where_the_policy_says_so() -> Result<(), PolicyError> {
    use crate::budget::{Resource, Span};
    let read =
        policy("[budget.agent]\ncalls = 1\n[budget.agent.hour]\nfuel = 3\n[budget.tenant.day]\nresult-bytes = 0\n")?;
    let limit = |owner: &crate::budget::PerSpan<crate::budget::Caps>, span, resource| *owner.get(span).get(resource);
    let (agent, tenant) = (read.budget.agent, read.budget.tenant);
    assert_eq!(limit(&agent, Span::AtOnce, Resource::Calls), Some(1));
    assert_eq!(limit(&agent, Span::AtOnce, Resource::Fuel), None);
    assert_eq!(limit(&agent, Span::Hour, Resource::Fuel), Some(3));
    assert_eq!(limit(&tenant, Span::AtOnce, Resource::Fuel), Some(2));
    assert_eq!(limit(&tenant, Span::Day, Resource::ResultBytes), Some(0));
    assert_eq!(limit(&tenant, Span::Month, Resource::Calls), None);
    Ok(())
}

#[test]
fn a_window_that_no_run_fits_in_or_that_counts_memory_is_refused() {
    for (table, place, resource) in [
        ("[budget.agent]\nmemory = 0\n", "agent", "memory"),
        ("[budget.tenant.month]\nwall-clock = 0\n", "tenant.month", "wall-clock"),
        ("[budget.agent.day]\nfuel = 0\n", "agent.day", "fuel"),
    ] {
        let refused = policy(table);
        assert!(matches!(refused, Err(PolicyError::Budget(p, r)) if (p, r) == (place, resource)), "{table}");
    }
    assert!(matches!(policy("[budget.tenant.hour]\nmemory = 9\n"), Err(PolicyError::Syntax(..))));
    assert!(matches!(policy("[budget.run.hour]\nfuel = 9\n"), Err(PolicyError::Syntax(..))));
}

fn wasi(manifest: &str, granted: &str) -> Result<Grants, PolicyError> {
    Ok(policy(granted)?.grants(&Manifest::parse(&format!("{MANIFEST}\n{manifest}"))?))
}

#[test]
fn a_wasi_family_is_granted_where_both_name_it() -> Result<(), PolicyError> {
    let most = "[wasi]\nfamilies = [\"cli\", \"io\", \"filesystem\"]\nscratch-bytes = 65536";
    let given = "[wasi]\nfamilies = [\"filesystem\", \"io\", \"sockets\"]\nscratch-bytes = 8192";
    let grants = wasi(most, given)?;
    let granted: Vec<_> = Family::ALL.into_iter().filter(|family| grants.family(*family)).collect();
    assert_eq!(granted, [Family::Filesystem, Family::Io]);
    assert_eq!(grants.scratch_bytes(), Some(8192), "the smaller one");
    for grants in [wasi(most, "")?, wasi("", given)?] {
        assert!(Family::ALL.into_iter().all(|family| !grants.family(family)));
        assert_eq!(grants.scratch_bytes(), None);
    }
    assert_eq!(wasi(most, "[wasi]\nfamilies = [\"filesystem\"]")?.scratch_bytes(), None);
    Ok(())
}

#[test]
fn a_wasi_table_that_grants_nothing_is_refused_at_load() {
    for (table, word) in [
        ("families = []", "empty"),
        ("families = [\"io\"]\nscratch-bytes = 4096", "filesystem"),
        ("families = [\"filesystem\"]\nscratch-bytes = 0", "choose"),
        ("families = [\"filesystem\"]\nscratch-bytes = 4095", "choose"),
        ("families = [\"filesystem\"]\nscratch-bytes = 1073741825", "choose"),
    ] {
        let refused = policy(&format!("[wasi]\n{table}")).map_err(|error| {
            assert_eq!(error.code(), "policy-wasi");
            std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
        });
        assert!(refused.is_err_and(|cause| cause.contains(word)), "{table}");
    }
    for table in ["families = [\"http\"]", "families = [\"cli\"]\nsockets = true", "scratch-bytes = 4096"] {
        assert!(matches!(policy(&format!("[wasi]\n{table}")), Err(PolicyError::Syntax(..))), "{table}");
    }
}
