//! The program as a process of its own, with what the kernel says of it when it ended: its status, and the most memory
//! that it, or a process that it started and waited for, ever held. It doesn't know what it ran.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::host::{Host, Tested};
use crate::said::{Said, json_lines};

/// How long one guest may take the program, with room for a machine that has other work.
const LONGEST: Duration = Duration::from_secs(120);
/// How often the program is looked at.
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
    let (status, peak) = wait(command.spawn()?, begun + LONGEST)?;
    let (stdout, stderr) = (std::fs::read_to_string(out)?, std::fs::read_to_string(err)?);
    let said = Said { status: status.code(), lines: json_lines(&stdout), stdout, stderr };
    if let Some(signal) = status.signal() {
        return Err(format!("the program was ended by signal {signal}: {said:?}").into());
    }
    Ok(Measured { said, peak, took: begun.elapsed() })
}

fn wait(mut child: Child, deadline: Instant) -> Tested<(ExitStatus, u64)> {
    while Instant::now() < deadline {
        if let Some(ended) = ended(&child)? {
            return Ok(ended);
        }
        thread::sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Err(format!("the program did not end within {LONGEST:?}").into())
}

/// The status of a process and its peak, once it has ended.
#[expect(unsafe_code, reason = "std's own wait doesn't tell what the kernel knows of the process's memory")]
fn ended(child: &Child) -> Tested<Option<(ExitStatus, u64)>> {
    let pid = libc::pid_t::try_from(child.id())?;
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to places of ours that live as long as the call; all zeros are an `rusage`.
    let (found, usage) = unsafe {
        let found = libc::wait4(pid, &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (found, usage.assume_init())
    };
    match found {
        0 => Ok(None),
        -1 => Err(std::io::Error::last_os_error().into()),
        // Linux counts in KiB.
        _ => Ok(Some((ExitStatus::from_raw(status), u64::try_from(usage.ru_maxrss)? << 10))),
    }
}
