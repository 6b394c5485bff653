//! The configuration as an operator meets it: where a value comes from, what is refused, and what is shown of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::host::{Host, Tested, program, until};
use crate::said::{Said, text};

/// The value of a setting and where it came from.
fn setting(said: &Said, key: &str) -> Tested<(String, String)> {
    let line = said.of_type("setting").find(|line| text(line, "/key") == key).ok_or_else(|| said.stdout.clone())?;
    Ok((text(line, "/value").to_owned(), text(line, "/from").to_owned()))
}

#[test]
fn a_flag_overrules_a_variable_overrules_the_file() -> Tested {
    let host = Host::empty()?;
    let file =
        host.file("casemate.toml", "log = \"error\"\n[checkpoints]\nevery-seconds = 60\n[keys]\nfile = \"own.key\"")?;
    let mut command = host.command(&["config", "check", "--config", &file, "--log", "warn"])?;
    let said = Said::of(command.env("CASEMATE_LOG", "info").env("CASEMATE_CHECKPOINTS__EVERY_SECONDS", "61"))?;
    said.expect(0)?;
    assert_eq!(setting(&said, "log")?, ("\"warn\"".to_owned(), "flag".to_owned()));
    assert_eq!(setting(&said, "checkpoints.every-seconds")?, ("61".to_owned(), "environment".to_owned()));
    let key = json!(host.beside("own.key")).to_string();
    assert_eq!(setting(&said, "keys.file")?, (key, "file".to_owned()));
    assert_eq!(setting(&said, "data")?.1, "flag");
    assert_eq!(setting(&said, "postgres")?, (String::new(), "default".to_owned()));
    assert!(!host.data().exists(), "a check makes nothing");
    Ok(())
}

#[test]
fn what_no_setting_has_is_refused() -> Tested {
    let host = Host::empty()?;
    let file = host.file("casemate.toml", "[postgres]\npassword = \"hunter2\"")?;
    let said = host.ask(&["tenant", "list", "--config", &file])?;
    said.is_error("config-value", 3)?;
    assert!(!said.stderr.contains("hunter2"), "{}", said.stderr);
    let file = host.file("casemate.toml", "password = \"hunter2\"")?;
    let said = host.ask(&["tenant", "list", "--config", &file])?;
    said.is_error("config-unknown-key", 3)?;
    assert!(!said.stderr.contains("hunter2"), "{}", said.stderr);
    Said::of(host.command(&["tenant", "list"])?.env("CASEMATE_ZONE", "a"))?.is_error("config-unknown-variable", 3)?;
    host.ask(&["tenant", "list", "--config", "/nowhere/casemate.toml"])?.is_error("config-file", 3)?;
    assert!(!host.data().exists(), "nothing was begun");
    // What needs no host doesn't mind.
    Said::of(host.command(&["errors", "config-unknown-variable"])?.env("CASEMATE_ZONE", "a"))?.expect(0)?;
    Ok(())
}

#[test]
fn the_key_is_where_the_configuration_says() -> Tested {
    let host = Host::empty()?;
    let key = host.beside("own.key");
    let with_key = |words: &[&str]| Said::of(host.command(words)?.env("CASEMATE_KEYS__FILE", &key));
    with_key(&["tenant", "add", "acme"])?.expect(0)?;
    assert!(key.exists() && !host.data().join("host.key").exists());
    with_key(&["config", "check"])?.expect(0)?;
    // Without it the host would make itself another key, which opens nothing; the check says so before.
    host.ask(&["config", "check"])?.is_error("config-path", 3)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644))?;
    with_key(&["config", "check"])?.is_error("keys-permissions", 4)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400))?;
    with_key(&["config", "check"])?.expect(0)?;
    fs::remove_dir_all(host.zone(2))?;
    with_key(&["config", "check"])?.is_error("config-path", 3)
}

#[test]
fn a_file_of_keys_that_holds_none_is_found() -> Tested {
    let host = Host::empty()?;
    let keys = host.file("keys", "# ours\n\nnot a key\n")?;
    let check = || Said::of(host.command(&["config", "check"])?.env("CASEMATE_PACKS__TRUSTED_KEYS_FILE", &keys));
    check()?.is_error("pack-trusted-keys", 3)?;
    host.file("keys", "# none yet\n")?;
    check()?.expect(0)?;
    Ok(())
}

#[test]
fn what_is_printed_is_a_file_that_means_the_same() -> Tested {
    let host = Host::without_database()?;
    let key = fs::read_to_string(host.data().join("host.key"))?;
    let secret = key.lines().nth(1).ok_or("a key")?.to_owned();
    let said = host.ask(&["config", "print"])?;
    let printed = host.file("printed.toml", &said.expect(0)?.stdout)?;
    // The test's own command names the data directory by a flag; here the file alone does.
    let mut command = Command::new(program()?);
    let again = Said::of(command.args(["config", "print", "--config", &printed]))?;
    assert_eq!(again.expect(0)?.stdout, said.stdout);
    let redacted = host.ask(&["config", "print", "--redacted"])?;
    let directory = host.beside("").display().to_string();
    assert!(said.stdout.contains(directory.trim_end_matches('/')), "{}", said.stdout);
    assert!(redacted.expect(0)?.stdout.contains("\"…/host.key\""), "{}", redacted.stdout);
    assert!(!redacted.stdout.contains(directory.trim_end_matches('/')), "{}", redacted.stdout);
    for said in [&said, &again, &redacted, &host.ask(&["config", "check"])?] {
        assert!(!said.stdout.contains(&secret) && !said.stderr.contains(&secret), "the key's contents are shown");
    }
    Ok(())
}

/// Whether the logs are signed so often: the newest entry is covered without the host being closed.
#[test]
fn checkpoints_come_as_often_as_they_should() -> Tested {
    let host = Host::without_database()?;
    let before = signed(&host)?;
    let policy = crate::policy::Policy::logging().run("fuel", 1_000_000_000_000);
    let mut command = host.run_command("looper", &policy, &Value::Null, &["acme"])?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = command.env("CASEMATE_CHECKPOINTS__EVERY_SECONDS", "1").spawn()?;
    let came = until(Duration::from_secs(30), || Ok((signed(&host)? != before).then_some(())));
    // A host that ends signs anyway.
    let still_runs = running.try_wait()?.is_none();
    running.kill()?;
    running.wait()?;
    came?;
    assert!(still_runs, "the host ended before it signed");
    Ok(())
}

/// The checkpoints in the first zone, as bytes, in the order of their logs' names.
fn signed(host: &Host) -> Tested<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for tenant in fs::read_dir(host.zone(1).join("logs"))? {
        for writer in fs::read_dir(tenant?.path())? {
            paths.push(writer?.path().join("checkpoint"));
        }
    }
    paths.sort();
    Ok(paths.into_iter().filter_map(|path| fs::read(path).ok()).collect())
}
