//! Policies, inputs, tenants and command lines that can't be used.

use serde_json::json;

use crate::host::{Host, Tested, component};
use crate::policy::Policy;
use crate::said::{Said, number, text};

fn run(host: &Host, policy: &str, input: &str, tenant: &str) -> Tested<Said> {
    host.ask(&["run", &component("panicker")?, "--policy", policy, "--input", input, "--tenant", tenant])
}

#[test]
fn a_policy_that_cannot_be_used() -> Tested {
    let host = Host::empty()?;
    let input = host.file("input.json", "null")?;
    let good = Policy::logging().text();
    let rule =
        |tool: &str, verbs: &[&str], resources: &[&str]| Policy::closed().granting(tool, verbs, resources).text();
    for (written, code, word) in [
        (String::new(), "policy-syntax", "missing field `name`"),
        ("name = ".to_owned(), "policy-syntax", "line 1"),
        (good.replace("denials", "deniels"), "policy-syntax", "deniels"),
        (good.replace("email", "e-mail"), "policy-syntax", "e-mail"),
        (good.replace("\"reversible\"", "\"sometimes\""), "policy-syntax", "sometimes"),
        (good.replace("[[grant]]", "[[grant]]\nresource = [\"x\"]"), "policy-syntax", "resource"),
        (good.replace("tool = \"log\"", "tool = \"shell\""), "policy-rule", "shell"),
        (rule("sql", &["read"], &["public.*"]), "policy-rule", "public.*"),
        (rule("sql", &["read"], &[]), "policy-rule", "name the resources"),
        (rule("log", &["write"], &["here"]), "policy-rule", "no resources"),
        (rule("random", &["write"], &[]), "policy-rule", "no operation"),
        (rule("kv", &["read"], &["a*b"]), "policy-rule", "a*b"),
        (Policy::logging().tenant("calls", 1).text(), "policy-budget", "calls"),
        (format!("{good}# {}", "x".repeat(70_000)), "policy-too-large", "65536"),
    ] {
        let said = run(&host, &host.file("policy.toml", &written)?, &input, "acme")?;
        said.is_error(code, 3)?;
        assert!(said.stderr.contains(word), "{word}: {}", said.stderr);
    }
    run(&host, &host.file("policy.toml", b"\xff\xfe")?, &input, "acme")?.is_error("policy-text", 3)?;
    run(&host, "/there/is/none.toml", &input, "acme")?.is_error("policy-file", 3)?;
    assert!(!host.data().exists(), "nothing was started, so nothing is made");
    Ok(())
}

#[test]
fn an_input_that_cannot_be_used() -> Tested {
    let host = Host::empty()?;
    let policy = host.file("policy.toml", Policy::logging().text())?;
    run(&host, &policy, &host.file("input.json", "{\"a\": ")?, "acme")?.is_error("input-json", 3)?;
    run(&host, &policy, &host.file("input.json", "")?, "acme")?.is_error("input-json", 3)?;
    run(&host, &policy, &host.file("input.json", "1 2")?, "acme")?.is_error("input-json", 3)?;
    run(&host, &policy, &host.file("input.json", b"\"\xff\"")?, "acme")?.is_error("input-text", 3)?;
    let large = format!("\"{}\"", "x".repeat(512 * 1024));
    run(&host, &policy, &host.file("input.json", large)?, "acme")?.is_error("input-too-large", 3)?;
    let deep = "[".repeat(100_000);
    run(&host, &policy, &host.file("input.json", deep)?, "acme")?.is_error("input-json", 3)?;
    run(&host, &policy, "/there/is/none.json", "acme")?.is_error("input-file", 3)?;
    assert!(!host.data().exists(), "nothing was started, so nothing is made");
    Ok(())
}

/// The agent says so, so it is known only once it runs: the run is on record, and so is its end.
#[test]
fn an_input_that_does_not_fit_the_agent() -> Tested {
    let host = Host::without_database()?;
    let said = host.run("panicker", &Policy::logging(), &json!(["not", "a", "text"]), &["acme"])?;
    said.expect(1)?;
    assert_eq!(said.ended_by()?, 803, "{}", said.stdout);
    let message = text(said.result()?, "/refusal/message");
    assert!(message.contains("expected a string"), "it says what is wrong: {message}");
    let ended = said.of_type("ended").next().ok_or("the end is told")?;
    assert_eq!(number(ended, "/ledger_index"), 4, "the tenant, its key, the agent, the run and its end are on record");
    let verified = host.verify()?;
    verified.expect(0)?;
    assert_eq!(number(verified.lines.first().ok_or("a report")?, "/logs/1/entries"), 5);
    Ok(())
}

#[test]
fn a_tenant_that_is_not_there_or_cannot_be() -> Tested {
    let host = Host::without_database()?;
    let said = host.run("panicker", &Policy::logging(), &json!("x"), &["initech"])?;
    said.is_error("tenant-unknown", 3)?;
    assert!(text(&said.error()?, "/message").contains("casemate tenant add initech"), "{said:?}");
    // One that is there changes nothing about one that is not: neither runs.
    let said = host.run("panicker", &Policy::logging(), &json!("x"), &["acme", "initech"])?;
    said.is_error("tenant-unknown", 3)?;
    assert_eq!(said.of_type("started").count(), 0);
    host.ask(&["tenant", "add", "acme"])?.is_error("tenant-exists", 3)?;
    for name in ["", "Acme", "../acme", "a b", &"x".repeat(65)] {
        host.ask(&["tenant", "add", name])?.is_error("tenant-name", 3)?;
    }
    let listed = host.ask(&["tenant", "list"])?;
    let names: Vec<_> = listed.expect(0)?.lines.iter().map(|line| text(line, "/tenant")).collect();
    assert_eq!(names, ["acme", "globex"]);
    Ok(())
}

#[test]
fn a_command_line_that_is_not_understood() -> Tested {
    let host = Host::empty()?;
    for words in [&[][..], &["fly"], &["run"], &["audit", "verify"], &["runs"], &["resume", "x", "--tenant", "acme"]] {
        let mut command = std::process::Command::new(crate::host::program()?);
        let said = Said::of(command.args(words).env_remove("CASEMATE_VERIFIER_KEY").arg("--data").arg(host.data()))?;
        said.expect(2)?;
        assert_eq!(said.stdout, "", "{words:?}");
    }
    host.ask(&["tenant", "list", "--zones", "a,b"])?.expect(2)?;
    host.ask(&["audit", "verify", "--key", "no key"])?.is_error("input-key", 2)?;
    host.ask(&["audit", "key"])?.is_error("data-file", 4)?;
    assert!(!host.data().exists(), "nothing was started, so nothing is made");
    Ok(())
}
