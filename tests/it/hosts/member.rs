//! A host of a test's cluster: a data directory of its own, the invitation of the first host, and the process while it is up.
//! It doesn't know what it works on.

use std::fs::{OpenOptions, read_to_string};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::host::{Host, Tested, until};
use crate::said::Said;

/// How long a host may take to come up or to stop.
const LIMIT: Duration = Duration::from_secs(60);
/// Runs at once, where a test says nothing else.
const SLOTS: u32 = 8;
/// Bytes of a log that a failure shows.
const SHOWN: usize = 12_000;

pub(super) struct Member {
    pub(super) host: Host,
    configuration: PathBuf,
    /// How many runs at once, from its next start on.
    pub(super) slots: u32,
    child: Option<Child>,
}

impl Member {
    pub(super) fn new(configuration: &Path) -> Tested<Self> {
        let host = Host::empty()?;
        std::fs::create_dir_all(host.data())?;
        Ok(Self { host, configuration: configuration.to_owned(), slots: SLOTS, child: None })
    }

    /// The program on this host's data directory.
    pub(super) fn command(&self, words: &[&str]) -> Tested<Command> {
        let mut command = self.host.command(words)?;
        command.arg("--config").arg(&self.configuration);
        Ok(command)
    }

    pub(super) fn ask(&self, words: &[&str]) -> Tested<Said> {
        Said::of(&mut self.command(words)?)
    }

    /// Lets it serve, unless it does; on return it works.
    pub(super) fn start(&mut self) -> Tested {
        if self.child.is_some() {
            return Ok(());
        }
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = self.command(&["serve", "--slots", &self.slots.to_string(), "--drain", "20"])?;
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("a pipe")?).lines();
        let first = lines.next();
        self.child = Some(child);
        match first {
            Some(Ok(line)) if line.contains("serving") => Ok(()),
            other => Err(format!("it doesn't serve: {other:?} {}", self.told()).into()),
        }
    }

    /// Tells it to stop, and waits until it has.
    pub(super) fn stop(&mut self) -> Tested {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        signal(&child, Signal::TERM)?;
        let status = until(LIMIT, || Ok(child.try_wait()?));
        if status.is_err() {
            child.kill()?;
            child.wait()?;
        }
        let status = status?;
        if status.success() { Ok(()) } else { Err(format!("it stopped with {status}: {}", self.told()).into()) }
    }

    pub(super) fn kill(&mut self) -> Tested {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    pub(super) fn signal(&self, what: Signal) -> Tested {
        self.child.as_ref().map_or(Ok(()), |child| signal(child, what))
    }

    /// Nobody but the test ends it.
    pub(super) fn is_up(&mut self) -> Tested {
        let Some(child) = &mut self.child else { return Ok(()) };
        match child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("it ended by itself with {status}: {}", self.told()).into()),
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> Tested<String> {
        Ok(read_to_string(self.host.data().join("host.id"))?.trim().to_owned())
    }

    /// The end of what it logged.
    pub(super) fn told(&self) -> String {
        let text = read_to_string(self.log()).unwrap_or_default();
        let start = text.len().saturating_sub(SHOWN);
        text.get(start..).unwrap_or(&text).to_owned()
    }

    fn log(&self) -> PathBuf {
        self.host.beside("log")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}

fn signal(child: &Child, signal: Signal) -> Tested {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("a process")?;
    Ok(kill_process(pid, signal)?)
}
