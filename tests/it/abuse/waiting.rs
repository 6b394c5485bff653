//! A guest that waits for a month: it holds nothing meanwhile, neither memory nor a thread, and the host that is ended
//! while it waits leaves a sound ledger. It doesn't know what the guest waits for.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use super::judged::{self, HOST_BYTES};
use super::measured::field;
use super::rows;
use super::script::Guest;
use crate::host::{Host, Tested};
use crate::said::{json_lines, number, text};

/// Longer than any wait that the sandbox would sit out; a month is 2,592,000 s.
const MONTH_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// How long the waiting is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// Everything that is wrong with how the guest waits, on a host of its own, which is ended meanwhile.
pub(super) fn judge(guest: &Guest) -> Tested<Vec<String>> {
    let host = &Host::without_database()?;
    let mut command = judged::command(host, guest, &super::assemble::component(guest)?)?;
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let waited = watch(host, guest, &mut child);
    child.kill()?;
    child.wait()?;
    // Sound, and not yet signed: the host had no time to.
    host.verify()?.expect(10)?;
    waited
}

fn watch(host: &Host, guest: &Guest, child: &mut Child) -> Tested<Vec<String>> {
    let stdout = child.stdout.take().ok_or("the program has no output")?;
    let (mut run, mut until) = (String::new(), 0);
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        let events = json_lines(&line);
        let Some(event) = events.first() else { continue };
        match text(event, "/type") {
            "started" => text(event, "/run").clone_into(&mut run),
            "parked" => {
                until = number(event, "/until_ms");
                break;
            }
            _ => {}
        }
    }
    let mut wrong = Vec::new();
    let found = rows::of(host, &run)?;
    if !rows::are(&found, &guest.rows)? {
        wrong.push(format!("rows are {found:?}, not `{}`", guest.rows));
    }
    let times = casemate_ledger::read::scan(&host.zone(1))?.filter_map(Result::ok).map(|entry| entry.leaf.time_ms);
    let last = times.last().unwrap_or_default();
    if !(MONTH_MS - 10_000..=MONTH_MS + 10_000).contains(&until.saturating_sub(last)) {
        wrong.push(format!("it waits until {until}, and asked at {last}"));
    }
    let before = busy(child.id())?;
    thread::sleep(LOOK);
    let ticks = busy(child.id())? - before;
    // A hundredth of a second each.
    if ticks > 5 {
        wrong.push(format!("the host worked {ticks} ticks while the guest waited"));
    }
    let resident = field(child.id(), "VmRSS")?.ok_or("the host has no memory")?;
    if resident > HOST_BYTES {
        wrong.push(format!("the host holds {resident} bytes while the guest waits"));
    }
    Ok(wrong)
}

/// Processor time of a process, in the kernel's ticks.
fn busy(pid: u32) -> Tested<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit_once(") ").ok_or("no name in stat")?.1.split(' ');
    Ok(fields.skip(11).take(2).map(str::parse::<u64>).sum::<Result<_, _>>()?)
}
