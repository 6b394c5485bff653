//! One hostile guest, run by the program and judged: exit status, code, what the message says, rows of the ledger, peak
//! of the process. It doesn't know which attack it was.

use std::process::Command;

use super::assemble;
use super::measured::{self, Measured};
use super::rows;
use super::script::{Guest, Verdict};
use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

/// What the host's process holds at most, besides what its guests may hold. An idle host of a test build was measured at
/// 25 MiB, most of it the program itself; hostile guests brought it to 25 MiB more, by copies of one call's bytes and by
/// documents that are read into values. The rest is room for another machine's allocator and pages.
pub(super) const HOST_BYTES: u64 = 64 << 20;

/// Budgets of a hostile guest: enough to do harm, little enough to end soon.
const BUDGET: [(&str, u64); 6] = [
    ("fuel", 20_000_000),
    ("memory", 16 << 20),
    ("wall-clock", 20_000),
    ("calls", 50),
    ("log-bytes", 4_096),
    ("result-bytes", 1 << 20),
];
const DENIALS: u64 = 5;

/// The policy that a guest's head describes.
pub(super) fn policy(guest: &Guest) -> Tested<Policy> {
    let mut policy = BUDGET.iter().fold(Policy::closed(), |policy, (name, limit)| policy.run(name, *limit));
    policy = policy.denials(DENIALS);
    for grant in &guest.grants {
        let (tool, verbs, resources) = assemble::rule(grant)?;
        policy = policy.granting(tool, verbs, resources);
    }
    for (name, limit) in &guest.budget {
        policy = match BUDGET.iter().find(|(known, _)| known == name) {
            Some((known, _)) => policy.run(known, *limit),
            None if name == "denials" => policy.denials(*limit),
            None => return Err(format!("nobody knows the budget `{name}`").into()),
        };
    }
    Ok(policy)
}

/// Bytes of memory that a run of the guest may hold.
pub(super) fn cap(guest: &Guest) -> u64 {
    let own = guest.budget.iter().find(|(name, _)| name == "memory");
    own.map_or(16 << 20, |(_, limit)| *limit)
}

/// What became of a guest.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) measured: Measured,
    /// How often its component was put on record as refused.
    pub(super) on_record: usize,
}

/// Runs a guest for `acme`.
pub(super) fn run(host: &Host, guest: &Guest) -> Tested<Judged> {
    run_bytes(host, guest, &assemble::component(guest)?)
}

/// Runs these bytes as if they were the guest's component.
pub(super) fn run_bytes(host: &Host, guest: &Guest, bytes: &[u8]) -> Tested<Judged> {
    let before = rows::refused_components(host)?;
    let measured = measured::run(host, &mut command(host, guest, bytes)?)?;
    Ok(Judged { measured, on_record: rows::refused_components(host)? - before })
}

/// The command that runs these bytes as if they were the guest's component.
pub(super) fn command(host: &Host, guest: &Guest, bytes: &[u8]) -> Tested<Command> {
    let component = host.file("agent.wasm", bytes)?;
    let policy = host.file("policy.toml", policy(guest)?.text())?;
    let input = host.file("input.json", "null")?;
    host.command(&["run", &component, "--policy", &policy, "--input", &input, "--tenant", "acme"])
}

/// Everything that is wrong with what became of a guest; nothing if it came as its head says.
pub(super) fn judge(host: &Host, guest: &Guest, judged: &Judged) -> Tested<Vec<String>> {
    let measured = &judged.measured;
    let mut wrong = match &guest.verdict {
        Verdict::Admission(code) => admission(guest, code, measured),
        Verdict::Refused(number, name) => refused(guest, *number, name, measured)?,
        Verdict::Done => done(guest, measured)?,
        Verdict::Parked => vec!["it ended".to_owned()],
    };
    let refused = usize::from(matches!(guest.verdict, Verdict::Admission(_)));
    if judged.on_record != refused {
        wrong.push(format!("{} refusals of it are on record, not {refused}", judged.on_record));
    }
    if !matches!(guest.verdict, Verdict::Admission(_))
        && let Ok(run) = measured.said.run()
    {
        let found = rows::of(host, &run)?;
        if !rows::are(&found, &guest.rows)? {
            wrong.push(format!("rows are {found:?}, not `{}`", guest.rows));
        }
    }
    let lines = measured.said.lines.iter();
    if let Some(line) = lines.clone().find(|line| text(line, "/tenant") != "acme") {
        wrong.push(format!("a line of somebody else: {line}"));
    }
    let limit = cap(guest) + HOST_BYTES;
    if measured.peak > limit {
        wrong.push(format!("the process held {} bytes, more than {limit}", measured.peak));
    }
    Ok(wrong)
}

fn admission(guest: &Guest, code: &str, measured: &Measured) -> Vec<String> {
    let said = &measured.said;
    let Ok(error) = said.error() else { return vec![format!("it was admitted: {said:?}")] };
    let mut wrong = silent(guest, &error.to_string());
    if text(&error, "/code") != code || said.status != Some(3) {
        wrong.push(format!("it ended with {:?} and {error}", said.status));
    }
    if said.of_type("result").count() != 0 {
        wrong.push("it ran".to_owned());
    }
    wrong
}

fn refused(guest: &Guest, code: u16, name: &str, measured: &Measured) -> Tested<Vec<String>> {
    let said = &measured.said;
    let Ok(result) = said.result() else { return Ok(vec![format!("it did not run: {}", said.stderr)]) };
    let message = text(result, "/refusal/message");
    let mut wrong = silent(guest, message);
    let is = (number(result, "/refusal/code"), text(result, "/refusal/name"), said.status);
    if is != (u64::from(code), name, Some(1)) {
        wrong.push(format!("it ended with {is:?}: {message}"));
    }
    // What was used, of which limit, and whose it is: the operator can't act on less.
    let budgets = ["fuel", "memory", "wall-clock", "calls", "log-bytes", "result-bytes"];
    let is_budget = (301..=306).contains(&code);
    if is_budget && !budgets.iter().any(|name| message.contains(&format!("the run's budget `{name}`"))) {
        wrong.push(format!("it doesn't say whose budget: {message}"));
    }
    if is_budget && !message.contains(|letter: char| letter.is_ascii_digit()) {
        wrong.push(format!("it doesn't say how much: {message}"));
    }
    Ok(wrong)
}

fn done(guest: &Guest, measured: &Measured) -> Tested<Vec<String>> {
    let said = &measured.said;
    let Ok(result) = said.result() else { return Ok(vec![format!("it did not run: {}", said.stderr)]) };
    let mut wrong = Vec::new();
    if said.status != Some(0) {
        wrong.push(format!("it ended with {:?}: {result}", said.status));
    }
    if let Some(expected) = &guest.result
        && result.get("result") != Some(expected)
    {
        wrong.push(format!("it returned {result}"));
    }
    Ok(wrong)
}

/// What the message should say and doesn't.
fn silent(guest: &Guest, message: &str) -> Vec<String> {
    let message = message.to_lowercase();
    let missing = guest.says.iter().filter(|words| !message.contains(words.as_str()));
    missing.map(|words| format!("`{words}` is not in: {message}")).collect()
}
