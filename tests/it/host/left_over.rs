//! What a test may leave running: the Postgres of a host that was killed. It is known by the pid file in its data and
//! by the directory in which it works, never by its name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::place::until;

/// How long Postgres may take to stop.
const STOP: Duration = Duration::from_secs(30);

/// The process id of the Postgres of a data directory, if it runs.
pub(crate) fn postmaster(data: &Path) -> Option<u32> {
    let cluster = cluster(data);
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let pid = text.lines().next()?.trim().parse().ok()?;
    let works_in = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (works_in == cluster.canonicalize().ok()?).then_some(pid)
}

/// Whether there is such a process; one that has ended and waits to be reaped is none.
pub(crate) fn is_alive(pid: u32) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_ok()
}

/// Stops the Postgres of a data directory, if it runs, and removes what it leaves elsewhere.
pub(super) fn stop(data: &Path) {
    let socket = socket(data);
    if let Some(pid) = postmaster(data) {
        for signal in ["-INT", "-QUIT"] {
            let sent = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
            let gone = until(STOP, || Ok((!is_alive(pid)).then_some(())));
            if sent.is_ok() && gone.is_ok() {
                break;
            }
        }
    }
    // Only Casemate's own directory, and only when it is empty.
    if let Some(socket) = socket.filter(|path| path.display().to_string().contains("/casemate-")) {
        drop(fs::remove_dir(socket));
    }
}

fn cluster(data: &Path) -> PathBuf {
    let own = data.join("postgres");
    let elsewhere = fs::read_to_string(own.join("location")).ok();
    elsewhere.map_or(own, |path| PathBuf::from(path.trim())).join("data")
}

/// Where its socket was, by the pid file's fifth line.
fn socket(data: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(cluster(data).join("postmaster.pid")).ok()?;
    text.lines().nth(4).map(|path| PathBuf::from(path.trim()))
}
