//! Postgres that isn't there, Postgres that dies in the middle of a run, and a second process on the same data.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::json;

use crate::host::{Host, Tested, is_alive, postmaster, until};
use crate::policy::Policy;
use crate::said::{Said, json_lines, number, text};

/// How long the program may take to notice.
const NOTICE: Duration = Duration::from_secs(60);

fn said(output: Output) -> Tested<Said> {
    let stdout = String::from_utf8(output.stdout)?;
    let stderr = String::from_utf8(output.stderr)?;
    Ok(Said { status: output.status.code(), lines: json_lines(&stdout), stdout, stderr })
}

#[test]
fn no_postgres_on_the_machine() -> Tested {
    let host = Host::without_database()?;
    let nothing = host.beside("nothing");
    fs::create_dir(&nothing)?;
    let mut command = host.run_command("probe", &Policy::open(), &json!([]), &["acme"])?;
    let said = Said::of(command.env("CASEMATE_POSTGRES", &nothing))?;
    said.is_error("store-no-postgres", 4)?;
    assert!(text(&said.error()?, "/message").contains("postgresql"), "it names the package: {}", said.stderr);
    host.is_in_order()?;
    // One that is found again finds everything in its place.
    let host = Host::seeded()?;
    host.probe(&Policy::open(), &json!([{"do": "kv-set", "key": "probe/a", "value": "1"}]))?.expect(0)?;
    let mut command = host.run_command("probe", &Policy::open(), &json!([]), &["acme"])?;
    Said::of(command.env("CASEMATE_POSTGRES", &nothing))?.is_error("store-no-postgres", 4)?;
    let kept = host.probe(&Policy::open(), &json!([{"do": "kv-get", "key": "probe/a"}]))?;
    assert_eq!(kept.answer(0)?, &json!("1"));
    host.is_in_order()
}

#[test]
fn a_postgres_that_cannot_be_run() -> Tested {
    let host = Host::without_database()?;
    let broken = host.beside("broken");
    fs::create_dir(&broken)?;
    for program in ["postgres", "initdb"] {
        fs::write(broken.join(program), "no program")?;
    }
    let mut command = host.run_command("probe", &Policy::open(), &json!([]), &["acme"])?;
    Said::of(command.env("CASEMATE_POSTGRES", &broken))?.is_error("store-program", 4)?;
    host.is_in_order()
}

#[test]
fn postgres_is_killed_in_the_middle_of_a_run() -> Tested {
    let host = Host::seeded()?;
    let mut child = host.start("assessor", &Policy::assessor(), &json!({"batch": 10}), &["acme"])?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("a pipe")?).lines().map_while(Result::ok);
    let run = lines.by_ref().find_map(|line| {
        let line = json_lines(&line).pop()?;
        (number(&line, "/call") >= 8).then(|| text(&line, "/run").to_owned())
    });
    let run = run.ok_or("the run makes eight calls")?;
    let server = postmaster(host.data()).ok_or("Postgres runs")?;
    assert!(Command::new("kill").args(["-KILL", &server.to_string()]).status()?.success());
    // What is left of the transcript is read, so that the program never waits for its reader.
    let rest: Vec<String> = lines.collect();
    let ended = said(child.wait_with_output()?)?;
    assert_eq!(ended.status, Some(4), "{rest:?} {}", ended.stderr);
    let error = ended.error()?;
    assert!(!text(&error, "/message").is_empty(), "{error}");

    until(NOTICE, || Ok((!is_alive(server)).then_some(())))?;
    let listed = host.ask(&["runs", "--tenant", "acme"])?;
    let states: Vec<_> = listed.expect(0)?.lines.iter().map(|line| text(line, "/state")).collect();
    assert_eq!(states, ["ready"], "the run is on record, and what its host held can be claimed");
    let resumed = host.ask(&["resume", &run, "--tenant", "acme"])?;
    assert_eq!(resumed.expect(0)?.ended_by()?, 0, "{}", resumed.stdout);
    let rows =
        host.rows("select count(*), min(written), max(written) from public.assessments where status = 'done'")?;
    assert_eq!(rows, json!([[300, 1, 1]]), "each row is written once");
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_second_process_on_the_same_data_directory() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::logging().run("fuel", u64::MAX / 8).tenant("fuel", u64::MAX / 8);
    let mut child = host.start("looper", &policy, &json!(null), &["acme"])?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("a pipe")?).lines();
    let first = lines.next().ok_or("a line")??;
    assert!(first.contains("started"), "{first}");
    // Whatever needs the data directory is told that it is in use.
    for words in [&["tenant", "list", "--runs"][..], &["tenant", "add", "initech"], &["runs", "--tenant", "acme"]] {
        host.ask(words)?.is_error("data-locked", 5)?;
    }
    // Who there is can be looked up beside it.
    assert_eq!(host.ask(&["tenant", "list"])?.expect(0)?.lines.len(), 2);
    let second = host.run("panicker", &Policy::logging(), &json!("x"), &["acme"])?;
    second.is_error("data-locked", 5)?;
    // Another data directory of the same host, on the same zones.
    let copy = host.beside("copy");
    assert!(Command::new("cp").arg("-a").arg(host.data()).arg(&copy).status()?.success());
    let zones = [1, 2, 3].map(|zone| host.zone(zone).display().to_string()).join(",");
    let mut command = Command::new(crate::host::program()?);
    command.args(["tenant", "list", "--format", "json", "--zones", &zones]).arg("--data").arg(&copy);
    Said::of(&mut command)?.is_error("ledger-locked", 5)?;

    child.kill()?;
    child.wait()?;
    host.ask(&["tenant", "list"])?.expect(0)?;
    let verified = host.verify()?;
    assert!(matches!(verified.status, Some(0)), "{}", verified.stderr);
    Ok(())
}

#[test]
fn a_run_for_which_no_database_is_needed_starts_none() -> Tested {
    let host = Host::without_database()?;
    let actions = json!([
        {"do": "log", "message": "hello"}, {"do": "clock"}, {"do": "random"}, {"do": "echo", "value": [1]},
    ]);
    let nothing = host.beside("nothing");
    fs::create_dir(&nothing)?;
    let policy = Policy::open();
    let mut command = host.run_command("hermit", &policy, &actions, &["acme", "globex"])?;
    // There is no Postgres that it could start.
    let said = Said::of(command.env("CASEMATE_POSTGRES", &nothing))?;
    said.expect(0)?;
    assert_eq!(said.of_type("result").count(), 2);
    assert_eq!(said.answer(3)?, &json!([1]));
    assert!(!host.data().join("postgres").exists() && postmaster(host.data()).is_none());
    let report = host.verify()?.expect(0)?.lines.first().cloned().ok_or("a report")?;
    // The tenant, its key, the agent, the beginning, three calls, the end; the first log is the host's own.
    assert_eq!((number(&report, "/logs/1/entries"), number(&report, "/logs/2/entries")), (8, 8), "{report}");
    for line in said.of_type("crossing") {
        assert!(number(line, "/ledger_index") > 0, "{line}");
    }
    Ok(())
}
