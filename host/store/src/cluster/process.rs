//! The server's process: spawned away from the terminal, known by its pid file, ready when it writes so there, adopted
//! when an earlier host left it running. It doesn't know what the server keeps.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::layout::Layout;
use super::{settings, socket};

/// How often a change of state is looked for.
const POLL: Duration = Duration::from_millis(10);
/// How often a server that ends at once is started.
const ATTEMPTS: usize = 5;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(300);
/// How long a start may take: recovery after a crash replays up to `max_wal_size`.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long a fast shutdown may take; it ends with a checkpoint.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// The server's first process.
#[derive(Debug)]
pub(super) struct Postmaster {
    pid: Pid,
    // Of this process, so that its end is noticed and reaped; none if adopted.
    child: Option<Child>,
}

impl Postmaster {
    /// The server that already runs on this data. One whose socket is gone (a cleaner of /tmp) is stopped.
    pub(super) fn adopt(layout: &Layout, directory: &Path, account: &Account) -> Result<Option<Self>, ClusterError> {
        let Some(pid) = read_pid(&layout.data).filter(|pid| serves(*pid, &layout.data)) else {
            // A stale pid file is Postgres's own business: it also checks for orphaned backends before it takes over.
            return Ok(None);
        };
        let found = Self { pid, child: None };
        tracing::info!(pid = found.pid(), uid = account.uid, "found a running Postgres of this directory");
        let deadline = Instant::now() + START_LIMIT;
        while is_alive(pid) && !is_ready(&layout.data, pid) && Instant::now() < deadline {
            sleep(POLL);
        }
        if is_ready(&layout.data, pid) && directory.join(socket::NAME).exists() {
            return Ok(Some(found));
        }
        found.stop()?;
        Ok(None)
    }

    /// Starts a server. One that ends at once is tried again: the memory and the lock of a server that was killed a
    /// moment ago can outlive it for as long as its last backend takes to notice.
    pub(super) fn spawn(
        binaries: &Binaries,
        layout: &Layout,
        directory: &Path,
        account: &Account,
    ) -> Result<Self, ClusterError> {
        let mut spawned = Self::spawn_once(binaries, layout, directory, account);
        for _ in 1..ATTEMPTS {
            if !matches!(spawned, Err(ClusterError::Start { .. })) {
                break;
            }
            sleep(BETWEEN_ATTEMPTS);
            spawned = Self::spawn_once(binaries, layout, directory, account);
        }
        spawned
    }

    fn spawn_once(
        binaries: &Binaries,
        layout: &Layout,
        directory: &Path,
        account: &Account,
    ) -> Result<Self, ClusterError> {
        let (log, log_too) = open_log(layout, account)?;
        let program = binaries.program("postgres");
        let mut command = Command::new(&program);
        command.arg("-D").arg(&layout.data).args(settings::arguments(directory));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        // A group of its own: an interrupt typed at the host's terminal is the host's to handle.
        command.process_group(0).current_dir("/").stdin(Stdio::null()).stdout(log).stderr(log_too);
        account.apply(&mut command);
        let mut child = command.spawn().map_err(|source| ClusterError::Program { program, source })?;
        let failed = || ClusterError::Start { log: layout.log.clone() };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(failed)?;
        let deadline = Instant::now() + START_LIMIT;
        while !is_ready(&layout.data, pid) {
            if Instant::now() > deadline || !matches!(child.try_wait(), Ok(None)) {
                return Err(failed());
            }
            sleep(POLL);
        }
        Ok(Self { pid, child: Some(child) })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub(super) fn stop(mut self) -> Result<(), ClusterError> {
        // SIGINT is fast shutdown, SIGQUIT immediate: the next start recovers, nothing committed is lost.
        for signal in [Signal::INT, Signal::QUIT] {
            if kill_process(self.pid, signal).is_err() {
                return Ok(());
            }
            let deadline = Instant::now() + STOP_LIMIT;
            while Instant::now() < deadline {
                let ended = match &mut self.child {
                    Some(child) => !matches!(child.try_wait(), Ok(None)),
                    None => !is_alive(self.pid),
                };
                if ended {
                    return Ok(());
                }
                sleep(POLL);
            }
        }
        Err(ClusterError::Stop { pid: self.pid() })
    }
}

/// The server's log, twice, for both streams of a child.
pub(super) fn open_log(layout: &Layout, account: &Account) -> Result<(File, File), ClusterError> {
    let open = || OpenOptions::new().create(true).append(true).mode(0o600).open(&layout.log);
    let files = open().and_then(|file| Ok((file.try_clone()?, file))).map_err(ClusterError::at(&layout.log))?;
    account.own(&layout.log)?;
    Ok(files)
}

/// The first line of the pid file.
fn read_pid(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse::<i32>().ok().filter(|pid| *pid > 0).and_then(Pid::from_raw)
}

/// Whether the eighth line says so, as `pg_ctl` reads it.
/// Whether the server of this data is up and takes connections.
pub(super) fn is_up(data: &Path) -> bool {
    read_pid(data).is_some_and(|pid| serves(pid, data) && is_ready(data, pid))
}

fn is_ready(data: &Path, pid: Pid) -> bool {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let ready = text.lines().nth(7).is_some_and(|status| status.trim() == "ready");
    ready && read_pid(data) == Some(pid)
}

/// Running. One that has ended and waits to be reaped still takes signals, but has no working directory any more.
fn is_alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok() && working_directory(pid).is_some()
}

fn working_directory(pid: Pid) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok()
}

/// Whether this process is the server of this data and not another one that got the number: a server works in its
/// data directory.
fn serves(pid: Pid, data: &Path) -> bool {
    is_alive(pid) && working_directory(pid).is_some_and(|place| data.canonicalize().is_ok_and(|data| data == place))
}
