//! The grant table and Cedar decide alike; what is not permitted is denied, and what can't be evaluated too.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{Action, Circumstances, Principal, Question};
use crate::call::{Tool, Verb};
use crate::policy::tests::BUDGET;
use crate::policy::{Manifest, Policy};

/// Requests that the table and Cedar decide in the property test.
const REQUESTS: u32 = 100_000;
/// Requests put to one pair of manifest and policy.
const EACH: usize = 200;

/// One grant of a random policy, or capability of a random manifest.
fn rules(word: &'static str) -> impl Strategy<Value = String> {
    let verbs = prop::sample::select(vec!["\"read\"", "\"write\"", "\"read\", \"write\""]);
    let key = "[ab\\*\"\\\\/\u{e4}]{0,3}";
    let keys = prop::collection::vec((key, any::<bool>()), 1..4).prop_map(|keys| {
        let one = |(key, open): (String, bool)| {
            let key = key.replace('*', "");
            if open || key.is_empty() { format!("{key}*") } else { key }
        };
        keys.into_iter().map(one).map(|key| format!("{key:?}").replace("\\u{e4}", "ä")).collect::<Vec<_>>().join(", ")
    });
    let tables = prop::collection::vec(prop::sample::select(vec!["\"public.a\"", "\"public.b\"", "\"x.a\""]), 1..3);
    let effect = prop::sample::select(if word == "grant" { vec!["", "", "effect = \"forbid\"\n"] } else { vec![""] });
    let to = prop::sample::select(if word == "grant" {
        vec!["", "", "to = [\"agent:a\"]\n", "to = [\"agent:b\", \"agent:c\"]\n", "to = [\"agent:*\"]\n"]
    } else {
        vec![""]
    });
    let body = prop_oneof![
        3 => (verbs.clone(), keys).prop_map(|(verbs, keys)| format!("tool = \"kv\"\nverbs = [{verbs}]\nresources = [{keys}]\n")),
        2 => (verbs, tables).prop_map(|(verbs, tables)| {
            format!("tool = \"sql\"\nverbs = [{verbs}]\nresources = [{}]\n", tables.join(", "))
        }),
        2 => prop::sample::select(vec![
            "tool = \"log\"\nverbs = [\"write\"]\n",
            "tool = \"clock\"\nverbs = [\"read\"]\n",
            "tool = \"clock\"\nverbs = [\"read\", \"wait\"]\n",
            "tool = \"random\"\nverbs = [\"read\"]\n",
        ]).prop_map(str::to_owned),
    ];
    let all = prop::collection::vec((body, effect, to), 0..7);
    all.prop_map(move |all| {
        all.into_iter().map(|(body, effect, to)| format!("[[{word}]]\n{body}{effect}{to}")).collect::<String>()
    })
}

fn request() -> impl Strategy<Value = (Action, String)> {
    let agents: Vec<Action> = Action::ALL.iter().copied().filter(|action| action.is_agents()).collect();
    prop::sample::select(agents).prop_flat_map(|action| {
        let name = match action {
            Action::SqlRead | Action::SqlWrite => {
                prop::sample::select(vec!["public.a", "public.b", "x.a", "x.b"]).prop_map(str::to_owned).boxed()
            }
            _ => "[ab\\*\"\\\\/\u{e4}]{0,4}".boxed(),
        };
        (Just(action), name)
    })
}

#[test]
fn table_and_cedar_decide_alike() -> Result<(), Box<dyn std::error::Error>> {
    let cases = REQUESTS / u32::try_from(EACH)?;
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let (mut granted, mut asked) = (0_u32, 0_u32);
    let pairs = (rules("capability"), rules("grant"), prop::collection::vec(request(), EACH));
    let counts = std::cell::RefCell::new((&mut granted, &mut asked));
    runner.run(&pairs, |(capabilities, grants, requests)| {
        let fails = |error: &dyn std::error::Error| TestCaseError::fail(format!("{error} in {grants}"));
        let manifest = Manifest::parse(&format!("[agent]\nname = \"a\"\nversion = \"1\"\n{capabilities}"));
        let manifest = manifest.map_err(|error| fails(&error))?;
        let policy = Policy::parse(&format!("name = \"p\"\n{}\n{grants}", BUDGET)).map_err(|error| fails(&error))?;
        let table = policy.grants(&manifest);
        let set = table.set(&policy).map_err(|error| fails(&error))?;
        for (action, resource) in requests {
            let by_table = match action {
                Action::SqlRead | Action::SqlWrite => table.tables().iter().any(|grant| {
                    let verb = if action == Action::SqlRead { grant.read } else { grant.write };
                    verb && format!("{}.{}", grant.schema, grant.table) == resource
                }),
                _ => table.covers(action, Some(&resource)),
            };
            let question = Question {
                principal: Principal::Agent(Some(manifest.agent.clone())),
                roles: Vec::new(),
                action,
                resource: resource.clone(),
                circumstances: Circumstances::default(),
            };
            let verdict = set.decide(&question);
            prop_assert!(verdict.errors.is_empty(), "{:?}", verdict.errors);
            prop_assert_eq!(by_table, verdict.allowed, "{} on {:?}: {}", action, resource, verdict);
            let mut counts = counts.borrow_mut();
            *counts.0 += u32::from(by_table);
            *counts.1 += 1;
        }
        Ok(())
    })?;
    // A test in which everything is denied would prove nothing.
    assert_eq!(asked, REQUESTS);
    assert!(granted > REQUESTS / 50, "{granted} of {asked}");
    Ok(())
}

fn policy(rules: &str, cedar: Option<&str>) -> Result<Policy, crate::policy::PolicyError> {
    Policy::with_rules(&format!("name = \"p\"\n{}\n{rules}", BUDGET), cedar, crate::Digest::of(b""))
}

const ALL: &str = "[[grant]]\ntool = \"kv\"\nverbs = [\"read\"]\nresources = [\"*\"]\n";
const MANIFEST: &str =
    "[agent]\nname = \"a\"\nversion = \"1\"\n[[capability]]\ntool = \"kv\"\nverbs = [\"read\"]\nresources = [\"*\"]\n";

/// 2026-11-24T10:00:00Z.
const TEN: u64 = 1_795_514_400_000;
const HOUR: u64 = 3_600_000;

#[test]
fn a_policy_that_can_t_be_evaluated_denies() -> Result<(), Box<dyn std::error::Error>> {
    // Cedar would skip a forbid that overflows, and permit.
    let overflows = "forbid (principal, action == Action::\"kv.read\", resource)\
                     when { 9223372036854775807 + (if resource.name == \"a\" then 1 else 0) == 0 };";
    let policy = policy(ALL, Some(overflows))?;
    let grants = policy.grants(&Manifest::parse(MANIFEST)?);
    assert!(grants.allow(Tool::Kv, Verb::Read, Some("b"), TEN).is_ok());
    let denied = grants.allow(Tool::Kv, Verb::Read, Some("a"), TEN);
    assert!(format!("{denied:?}").contains("could not be evaluated"), "{denied:?}");
    Ok(())
}

#[test]
fn conditions_hold_call_by_call() -> Result<(), Box<dyn std::error::Error>> {
    for (when, early, at_ten, late) in [
        ("from = 2026-11-24T10:00:00Z", false, true, true),
        ("until = 2026-11-24T10:00:00Z", true, false, false),
        ("between = [10:00:00, 11:00:00]", false, true, false),
        ("between = [11:00:00, 10:00:00]", true, false, true),
        ("from = 2026-11-24T09:30:00Z, between = [08:00:00, 10:30:00]", false, true, false),
    ] {
        let policy = policy(&format!("{ALL}when = {{ {when} }}\n"), None)?;
        let grants = policy.grants(&Manifest::parse(MANIFEST)?);
        assert!(grants.import(Tool::Kv));
        for (at, expected) in [(TEN - HOUR, early), (TEN, at_ten), (TEN + HOUR, late)] {
            assert_eq!(grants.allow(Tool::Kv, Verb::Read, Some("k"), at).is_ok(), expected, "{when} at {at}");
        }
    }
    Ok(())
}

#[test]
fn what_cedar_adds_can_only_narrow_what_agents_may() {
    for (rules, code) in [
        ("permit (principal, action, resource);", "write the permit"),
        ("permit (principal is Agent, action == Action::\"kv.read\", resource);", "write the permit"),
        ("permit (principal == ?principal, action, resource);", "without slots"),
        ("forbid (principal, action, resource) when { resource.nmae == \"x\" };", "fit the schema"),
        ("forbid (principal, action == Action::\"kv.raed\", resource);", "fit the schema"),
        (
            "@id(\"x\") forbid (principal, action, resource); @id(\"x\") forbid (principal, action, resource);",
            "another `@id`",
        ),
        ("forbid", "correct the Cedar"),
    ] {
        let error = policy(ALL, Some(rules)).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(code), "{rules}: {error}");
    }
    let fine = "permit (principal in Role::\"auditor\", action == Action::\"audit.read\", resource);\
                forbid (principal, action == Action::\"kv.read\", resource) when { resource.name like \"secret/*\" };";
    assert!(policy(ALL, Some(fine)).is_ok());
}

#[test]
fn people_are_decided_by_role_second_factor_and_network() -> Result<(), Box<dyn std::error::Error>> {
    let rules = "[[role]]\nname = \"operator\"\n[[grant]]\nto = [\"role:operator\", \"person:eve\"]\ntool = \"policy\"\n\
                 verbs = [\"write\"]\nresources = [\"assessor\"]\nwhen = { mfa = true, networks = [\"10.0.0.0/8\"] }\n";
    let policy = policy(rules, None)?;
    let ask = |who: &str, mfa, network: Option<&str>| {
        let question = Question {
            principal: who.parse()?,
            roles: Vec::new(),
            action: Action::PolicyWrite,
            resource: "assessor".to_owned(),
            circumstances: Circumstances { now_ms: TEN, mfa, network: network.map(str::parse).transpose()? },
        };
        Ok::<_, Box<dyn std::error::Error>>(policy.decide(&question))
    };
    for (who, mfa, network, expected) in [
        ("role:operator", true, Some("10.1.2.3"), true),
        ("person:eve", true, Some("10.1.2.3"), true),
        ("person:bob", true, Some("10.1.2.3"), false),
        ("role:operator", false, Some("10.1.2.3"), false),
        ("role:operator", true, Some("11.1.2.3"), false),
        ("role:operator", true, None, false),
    ] {
        let verdict = ask(who, mfa, network)?;
        assert_eq!(verdict.allowed, expected, "{who} {mfa} {network:?}: {verdict}");
        assert!(verdict.errors.is_empty(), "{verdict:?}");
    }
    assert_eq!(ask("person:eve", true, Some("10.0.0.1"))?.to_string(), "permitted by grant 1 person:eve");
    Ok(())
}

/// A statement that changes rows can read others: what may not be read now stops it too.
#[test]
fn what_may_not_be_read_can_t_be_read_by_a_write() -> Result<(), Box<dyn std::error::Error>> {
    let sql = "[[grant]]\ntool = \"sql\"\nverbs = [\"write\"]\nresources = [\"public.b\"]\n\
               [[grant]]\ntool = \"sql\"\nverbs = [\"read\"]\nresources = [\"public.a\"]\n";
    let manifest = Manifest::parse(
        "[agent]\nname = \"a\"\nversion = \"1\"\n[[capability]]\ntool = \"sql\"\nverbs = [\"read\", \"write\"]\n\
         resources = [\"public.a\", \"public.b\"]\n",
    )?;
    let grants = policy(&format!("{sql}when = {{ until = 2026-11-24T10:00:00Z }}\n"), None)?.grants(&manifest);
    for (at, expected) in [(TEN - HOUR, true), (TEN, false)] {
        assert_eq!(grants.allow(Tool::Sql, Verb::Read, None, at).is_ok(), expected);
        assert_eq!(grants.allow(Tool::Sql, Verb::Write, None, at).is_ok(), expected, "at {at}");
    }
    let whole = policy(sql, None)?.grants(&manifest);
    let narrower = policy(&sql.replace("public.a", "public.c"), None)?.grants(&manifest);
    assert!(whole.hold_what_is_given(&whole, Tool::Sql, Verb::Write));
    assert!(!narrower.hold_what_is_given(&whole, Tool::Sql, Verb::Write), "it could read `public.a` by a write");
    Ok(())
}

#[test]
fn rules_that_would_never_hold_are_refused_and_forbids_fail_closed() -> Result<(), Box<dyn std::error::Error>> {
    for when in [
        "between = [08:00:00, 08:00:00]",
        "between = [08:00:00.5, 09:00:00]",
        "from = 2026-01-02T00:00:00Z, until = 2026-01-01T00:00:00Z",
        "from = 2026-01-01T00:00:00+01:00",
    ] {
        assert!(policy(&format!("{ALL}when = {{ {when} }}\n"), None).is_err(), "{when}");
    }
    let operator =
        "[[role]]\nname = \"operator\"\n[[grant]]\nto = [\"role:operator\"]\ntool = \"key\"\nverbs = [\"write\"]\n";
    let forbid = |when: &str| {
        format!(
            "{operator}[[grant]]\nto = [\"role:operator\"]\ntool = \"key\"\nverbs = [\"write\"]\neffect = \"forbid\"\nwhen = {{ {when} }}\n"
        )
    };
    for (when, mfa, network, expected) in [
        ("mfa = false", true, None, true),
        ("mfa = false", false, None, false),
        ("networks = [\"192.0.2.0/24\"]", true, Some("198.51.100.1"), true),
        ("networks = [\"192.0.2.0/24\"]", true, Some("192.0.2.1"), false),
        ("networks = [\"192.0.2.0/24\"]", true, Some("::ffff:192.0.2.1"), false),
        ("networks = [\"192.0.2.0/24\"]", true, None, false),
    ] {
        let question = Question {
            principal: "role:operator".parse()?,
            roles: Vec::new(),
            action: Action::KeyWrite,
            resource: String::new(),
            circumstances: Circumstances { now_ms: TEN, mfa, network: network.map(str::parse).transpose()? },
        };
        let verdict = policy(&forbid(when), None)?.decide(&question);
        assert_eq!(verdict.allowed, expected, "{when} {mfa} {network:?}: {verdict}");
        // A person who calls themself so has no role by that.
        let posing = Question { principal: "person:role:operator".parse()?, ..question };
        assert!(!policy(operator, None)?.decide(&posing).allowed);
    }
    Ok(())
}
