//! Going on with a run: one that is finished, one that isn't there, one of another tenant, one that another process
//! is going on with, one that waits.

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::time::Duration;

use serde_json::{Value, json};

use crate::host::{Host, Tested, until};
use crate::policy::Policy;
use crate::said::{Said, json_lines, number, text};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The id of a run that was started, from its transcript.
pub(crate) fn run_of(child: &mut Child, sign: &str) -> Tested<String> {
    let stdout = child.stdout.take().ok_or("a pipe")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if line.contains(sign) {
            return Ok(text(json_lines(&line).first().unwrap_or(&Value::Null), "/run").to_owned());
        }
    }
    Err(format!("the transcript has no {sign}").into())
}

/// A host with a run that has ended.
fn ended() -> Tested<(Host, String)> {
    let host = Host::seeded()?;
    let run = host.probe(&Policy::open(), &json!([{"do": "kv-add", "key": "probe/n", "delta": 1}]))?.run()?;
    Ok((host, run))
}

#[test]
fn a_run_that_has_ended() -> Tested {
    let (host, run) = ended()?;
    let finished = host.ask(&["resume", &run, "--tenant", "acme"])?;
    finished.is_error("run-unknown", 3)?;
    assert!(text(&finished.error()?, "/message").contains("ended"), "it says that it has ended: {}", finished.stderr);
    let kept = host.probe(&Policy::open(), &json!([{"do": "kv-add", "key": "probe/n", "delta": 0}]))?;
    assert_eq!(kept.answer(0)?, &json!(1), "nothing was done again");
    assert_eq!(host.replays_identically("acme")?, 2);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_run_of_somebody_else_or_of_nobody() -> Tested {
    let (host, run) = ended()?;
    let resume = |run: &str, tenant: &str| host.ask(&["resume", run, "--tenant", tenant]);
    resume(&run, "initech")?.is_error("tenant-unknown", 3)?;
    // Of another tenant's run nothing is told, not even that it is there.
    let foreign = resume(&run, "globex")?;
    let unknown = resume("01a2078d-9850-77e2-b94d-8c30ea6ea855", "globex")?;
    assert_eq!(foreign.error()?, unknown.error()?);
    unknown.is_error("run-unknown", 3)?;
    Ok(())
}

#[test]
fn a_second_resume_at_the_same_time_is_told_that_the_data_is_in_use() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "sleep", "ms": 600_000}]);
    let mut child = host.start("probe", &Policy::open(), &actions, &["acme"])?;
    let run = run_of(&mut child, "\"parked\"")?;
    host.ask(&["resume", &run, "--tenant", "acme"])?.is_error("data-locked", 5)?;
    child.kill()?;
    child.wait()?;
    let listed = host.ask(&["runs", "--tenant", "acme"])?;
    assert_eq!(text(listed.expect(0)?.lines.first().ok_or("a run")?, "/state"), "waiting");
    Ok(())
}

/// The same run, killed while it waits and then again, has one effect, one random number and one idea of the time.
#[test]
fn a_run_that_waited_when_its_host_died_sees_what_it_saw() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "random"}, {"do": "clock"}, {"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "clock"},
        {"do": "sleep", "ms": 2_500},
        {"do": "random"}, {"do": "clock"}, {"do": "kv-add", "key": "probe/n", "delta": 1},
    ]);
    let mut child = host.start("probe", &Policy::open(), &actions, &["acme"])?;
    let run = run_of(&mut child, "\"parked\"")?;
    child.kill()?;
    child.wait()?;
    // Killed again: somewhere in start-up, replay, or the wait.
    let mut again = host.command(&["resume", &run, "--tenant", "acme"])?.spawn()?;
    let begun = std::time::Instant::now();
    until(LIMIT, || Ok((begun.elapsed() > Duration::from_millis(400)).then_some(())))?;
    again.kill()?;
    again.wait()?;
    let said = host.ask(&["resume", &run, "--tenant", "acme"])?;
    said.expect(0)?;
    assert_eq!(said.ended_by()?, 0, "{}", said.stdout);
    let replayed = said.of_type("replayed").count();
    assert!(replayed >= 4, "what came before the wait is answered from the journal: {}", said.stdout);
    let (first, second) = (said.answer(0)?, said.answer(5)?);
    assert_ne!(first, second, "randomness goes on");
    assert_eq!((said.answer(2)?, said.answer(7)?), (&json!(1), &json!(2)), "each effect once");
    let times: Vec<u64> = [1, 3, 6]
        .iter()
        .map(|at| said.answer(*at).map(|time| time.as_u64().unwrap_or_default()))
        .collect::<Tested<_>>()?;
    assert!(times.is_sorted(), "{times:?}");
    let waited = times.get(2).zip(times.get(1)).map(|(after, before)| after - before);
    assert!(waited >= Some(2_500), "it waited as long as it asked: {times:?}");
    assert_eq!(host.replays_identically("acme")?, 1);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_wait_gives_up_the_memory_and_is_no_wall_clock() -> Tested {
    let host = Host::without_database()?;
    let actions = json!([
        {"do": "random"}, {"do": "clock"}, {"do": "sleep", "ms": 1_200}, {"do": "clock"}, {"do": "random"},
        {"do": "sleep", "ms": 0}, {"do": "clock"},
    ]);
    let policy = Policy::open().run("wall-clock", 1_000);
    let said = host.run("hermit", &policy, &actions, &["acme"])?;
    said.expect(0)?;
    assert_eq!(said.of_type("parked").count(), 2, "{}", said.stdout);
    let time = |at| said.answer(at).map(|time| time.as_u64().unwrap_or_default());
    assert!(time(3)? - time(1)? >= 1_200 && time(6)? >= time(3)?, "{}", said.stdout);
    assert!(number(said.result()?, "/running_ms") < 1_000, "{}", said.stdout);
    assert_ne!(said.answer(0)?, said.answer(4)?);
    for call in 1..=7 {
        let crossed = said.of_type("crossing").filter(|line| number(line, "/call") == call).count();
        assert_eq!(crossed, 1, "call {call} is told once: {}", said.stdout);
    }
    host.verify()?.expect(0).map(drop)
}

/// The budget of a run is one, however often it waits.
#[test]
fn waiting_does_not_renew_the_budget_of_the_log() -> Tested {
    let host = Host::without_database()?;
    let line = json!({"do": "log-fill", "length": 6_000});
    let actions = json!([line, {"do": "sleep", "ms": 1}, line, {"do": "sleep", "ms": 1}, line]);
    let said = host.run("hermit", &Policy::open().run("log-bytes", 10_000), &actions, &["acme"])?;
    assert_eq!(said.expect(0)?.refused(2)?, 305, "the second line is too much: {}", said.stdout);
    Ok(())
}

#[test]
fn waiting_does_not_renew_a_budget() -> Tested {
    let host = Host::without_database()?;
    let calls = json!([{"do": "random"}, {"do": "sleep", "ms": 1}, {"do": "random"}, {"do": "random"}]);
    let said = host.run("hermit", &Policy::open().run("calls", 3), &calls, &["acme"])?;
    assert_eq!((said.expect(0)?.refused(2)?, said.refused(3)?), (0, 301), "{}", said.stdout);

    let bytes = json!([{"do": "random"}, {"do": "sleep", "ms": 1}, {"do": "random"}, {"do": "random"}]);
    let said = host.run("hermit", &Policy::open().run("result-bytes", 80), &bytes, &["acme"])?;
    assert_eq!((said.expect(0)?.refused(2)?, said.refused(3)?), (0, 306), "{}", said.stdout);

    let fuel =
        json!([{"do": "burn", "turns": 2_000_000}, {"do": "sleep", "ms": 1}, {"do": "burn", "turns": 2_000_000}]);
    let said = host.run("hermit", &Policy::open().run("fuel", 12_000_000), &fuel, &["acme"])?;
    let once = said.ended_by()?;
    let said: Said = host.run("hermit", &Policy::open().run("fuel", 60_000_000), &fuel, &["acme"])?;
    assert_eq!((once, said.ended_by()?), (302, 0), "fuel is burned once, in replay as well: {}", said.stdout);
    Ok(())
}
