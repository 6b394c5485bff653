//! Zones that are missing, unreadable, another ledger's, or full: each is said in one sentence, and nothing is lost.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::host::{Host, Tested, program};
use crate::policy::Policy;
use crate::said::{Said, number, text};

/// A host with something in its ledger.
fn recorded() -> Tested<Host> {
    let host = Host::without_database()?;
    run(&host)?.expect(1)?;
    Ok(host)
}

fn run(host: &Host) -> Tested<Said> {
    host.run("panicker", &Policy::logging(), &json!("x"), &["acme"])
}

/// The host works again and its ledger has all it had and what came since.
fn nothing_is_lost(host: &Host) -> Tested {
    run(host)?.expect(1)?;
    let said = host.verify()?;
    let report = said.expect(0)?.lines.first().ok_or("a report")?;
    assert!(number(report, "/logs/1/entries") >= 6, "two runs of three entries each: {report}");
    Ok(())
}

#[test]
fn a_zone_that_is_missing() -> Tested {
    let host = recorded()?;
    for zone in 1..=3 {
        let away = host.beside("away");
        fs::rename(host.zone(zone), &away)?;
        run(&host)?.is_error("ledger-zone-missing", 4)?;
        assert!(!host.zone(zone).exists(), "an empty zone is not put in its place");
        fs::rename(&away, host.zone(zone))?;
    }
    nothing_is_lost(&host)
}

/// What isn't there was not tampered with.
#[test]
fn a_zone_that_is_missing_for_an_auditor() -> Tested {
    let host = recorded()?;
    fs::rename(host.zone(2), host.beside("away"))?;
    host.verify()?.is_error("ledger-zone-missing", 4)
}

#[test]
fn a_zone_that_cannot_be_read() -> Tested {
    let host = recorded()?;
    let away = host.beside("away");
    fs::rename(host.zone(2), &away)?;
    fs::write(host.zone(2), "a file, not a directory")?;
    run(&host)?.is_error("ledger-zone-unreadable", 4)?;
    host.verify()?.is_error("ledger-zone-unreadable", 4)?;
    fs::remove_file(host.zone(2))?;
    fs::rename(&away, host.zone(2))?;
    nothing_is_lost(&host)
}

#[test]
fn a_zone_of_another_ledger() -> Tested {
    let (host, other) = (recorded()?, recorded()?);
    let away = host.beside("away");
    fs::rename(host.zone(3), &away)?;
    copy(&other.zone(3), &host.zone(3))?;
    run(&host)?.is_error("ledger-zone-foreign", 4)?;
    host.verify()?.expect(12)?;
    fs::remove_dir_all(host.zone(3))?;

    // Another zone of the same ledger is just as wrong.
    copy(&host.zone(1), &host.zone(3))?;
    run(&host)?.is_error("ledger-zone-foreign", 4)?;
    host.verify()?.is_error("ledger-zone-foreign", 12)?;
    fs::remove_dir_all(host.zone(3))?;
    fs::rename(&away, host.zone(3))?;
    nothing_is_lost(&host)
}

#[test]
fn a_host_key_that_is_not_the_ledgers() -> Tested {
    let (host, other) = (recorded()?, recorded()?);
    let key = host.data().join("host.key");
    let kept = fs::read(&key)?;
    fs::copy(other.data().join("host.key"), &key)?;
    let said = run(&host)?;
    said.expect(4)?;
    said.is_error(text(&said.error()?, "/code"), 4)?;
    fs::write(&key, "damaged")?;
    run(&host)?.expect(4)?;
    fs::write(&key, kept)?;
    nothing_is_lost(&host)
}

/// Logs so much that each zone needs more room than it has.
fn much() -> (Policy, Value) {
    let policy = Policy::open().run("log-bytes", 64 * 1024 * 1024).run("calls", 10_000);
    let line = json!({"do": "log-fill", "length": 16_000});
    (policy, json!([{"do": "repeat", "times": 300, "actions": [line]}]))
}

/// The sentence itself has the way out, and not only the cause below it.
fn says_what_to_do(said: &Said) -> Tested {
    said.expect(4)?;
    let error = said.error()?;
    assert!(text(&error, "/message").contains("free space"), "{error}");
    said.is_error("ledger-disk-full", 4)
}

/// What was told of before the disk was full is in the ledger.
fn told_is_kept(host: &Host, said: &Said) -> Tested {
    let told = said.of_type("crossing").map(|line| number(line, "/ledger_index")).max().unwrap_or_default();
    host.ask(&["tenant", "list"])?.expect(0)?;
    let verified = host.verify()?;
    assert!(matches!(verified.status, Some(0 | 10)), "{}", verified.stderr);
    let report = verified.lines.first().ok_or("a report")?;
    assert!(number(report, "/logs/1/entries") > told, "{told} were told of: {report}");
    nothing_is_lost(host)
}

/// A limit of the process stands for a full disk where nobody may mount one.
#[test]
fn a_disk_that_is_full_for_this_process() -> Tested {
    let host = recorded()?;
    let (policy, input) = much();
    // This guest needs no Postgres, so none is under the limit.
    let inner = host.run_command("hermit", &policy, &input, &["acme"])?;
    let mut command = Command::new("env");
    // Three MiB: a zone's file grows by one at a time.
    command
        .args(["--ignore-signal=XFSZ", "prlimit", "--fsize=3145728"])
        .arg(inner.get_program())
        .args(inner.get_args());
    let said = Said::of(&mut command)?;
    told_is_kept(&host, &said)?;
    says_what_to_do(&said)
}

/// A zone on a device of its own that is too small: in a mount namespace, where that is allowed.
#[test]
fn a_disk_that_is_full() -> Tested {
    let host = recorded()?;
    if !Command::new("unshare").args(["-rm", "true"]).output().is_ok_and(|output| output.status.success()) {
        println!("skipped: this user may not make a mount namespace");
        return Ok(());
    }
    let (policy, input) = much();
    let inner = host.run_command("hermit", &policy, &input, &["acme"])?;
    let (zone, away) = (host.zone(2), host.beside("away"));
    fs::rename(&zone, &away)?;
    fs::create_dir(&zone)?;
    let script = r#"set -e; zone=$1; away=$2; shift 2
        mount -t tmpfs -o size=3m none "$zone"; cp -a "$away/." "$zone"
        code=0; "$@" || code=$?
        rm -rf "$away"; mkdir "$away"; cp -a "$zone/." "$away"; umount "$zone"; exit $code"#;
    let mut command = Command::new("unshare");
    command
        .args(["-rm", "sh", "-c", script, "sh"])
        .arg(&zone)
        .arg(&away)
        .arg(inner.get_program())
        .args(inner.get_args());
    let said = Said::of(&mut command)?;
    fs::remove_dir(&zone)?;
    fs::rename(&away, &zone)?;
    told_is_kept(&host, &said)?;
    says_what_to_do(&said)
}

fn copy(from: &Path, to: &Path) -> Tested {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    if copied.success() { Ok(()) } else { Err(format!("{} can't be copied", from.display()).into()) }
}

/// The program is where the tests look for it.
#[test]
fn the_program_is_there() -> Tested {
    let said = Said::of(Command::new(program()?).arg("--version"))?;
    assert!(said.expect(0)?.stdout.starts_with("casemate "), "{said:?}");
    Ok(())
}
