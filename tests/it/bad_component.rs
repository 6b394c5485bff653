//! Files that are no agent, and agents that ask for what is not granted: each is refused before anything of it is run,
//! and that it was offered is on record.

use crate::component::without_section;
use crate::host::{Host, Tested, component, guest};
use crate::policy::Policy;
use crate::said::{Said, text};

/// Runs a file as if it were an agent's component.
fn run(host: &Host, bytes: &[u8]) -> Tested<Said> {
    let path = host.file("agent.wasm", bytes)?;
    let policy = host.file("policy.toml", Policy::open().text())?;
    let input = host.file("input.json", "[]")?;
    host.ask(&["run", &path, "--policy", &policy, "--input", &input, "--tenant", "acme"])
}

#[test]
fn a_file_that_is_not_there() -> Tested {
    let host = Host::empty()?;
    let policy = host.file("policy.toml", Policy::open().text())?;
    let (missing, directory) = (host.beside("missing.wasm"), host.beside("."));
    for path in [missing, directory] {
        let path = path.display().to_string();
        let said = host.ask(&["run", &path, "--policy", &policy, "--input", &policy, "--tenant", "acme"])?;
        said.is_error("component-file", 3)?;
        assert!(text(&said.error()?, "/message").contains(&path), "{said:?}");
    }
    assert!(!host.data().exists(), "nothing was started, so nothing is made");
    Ok(())
}

#[test]
fn bytes_that_are_no_component() -> Tested {
    let host = Host::without_database()?;
    let module = b"\0asm\x01\0\0\0";
    let noise: Vec<u8> = (0_u32..4096).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let noise_inside = [b"\0asm\x0d\0\x01\0".as_slice(), &noise].concat();
    for (bytes, code) in [
        (b"".as_slice(), "component-malformed"),
        (b"(component)", "component-malformed"),
        (&noise, "component-malformed"),
        (&noise_inside, "component-malformed"),
        (module, "component-module"),
    ] {
        run(&host, bytes)?.is_error(code, 3)?;
    }
    let vast = host.beside("vast.wasm");
    std::fs::File::create(&vast)?.set_len(64 * 1024 * 1024 + 1)?;
    let (vast, policy) = (vast.display().to_string(), host.file("policy.toml", Policy::open().text())?);
    let said = host.ask(&["run", &vast, "--policy", &policy, "--input", &policy, "--tenant", "acme"])?;
    said.is_error("component-too-large", 3)
}

#[test]
fn a_component_that_was_cut_short() -> Tested {
    let host = Host::without_database()?;
    let whole = guest("probe")?;
    let end = whole.len();
    for cut in [1, 3, 4, 7, 8, 9, 100, end / 4, end / 2, end / 4 * 3, end - 100, end - 1] {
        let said = run(&host, whole.get(..cut).unwrap_or_default())?;
        let error = said.error()?;
        // What is left may be a component, but never an agent.
        let code = text(&error, "/code");
        assert!(matches!(code, "component-malformed" | "component-no-manifest" | "component-world"), "{cut}: {error}");
        said.is_error(code, 3)?;
    }
    Ok(())
}

#[test]
fn a_component_that_is_no_agent() -> Tested {
    let host = Host::without_database()?;
    run(&host, &guest("wrong-world")?)?.is_error("component-world", 3)?;
    let bare = without_section(&guest("probe")?, "casemate:manifest")?;
    run(&host, &bare)?.is_error("component-no-manifest", 3)
}

#[test]
fn imports_that_are_not_granted_are_listed() -> Tested {
    let host = Host::without_database()?;
    let said = run(&host, &guest("stranger")?)?;
    said.is_error("component-imports", 3)?;
    let message = text(&said.error()?, "/message").to_owned();
    assert!(message.ends_with(": stranger:thing/oracle@1.0.0"), "only the foreign one: {message}");

    let said = host.run("assessor", &Policy::closed(), &serde_json::json!({}), &["acme"])?;
    said.is_error("component-imports", 3)?;
    let message = text(&said.error()?, "/message").to_owned();
    for import in ["sql", "kv", "log", "clock"] {
        assert!(message.contains(&format!("casemate:agent/{import}@0.1.0")), "{import}: {message}");
    }

    let only_log = Policy::logging();
    let said = host.run("assessor", &only_log, &serde_json::json!({}), &["acme"])?;
    assert!(!text(&said.error()?, "/message").contains("agent/log"), "{said:?}");
    let verified = host.verify()?;
    let log = verified.expect(0)?.of_type("verified").find_map(|line| line.pointer("/logs/1/entries").cloned());
    assert_eq!(log, Some(serde_json::json!(5)), "the tenant, its key, and one entry for each refusal: {verified:?}");
    Ok(())
}

#[test]
fn people_get_one_sentence_with_its_code() -> Tested {
    let host = Host::without_database()?;
    let path = component("wrong-world")?;
    let policy = host.file("policy.toml", Policy::open().text())?;
    let input = host.file("input.json", "[]")?;
    let words = ["run", &path, "--policy", &policy, "--input", &input, "--tenant", "acme", "--format", "human"];
    let mut command = std::process::Command::new(crate::host::program()?);
    let said = Said::of(command.args(words).arg("--data").arg(host.data()))?;
    said.expect(3)?;
    assert_eq!(said.stdout, "");
    let mut lines = said.stderr.lines();
    let first = lines.next().unwrap_or_default();
    assert!(first.starts_with("error: ") && first.ends_with(" [component-world]"), "{}", said.stderr);
    assert!(lines.all(|line| line.starts_with("  because: ")), "{}", said.stderr);
    Ok(())
}
