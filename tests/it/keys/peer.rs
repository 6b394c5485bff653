//! What is sealed and signed, held against PyPI's `cryptography`, which shares no code with ours.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::host::{Host, Tested, workspace};
use crate::policy::Policy;

/// What the other implementation says of a document.
fn checked(document: &Value) -> Tested<String> {
    let python = workspace().join("target/peers/bin/python");
    if !python.is_file() {
        return Err(
            format!("set the tests up first, with `cargo xtask guests`: there is no {}", python.display()).into()
        );
    }
    let script = workspace().join("tests/peers/keys.py");
    let mut command = Command::new(python);
    command.arg(script).arg("check").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().ok_or("a pipe")?.write_all(document.to_string().as_bytes())?;
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(String::from_utf8_lossy(&output.stderr).into())
}

fn vectors(name: &str) -> Tested<Value> {
    let path = workspace().join("host/keys/vectors").join(format!("{name}.json"));
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

#[test]
fn the_vectors_are_what_it_makes_and_changed_ones_are_not() -> Tested {
    let (envelopes, signatures) = (vectors("envelope")?, vectors("signature")?);
    let said = checked(&json!({"envelopes": envelopes, "signatures": signatures}))?;
    assert_eq!(said.trim(), "checked 10 3");
    for (pointer, other) in [("/envelopes/3/part", json!(4)), ("/envelopes/2/purpose", json!("frame"))] {
        let mut changed = json!({"envelopes": envelopes, "signatures": signatures});
        *changed.pointer_mut(pointer).ok_or("a field")? = other;
        assert!(checked(&changed).is_err(), "{pointer} is part of what is authenticated");
    }
    Ok(())
}

#[test]
fn it_verifies_both_signatures_of_a_host_s_checkpoint_in_an_overlap() -> Tested {
    let host = Host::without_database()?;
    host.run("hermit", &Policy::open(), &json!([{"do": "random"}]), &["acme"])?.expect(0)?;
    host.ask(&["keys", "rotate", "--signing", "checkpoint"])?.expect(0)?;
    let checkpoint = fs::read_to_string(crate::tamper::checkpoint(&host, 1)?)?;
    let (body, lines) = checkpoint.split_once("\n\n").ok_or("a note")?;
    assert_eq!(lines.lines().count(), 2, "{checkpoint}");
    let key = host.key()?;
    let of = |public: &str| {
        lines
            .lines()
            .map(move |line| json!({"public": public, "line": line, "text": format!("{body}\n")}))
            .collect::<Vec<_>>()
    };
    let notes: Vec<_> = key.lines().flat_map(of).collect();
    let said = checked(&json!({"envelopes": [], "signatures": [], "notes": notes}))?;
    assert_eq!(said.matches("verified").count(), 2, "{said}");
    Ok(())
}
