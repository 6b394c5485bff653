//! `casemate run --case` and `casemate test`: a run is written down as the agent saw it, and the same component passes
//! on it, without a database, without waiting, and with nobody's data. What differs is told, and files that are no case
//! are refused.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::host::{Host, Tested, component, example};
use crate::policy::Policy;
use crate::said::{Said, spelled, text};

/// A folder with one case, and the host on which it was recorded.
struct Agent {
    guest: &'static str,
    host: Host,
}

impl Agent {
    /// Records a run of `acme` as the case `case`.
    fn recorded(host: Host, guest: &'static str, policy: &Policy, input: &Value) -> Tested<(Self, Said)> {
        let agent = Self { guest, host };
        fs::create_dir_all(agent.folder().join("tests"))?;
        fs::write(agent.folder().join("policy.toml"), policy.text())?;
        let mut command = agent.host.run_command(guest, policy, input, &["acme"])?;
        let said = Said::of(command.arg("--case").arg(agent.path()))?;
        Ok((agent, said))
    }

    /// The case alone, written by hand.
    fn written(guest: &'static str, policy: &Policy, case: &Value) -> Tested<Self> {
        let agent = Self { guest, host: Host::empty()? };
        fs::create_dir_all(agent.folder().join("tests"))?;
        fs::write(agent.folder().join("policy.toml"), policy.text())?;
        agent.write(case)?;
        Ok(agent)
    }

    fn folder(&self) -> PathBuf {
        self.host.beside("agent")
    }

    fn path(&self) -> PathBuf {
        self.folder().join("tests").join("case.json")
    }

    fn text(&self) -> Tested<String> {
        Ok(fs::read_to_string(self.path())?)
    }

    fn case(&self) -> Tested<Value> {
        Ok(serde_json::from_str(&self.text()?)?)
    }

    fn write(&self, case: &Value) -> Tested {
        Ok(fs::write(self.path(), case.to_string())?)
    }

    fn test(&self, words: &[&str]) -> Tested<Said> {
        let (folder, guest) = (self.folder().display().to_string(), component(self.guest)?);
        let start = ["test", &folder, "--component", &guest];
        self.host.ask(&[&start, words].concat())
    }

    /// The case passes.
    fn passes(&self) -> Tested {
        let said = self.test(&[])?;
        assert_eq!(text(self.verdict(said.expect(0)?)?, "/verdict"), "passed");
        Ok(())
    }

    /// The first difference of the case, which fails.
    fn differs(&self) -> Tested<Value> {
        let said = self.test(&[])?;
        let line = self.verdict(said.expect(1)?)?;
        assert_eq!(text(line, "/verdict"), "failed");
        assert_eq!(said.of_type("tested").next().and_then(|line| line.get("failed")), Some(&json!(1)));
        line.pointer("/differences/0").cloned().ok_or_else(|| format!("nothing differs: {line}").into())
    }

    fn verdict<'s>(&self, said: &'s Said) -> Tested<&'s Value> {
        said.of_type("case").next().ok_or_else(|| format!("there is no verdict on {}: {said:?}", self.guest).into())
    }
}

/// The call at a place of a case, from 0.
fn call(case: &mut Value, at: usize) -> Tested<&mut Value> {
    case.pointer_mut(&format!("/calls/{at}")).ok_or_else(|| format!("there is no call {at}").into())
}

#[test]
fn the_examples_own_cases_pass() -> Tested {
    let host = Host::empty()?;
    let said = host.ask(&["test", &example(""), "--component", &component("assessor")?])?;
    let passed = said.expect(0)?.of_type("tested").next().and_then(|line| line.get("passed")).cloned();
    assert!(passed.and_then(|passed| passed.as_u64()).is_some_and(|passed| passed >= 3), "{said:?}");
    assert!(!host.data().exists(), "a test keeps nothing");
    Ok(())
}

#[test]
fn a_recorded_run_passes_and_a_changed_one_does_not() -> Tested {
    let input = json!({"batch": 20, "limit": 40});
    let (agent, said) = Agent::recorded(Host::seeded()?, "assessor", &Policy::assessor(), &input)?;
    let result = said.expect(0)?.result()?.pointer("/result").cloned();
    assert_eq!(agent.case()?.get("result").cloned(), result);
    assert!(!agent.text()?.contains('@'), "addresses are tokens");
    agent.passes()?;

    // What Postgres answered is changed: the agent writes another score.
    let whole = agent.case()?;
    let mut case = whole.clone();
    *call(&mut case, 1)?.pointer_mut("/reply/rows/0/3").ok_or("there is no amount")? = json!(9_999_999);
    agent.write(&case)?;
    let found = agent.differs()?;
    assert_eq!((text(&found, "/what"), found.get("call")), ("request", Some(&json!(3))), "{found}");
    let score = ("/parameters/0/json/0/score", Some(&json!(10)), Some(&json!(50)));
    assert_eq!((text(&found, "/path"), found.get("expected"), found.get("actual")), score, "{found}");

    // What is expected of it is changed.
    let mut case = whole.clone();
    *case.pointer_mut("/result/scored").ok_or("there is no result")? = json!(41);
    agent.write(&case)?;
    let expected = json!({"what": "end", "call": null, "path": "/scored", "expected": 41, "actual": 40});
    assert_eq!(agent.differs()?, expected);

    // People see the same in words.
    let mut command = std::process::Command::new(crate::host::program()?);
    command.args(["test", &agent.folder().display().to_string(), "--component", &component("assessor")?]);
    let said = Said::of(&mut command)?;
    said.expect(1)?;
    for words in ["✗ case", "the run ends otherwise", "/scored", "- 41", "+ 40", "0 passed, 1 failed"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    Ok(())
}

#[test]
fn calls_that_are_missing_or_too_many_fail() -> Tested {
    let lines = |count: usize| vec![json!({"do": "log", "message": "line"}); count];
    let entry = json!({"call": "log.emit", "level": "info", "message": "line"});
    let case = |asked: usize, expected: usize| {
        let (input, calls) = (lines(asked), vec![entry.clone(); expected]);
        json!({"format": 1, "input": input, "calls": calls, "result": vec![json!({"ok": null}); asked]})
    };
    let policy = hermit();
    Agent::written("hermit", &policy, &case(3, 3))?.passes()?;
    let found = Agent::written("hermit", &policy, &case(2, 3))?.differs()?;
    assert_eq!((text(&found, "/what"), found.get("call")), ("missing", Some(&json!(3))), "{found}");
    let found = Agent::written("hermit", &policy, &case(3, 2))?.differs()?;
    assert_eq!((text(&found, "/what"), found.get("call")), ("extra", Some(&json!(3))), "{found}");

    let mut other = case(3, 3);
    *call(&mut other, 1)? = json!({"call": "clock.now", "reply": 5});
    let found = Agent::written("hermit", &policy, &other)?.differs()?;
    assert_eq!(text(&found, "/path"), "/call", "{found}");
    assert_eq!((text(&found, "/expected"), text(&found, "/actual")), ("clock.now", "log.emit"), "{found}");
    Ok(())
}

/// Everything that needs no database.
fn hermit() -> Policy {
    Policy::closed().granting("log", &["write"], &[]).granting("clock", &["read", "wait"], &[]).granting(
        "random",
        &["read"],
        &[],
    )
}

/// Thirty days pass in no time, and time and randomness that nobody recorded are the same in every run.
#[test]
fn time_and_randomness_are_the_cases_own() -> Tested {
    const MONTH: u64 = 30 * 24 * 60 * 60 * 1_000;
    let input = json!([{"do": "clock"}, {"do": "sleep", "ms": MONTH}, {"do": "clock"}, {"do": "random"}]);
    let calls = json!([
        {"call": "clock.now"},
        {"call": "clock.sleep", "milliseconds": MONTH},
        {"call": "clock.now"},
        {"call": "random.bytes", "length": 32}
    ]);
    let case = json!({"format": 1, "start_ms": 5, "input": input, "calls": calls});
    let agent = Agent::written("hermit", &hermit(), &case)?;
    // Nobody has said how it ends: that is a difference, and it can be written down.
    let found = agent.differs()?;
    assert_eq!(found.pointer("/actual/0"), Some(&json!({"ok": 5})), "{found}");
    assert_eq!(found.pointer("/actual/2"), Some(&json!({"ok": 5 + MONTH})), "{found}");
    agent.test(&["--update"])?.expect(0)?;
    assert_eq!(agent.case()?.pointer("/calls"), case.get("calls"), "what was left open stays open");
    agent.passes()
}

#[test]
fn a_run_that_waited_is_recorded_once() -> Tested {
    let input =
        json!([{"do": "log", "message": "before"}, {"do": "sleep", "ms": 50}, {"do": "log", "message": "after"}]);
    let (agent, said) = Agent::recorded(Host::without_database()?, "hermit", &hermit(), &input)?;
    said.expect(0)?;
    assert_eq!(said.of_type("parked").count(), 1);
    let case = agent.case()?;
    let calls: Vec<_> = case.get("calls").and_then(Value::as_array).into_iter().flatten().collect();
    assert_eq!(
        calls.iter().map(|call| text(call, "/call")).collect::<Vec<_>>(),
        ["log.emit", "clock.sleep", "log.emit"]
    );
    agent.passes()
}

/// Personal data that the agent puts together itself is not written down, and its token, another in every run, is known
/// by its class.
#[test]
fn what_the_agent_makes_up_is_known_by_its_class() -> Tested {
    let actions = json!([
        {"do": "log", "message": "write to ada@example.org"},
        {"do": "kv-set", "key": "probe/ada@example.org", "value": "x"},
        {"do": "kv-set", "key": "probe/who", "value": "ada@example.org"},
        {"do": "kv-get", "key": "probe/who"}
    ]);
    let policy = Policy::open().handling("email", "strict");
    let (agent, said) = Agent::recorded(Host::seeded()?, "probe", &policy, &spelled(&actions))?;
    said.expect(0)?;
    let written = agent.text()?;
    assert!(!written.contains("ada@") && written.contains("write to <EMAIL_*>"), "{written}");
    let refused = agent.case()?.pointer("/calls/1/refused/name").cloned();
    assert_eq!(refused, Some(json!("pii-in-control-field")), "{written}");
    agent.passes()?;
    agent.passes()
}

/// A recorded refusal is what the agent is told; a refusal that no longer comes, or a new one, is a difference.
#[test]
fn refusals_are_answers_like_any_other() -> Tested {
    let input = json!([{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "kv-get", "key": "elsewhere"}]);
    let (agent, said) = Agent::recorded(Host::seeded()?, "probe", &Policy::open(), &input)?;
    said.expect(0)?;
    agent.passes()?;

    let mut case = agent.case()?;
    let refusal = json!({"name": "tool-counter", "message": "the counter is full"});
    *call(&mut case, 0)? = json!({"call": "kv.add", "key": "probe/n", "delta": 1, "refused": refusal});
    agent.write(&case)?;
    let found = agent.differs()?;
    assert_eq!(text(&found, "/what"), "end", "the call is answered as the case says: {found}");
    agent.test(&["--update"])?.expect(0)?;
    assert_eq!(agent.case()?.pointer("/result/0/refused/message"), Some(&json!("the counter is full")));
    agent.passes()?;

    fs::write(agent.folder().join("policy.toml"), hermit().granting("kv", &["read"], &["probe/*"]).text())?;
    agent.test(&[])?.is_error("component-imports", 3)?;
    let less = Policy::open().text().replace("\"probe/*\"", "\"prob/*\"");
    fs::write(agent.folder().join("policy.toml"), less)?;
    let found = agent.differs()?;
    assert_eq!((text(&found, "/what"), found.get("call")), ("answer", Some(&json!(1))), "{found}");
    assert_eq!(text(&found, "/actual/refused/name"), "capability-not-granted", "{found}");
    Ok(())
}

#[test]
fn a_failure_is_an_end_like_any_other() -> Tested {
    let input = json!([{"do": "fail", "message": "no cases"}]);
    let (agent, said) = Agent::recorded(Host::seeded()?, "probe", &Policy::open(), &input)?;
    said.expect(1)?;
    assert_eq!(agent.case()?.get("failure"), Some(&json!({"name": "run-failed", "message": "no cases"})));
    agent.passes()
}

#[test]
fn files_that_are_no_case_are_refused() -> Tested {
    let agent = Agent::written("hermit", &hermit(), &json!({}))?;
    let deep = format!("{{\"format\": 1, \"calls\": [], \"input\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        "",
        "null",
        "{}",
        "{\"format\": 1}",
        "{\"format\": 9, \"input\": 1, \"calls\": []}",
        "{\"format\": 1, \"input\": 1, \"calls\": [], \"surprise\": 1}",
        "{\"format\": 1, \"input\": 1, \"calls\": [{\"call\": \"fs.read\", \"path\": \"/etc/passwd\"}]}",
        "{\"format\": 1, \"input\": 1, \"calls\": [{\"call\": \"kv.add\", \"key\": \"a\", \"delta\": 1e400}]}",
        "{\"format\": 1, \"input\": 1, \"calls\": [{\"call\": \"kv.get\", \"key\": \"\\u001b[2J\", \"x\": 1}]}",
        &deep,
    ] {
        fs::write(agent.path(), text)?;
        agent.test(&[])?.is_error("input-case", 3)?;
    }
    fs::write(agent.path(), b"\xff\xfe")?;
    agent.test(&[])?.is_error("input-case-text", 3)?;
    fs::write(agent.path(), vec![b' '; 33 * 1024 * 1024])?;
    agent.test(&[])?.is_error("input-case-too-large", 3)?;
    fs::remove_file(agent.path())?;
    agent.test(&[])?.is_error("input-no-cases", 3)?;
    fs::create_dir(agent.path())?;
    agent.test(&[])?.is_error("input-case-file", 3)
}

#[test]
fn one_recording_is_one_run() -> Tested {
    let host = Host::without_database()?;
    let path = host.beside("case.json").display().to_string();
    let mut command = host.run_command("hermit", &hermit(), &json!([]), &["acme", "globex"])?;
    Said::of(command.args(["--case", &path]))?.is_error("input-case", 3)
}
