//! Every command in every state. The table is the text that SQL is held to.

use uuid::Uuid;

use crate::{Call, Cause, Command, End, Entry, Job, Reason, Resolution, State, Unsettled, Wake};

const NOW: u64 = 1_000;
const CALL: Call = Call { seq: 3, epoch: 7 };

fn job(state: State) -> Job {
    let parked = matches!(state, State::Waiting | State::Paused);
    let wake = parked.then_some(Wake { at_ms: Some(500), event: Some(Uuid::nil()) });
    let unsettled = (state == State::Indeterminate).then_some(Unsettled { call: CALL, resolution: None });
    Job { state, epoch: 7, wake, unsettled, ..Job::new(2, 0, None) }
}

fn commands() -> Vec<(&'static str, Command)> {
    let (epoch, wake) = (7, Wake { at_ms: Some(2_000), event: Some(Uuid::nil()) });
    vec![
        ("claim", Command::Claim),
        ("intent", Command::Append { epoch, entry: Entry::Intent }),
        ("stale", Command::Append { epoch: 6, entry: Entry::Outcome }),
        ("park", Command::Park { epoch, wake, happened: false }),
        ("park-late", Command::Park { epoch, wake, happened: true }),
        ("time", Command::Wake(Cause::Time)),
        ("event", Command::Wake(Cause::Event(Uuid::nil()))),
        ("release", Command::Release { epoch, delay_ms: 0 }),
        ("lose", Command::Lose { epoch }),
        ("done", Command::Finish { epoch, end: End::Done }),
        ("fail", Command::Fail { epoch, retryable: true, delay_ms: 0 }),
        ("unknown", Command::Indeterminate { epoch, call: CALL }),
        ("resolve", Command::Resolve { call: CALL, resolution: Resolution::Happened }),
        ("cancel", Command::Cancel),
        ("pause", Command::Pause),
        ("unpause", Command::Unpause),
        ("expire", Command::Expire),
        ("retry", Command::Retry { deadline_ms: None }),
    ]
}

/// What becomes of a job: `*` is an epoch that was raised, `+` one more attempt, `!` an end that was decided.
fn cell(job: Job, command: Command) -> String {
    match job.apply(command, NOW) {
        Ok(to) => {
            let raised = if to.job.epoch > job.epoch { "*" } else { "" };
            let more = if to.next.is_some() { "+" } else { "" };
            let decided = if to.job.ending.is_some() && !to.job.state.is_end() { "!" } else { "" };
            format!("{}{raised}{more}{decided}", to.job.state.name())
        }
        Err(refused) => refused.code().replacen("job-", "- ", 1),
    }
}

fn table(decorate: impl Fn(Job) -> Job) -> String {
    let mut text = String::new();
    for (name, command) in commands() {
        for state in State::ALL.into_iter().filter(|state| !matches!(state, State::Cancelled | State::Dead)) {
            text.push_str(&format!("{name:9} {:13} {}\n", state.name(), cell(decorate(job(state)), command)));
        }
    }
    text
}

#[test]
fn every_command_in_every_state() {
    assert_eq!(table(|job| job).trim(), include_str!("table.txt").trim());
}

#[test]
fn every_command_after_the_deadline() {
    assert_eq!(table(|job| Job { deadline_ms: Some(900), ..job }).trim(), include_str!("late.txt").trim());
}

#[test]
fn no_command_leaves_an_end_or_lowers_an_epoch() {
    for state in State::ALL {
        for ending in [None, Some(End::Cancelled), Some(End::Dead(Reason::Lost))] {
            for (name, command) in commands() {
                let before = Job { ending, ..job(state) };
                let Ok(after) = before.apply(command, NOW) else { continue };
                assert!(!state.is_end() || after.job == before, "{name} in {state:?}");
                assert!(after.job.epoch >= before.epoch, "{name} in {state:?}");
                let ends = state == State::Running && (after.job.state != state || after.job.epoch != before.epoch);
                assert_eq!(after.settle, ends.then_some(7), "{name} in {state:?}");
                assert!(ending.is_none() || after.job.ending == ending || name == "fail", "{name} in {state:?}");
            }
        }
    }
}

#[test]
fn a_job_that_kills_its_hosts_is_given_up() {
    let mut job = Job::new(1, 0, None);
    for _ in 0..crate::MOST_LOSSES {
        assert_eq!(job.ending, None);
        job = job.apply(Command::Claim, NOW).unwrap().job;
        job = job.apply(Command::Lose { epoch: job.epoch }, NOW).unwrap().job;
    }
    job = job.apply(Command::Claim, NOW).unwrap().job;
    let end = End::Dead(Reason::Lost);
    let finished = job.apply(Command::Finish { epoch: job.epoch, end }, NOW).unwrap();
    assert_eq!((finished.job.state, finished.job.ending), (State::Dead, Some(end)));
}

#[test]
fn names_are_read_back() {
    assert!(State::ALL.into_iter().all(|state| State::parse(state.name()) == Some(state)));
    assert!(Reason::ALL.into_iter().all(|reason| Reason::parse(reason.name()) == Some(reason)));
    assert_eq!(State::parse("Ready"), None);
}
