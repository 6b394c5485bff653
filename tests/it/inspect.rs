//! `casemate inspect` on agents, on files that are none, and on files that somebody damaged on purpose. It starts nothing
//! and makes no data directory.

use serde_json::json;

use crate::host::{Host, Tested, component, example, guest};
use crate::policy::Policy;
use crate::random::Random;
use crate::said::{Said, text};

fn inspect(host: &Host, bytes: &[u8]) -> Tested<Said> {
    let path = host.file("stranger.wasm", bytes)?;
    host.ask(&["inspect", &path])
}

#[test]
fn an_agent_says_what_it_asks_for() -> Tested {
    let host = Host::empty()?;
    let policy = host.file("policy.toml", Policy::assessor().text())?;
    let said = host.ask(&["inspect", &component("assessor")?, "--policy", &policy])?;
    let report = said.expect(0)?.of_type("component").next().ok_or("there is no report")?;
    assert_eq!(report.pointer("/problems"), Some(&json!([])), "{report}");
    assert_eq!((text(report, "/agent"), text(report, "/kind")), ("assessor", "component"));
    assert_eq!(report.pointer("/worlds"), Some(&json!(["0.1.0"])));
    assert_eq!(report.pointer("/exports"), Some(&json!(["run"])));
    assert_eq!(report.pointer("/memories/count"), Some(&json!(1)));
    let sql = json!({"name": "casemate:agent/sql@0.1.0", "tool": "sql", "named": true, "granted": true});
    assert!(report.pointer("/imports").is_some_and(|imports| imports.as_array().is_some_and(|i| i.contains(&sql))));
    assert!(!host.data().exists(), "nothing was started, so nothing is made");

    // What it says to paste grants the agent everything: the same policy with it refuses nothing.
    let pasted = format!("{}\n{}", Policy::closed().text(), text(report, "/grants"));
    let pasted = host.file("pasted.toml", pasted)?;
    let said = host.ask(&["inspect", &component("assessor")?, "--policy", &pasted])?;
    let report = said.expect(0)?.of_type("component").next().ok_or("there is no report")?;
    let asks = report.pointer("/asks").and_then(serde_json::Value::as_array).ok_or("there are no rules")?;
    assert_eq!(asks.len(), 8);
    assert!(asks.iter().all(|ask| text(ask, "/policy") == "granted"), "{report}");
    Ok(())
}

#[test]
fn a_policy_that_grants_less_is_told_apart_rule_by_rule() -> Tested {
    let host = Host::empty()?;
    let less = Policy::closed().granting("sql", &["read"], &["public.assessments"]).granting(
        "kv",
        &["read"],
        &["assessor/scored"],
    );
    let policy = host.file("policy.toml", less.text())?;
    let said = host.ask(&["inspect", &component("assessor")?, "--policy", &policy])?;
    let report = said.expect(0)?.of_type("component").next().ok_or("there is no report")?;
    let asks = report.pointer("/asks").and_then(serde_json::Value::as_array).ok_or("there are no rules")?;
    let answer = |tool: &str, verb: &str, resource: &str| {
        let ask = asks
            .iter()
            .find(|ask| text(ask, "/tool") == tool && text(ask, "/verb") == verb && text(ask, "/resource") == resource);
        ask.map(|ask| text(ask, "/policy").to_owned()).unwrap_or_default()
    };
    assert_eq!(answer("sql", "read", "public.assessments"), "granted");
    assert_eq!(answer("sql", "write", "public.assessments"), "refused");
    assert_eq!(answer("kv", "read", "assessor/*"), "partly");
    assert_eq!(answer("log", "write", ""), "refused");
    let problems: Vec<_> = report.pointer("/problems").and_then(|p| p.as_array()).into_iter().flatten().collect();
    let of = |import: &str| problems.iter().any(|problem| text(problem, "/message").contains(import));
    assert!(of("agent/log@0.1.0") && of("agent/clock@0.1.0") && !of("agent/sql@0.1.0"), "{problems:?}");
    Ok(())
}

#[test]
fn what_can_not_run_is_told_with_what_to_do() -> Tested {
    let host = Host::empty()?;
    let bare = crate::component::without_section(&guest("probe")?, "casemate:manifest")?;
    let precompiled = [b"\x7fELF\x02\x01\x01\xc8".as_slice(), &[0; 64]].concat();
    for (bytes, code) in [
        (guest("stranger")?, "component-imports"),
        (guest("wrong-world")?, "component-world"),
        (bare, "component-no-manifest"),
        (wat::parse_str("(module (memory 1))")?, "component-module"),
        (precompiled, "component-precompiled"),
    ] {
        let said = inspect(&host, &bytes)?;
        let report = said.expect(0)?.of_type("component").next().ok_or("there is no report")?;
        assert_eq!(text(report, "/problems/0/code"), code, "{report}");
        assert!(!text(report, "/problems/0/message").is_empty());
    }
    for bytes in [b"".as_slice(), b"(component)", b"\0asm\x0d\0\x01\0\x7f"] {
        inspect(&host, bytes)?.is_error("component-malformed", 3)?;
    }
    host.ask(&["inspect", &example("no-such-file")])?.is_error("component-file", 3)
}

/// Names of a stranger reach a terminal only as characters that show themselves.
#[test]
fn a_stranger_writes_nothing_on_the_terminal() -> Tested {
    let host = Host::empty()?;
    let text = "(component (import \"x:y/z@1.0.0\" (instance)) \
                (@custom \"casemate:manifest\" \"[agent]\\nname = \\\"a\\\"\\nversion = \\\"\\\\u001b[31m1\\\"\\n\"))";
    let path = host.file("stranger.wasm", wat::parse_str(text)?)?;
    let mut command = std::process::Command::new(crate::host::program()?);
    let said = Said::of(command.args(["inspect", &path]))?;
    said.expect(0)?;
    assert!(!said.stdout.contains('\u{1b}'), "{}", said.stdout);
    assert!(said.stdout.contains("\\u{1b}[31m1"), "{}", said.stdout);
    Ok(())
}

#[test]
fn damage_never_ends_the_program_by_a_panic() -> Tested {
    let (host, mut random) = (Host::empty()?, Random::new());
    let whole = guest("pinger")?;
    for _ in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes.truncate(at.max(1)),
                _ => drop(bytes.drain(at..(at + 9).min(bytes.len()))),
            }
        }
        let said = inspect(&host, &bytes)?;
        match said.status {
            Some(0) => assert_eq!(said.of_type("component").count(), 1, "{said:?}"),
            Some(3) => {
                let error = said.error()?;
                assert!(text(&error, "/code").starts_with("component-"), "{error}");
            }
            other => return Err(format!("ended with {other:?}: {said:?}").into()),
        }
    }
    Ok(())
}
