//! The program as a process of its own: what it said, how it ended, and the most memory that it ever held, by the high
//! mark that the kernel keeps of each process. It doesn't know what it ran.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::host::{Host, Tested};
use crate::said::{Said, json_lines};

/// How long one guest may take the program, with room for a machine that has other work.
const LONGEST: Duration = Duration::from_secs(120);
/// How often the mark is read. It never falls, and a host that ends still signs its logs: a peak can't hide behind it.
const POLL: Duration = Duration::from_millis(2);

/// What a process said, and what it cost.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) said: Said,
    /// Most bytes of memory that were resident at one time.
    pub(super) peak: u64,
    pub(super) took: Duration,
}

/// Runs a command to its end.
pub(super) fn run(host: &Host, command: &mut Command) -> Tested<Measured> {
    // Files, since a guest that says much would fill a pipe that nobody reads.
    let [out, err] = ["stdout", "stderr"].map(|name| host.beside(name));
    command.stdout(File::create(&out)?).stderr(File::create(&err)?);
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // A process that has ended and was not waited for has no memory.
        peak = field(child.id(), "VmHWM")?.unwrap_or(peak);
        if begun.elapsed() > LONGEST {
            child.kill()?;
            child.wait()?;
            return Err(format!("the program did not end within {LONGEST:?}").into());
        }
        thread::sleep(POLL);
    };
    let (stdout, stderr) = (fs::read_to_string(out)?, fs::read_to_string(err)?);
    let said = Said { status: status.code(), lines: json_lines(&stdout), stdout, stderr };
    if let Some(signal) = status.signal() {
        return Err(format!("the program was ended by signal {signal}: {said:?}").into());
    }
    Ok(Measured { said, peak, took: begun.elapsed() })
}

/// A number of bytes that the kernel says of a process's memory, if it has any.
pub(super) fn field(pid: u32, name: &str) -> Tested<Option<u64>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.map(|line| line.trim().trim_end_matches(" kB").parse::<u64>()).transpose()?;
    Ok(kib.map(|kib| kib << 10))
}
