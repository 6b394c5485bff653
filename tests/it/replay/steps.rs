//! `casemate debug`: orders from a pipe, and calls up to one of them.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::Recorded;
use crate::host::Tested;
use crate::policy::Policy;
use crate::said::{Said, json_lines, number, text};

fn recorded() -> Tested<Recorded> {
    let input = json!([{"do": "random"}, {"do": "clock"}, {"do": "log", "message": "one"}, {"do": "clock"}, {"do": "log", "message": "two"}]);
    Recorded::run("hermit", &Policy::open(), &input)
}

fn debug(run: &Recorded, orders: &str) -> Tested<Said> {
    let mut command = run.host.command(&["debug", "--evidence", &run.file])?;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("a pipe")?.write_all(orders.as_bytes())?;
    let output = child.wait_with_output()?;
    let (stdout, stderr) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    Ok(Said { status: output.status.code(), lines: json_lines(&stdout), stdout, stderr })
}

#[test]
fn orders_are_followed() -> Tested {
    let run = recorded()?;
    let said = debug(&run, "fly\nbreak log.emit\ncontinue\nargs\nlist\nmemory\ncontinue\nlogs\nanswer\nfuel\n\n")?;
    said.expect(0)?;
    let at: Vec<u64> = said.of_type("call").map(|line| number(line, "/call")).collect();
    assert_eq!(at, [1, 3, 5], "{}", said.stdout);
    let shown = |what: &str| {
        let value = said.of_type("shown").find(|line| text(line, "/what") == what).and_then(|line| line.get("value"));
        value.cloned().unwrap_or_default()
    };
    assert_eq!(shown("args"), json!({"call": "log.emit", "level": "info", "message": "one"}));
    assert_eq!(shown("answer"), json!({"reply": null}));
    assert_eq!(shown("logs"), json!(["one"]));
    assert!(shown("memory").pointer("/bytes").and_then(Value::as_u64) > Some(65_536));
    assert!(shown("fuel").pointer("/used").and_then(Value::as_u64) > Some(0));
    assert_eq!(shown("list").as_array().map(Vec::len), Some(5));
    assert_eq!(said.of_type("replay").map(|line| text(line, "/verdict")).collect::<Vec<_>>(), ["identical"]);
    Ok(())
}

#[test]
fn whoever_leaves_leaves() -> Tested {
    let run = recorded()?;
    for orders in ["", "next\nquit\n"] {
        let said = debug(&run, orders)?;
        assert_eq!(said.expect(0)?.of_type("replay").count(), 0, "{}", said.stdout);
    }
    let said = run.host.ask(&["debug", "--evidence", &run.file, "--to", "2"])?;
    assert_eq!(said.expect(0)?.of_type("call").count(), 2);
    Ok(())
}
