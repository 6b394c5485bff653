//! Compiling a stranger's component: in a process that can do nothing else, for components that the policy names, from
//! WebAssembly only.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::host::{Host, Tested, guest, program, until};
use crate::policy::Policy;
use crate::said::text;

/// A compiler process that has closed its door and waits for a component.
fn compiler() -> Tested<Child> {
    let mut command = Command::new(program()?);
    command.args(["compile-one-component", "20", "1073741824", "speed"]).env_clear();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // Both filters, one after the other.
    let filtered = || Ok(status(&child)?.get("Seccomp_filters").filter(|count| *count == "2").map(drop));
    until(Duration::from_secs(20), filtered)?;
    Ok(child)
}

fn status(child: &Child) -> Tested<BTreeMap<String, String>> {
    let text = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
}

#[test]
fn the_compiler_process_is_shut_in() -> Tested {
    let mut child = compiler()?;
    let proc = format!("/proc/{}", child.id());
    let status = status(&child)?;
    assert_eq!(status.get("NoNewPrivs").map(String::as_str), Some("1"));
    assert_eq!(status.get("Seccomp_filters").map(String::as_str), Some("2"));
    for thread in fs::read_dir(format!("{proc}/task"))? {
        let text = fs::read_to_string(thread?.path().join("status"))?;
        assert!(text.contains("\nSeccomp:\t2\n"), "every thread is filtered: {text}");
    }
    let mut open: Vec<String> =
        fs::read_dir(format!("{proc}/fd"))?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    open.sort();
    assert_eq!(open, ["0", "1", "2"], "three pipes and nothing else");
    assert_eq!(fs::read(format!("{proc}/environ"))?, b"", "nothing of the host's environment");
    let limits = fs::read_to_string(format!("{proc}/limits"))?;
    for (name, limit) in [
        ("Max file size", "0"),
        ("Max core file size", "0"),
        ("Max open files", "16"),
        ("Max address space", "1073741824"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        assert_eq!(line.trim_start_matches(name).split_whitespace().next(), Some(limit), "{limits}");
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[test]
fn what_is_no_component_is_an_answer_and_not_a_crash() -> Tested {
    for noise in [b"".to_vec(), b"\0asm\x0d\0\x01\0\x07\xff\xff\xff\xff\x0f".to_vec(), vec![0xff; 100_000]] {
        let mut child = compiler()?;
        let mut to = child.stdin.take().ok_or("a pipe")?;
        to.write_all(&0_u32.to_le_bytes())?;
        to.write_all(&noise)?;
        drop(to);
        let output = child.wait_with_output()?;
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout.first(), Some(&2), "malformed");
    }
    Ok(())
}

#[test]
fn code_that_was_compiled_elsewhere_is_never_run() -> Tested {
    let host = Host::without_database()?;
    host.run("pinger", &Policy::open(), &json!(null), &["acme"])?.expect(0)?;
    let mut kept: Vec<_> = fs::read_dir(host.data().join("code"))?.collect::<Result<_, _>>()?;
    let kept = fs::read(kept.pop().ok_or("compiled code is kept")?.path())?;
    let code =
        kept.windows(4).position(|bytes| bytes == b"\x7fELF").and_then(|at| kept.get(at..)).ok_or("an ELF file")?;
    let path = host.file("agent.cwasm", code)?;
    let policy = host.file("policy.toml", Policy::open().text())?;
    let input = host.file("input.json", "null")?;
    let said = host.ask(&["run", &path, "--policy", &policy, "--input", &input, "--tenant", "acme"])?;
    said.is_error("component-precompiled", 3)
}

#[test]
fn a_policy_that_names_components_admits_no_other() -> Tested {
    let host = Host::without_database()?;
    let (agent, input) = (host.file("agent.wasm", guest("pinger")?)?, host.file("input.json", "null")?);
    let ask = |pin: &str| {
        let policy = host.file("policy.toml", format!("{}\n{pin}", Policy::open().text()))?;
        host.ask(&["run", &agent, "--policy", &policy, "--input", &input, "--tenant", "acme"])
    };
    let said = ask(&format!("[pin]\npinger = [\"{}\"]", "0".repeat(64)))?;
    said.is_error("component-not-pinned", 3)?;
    let message = text(&said.error()?, "/message").to_owned();
    let digest = message.split('`').nth(1).ok_or("the digest stands in the message")?;
    ask(&format!("[pin]\npinger = [\"{digest}\"]"))?.expect(0)?;
    ask(&format!("[pin]\nsomebody-else = [\"{digest}\"]"))?.is_error("component-not-pinned", 3)?;
    ask("[pin]\npinger = [\"abc\"]")?.is_error("policy-syntax", 3)
}

#[test]
fn metrics_of_the_pool() -> Tested {
    let host = Host::without_database()?;
    let path = host.beside("metrics.prom").display().to_string();
    let mut command = host.run_command("pinger", &Policy::open(), &json!(null), &["acme", "globex", "acme"])?;
    crate::said::Said::of(command.args(["--metrics", &path]))?.expect(0)?;
    let metrics = fs::read_to_string(path)?;
    assert!(metrics.contains("\ncasemate_pool_runs_total 3\n"), "{metrics}");
    assert!(metrics.contains("\ncasemate_pool_shares_taken 0\n"), "every run gave its room back: {metrics}");
    Ok(())
}
