//! A host that is up on a test's data directory, until it is told to stop or killed. It doesn't know what it works on.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::host::{Host, Tested, until};

/// How long a host may take to come up or to stop.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Served(Child);

impl Served {
    /// A host with four slots; on return it works.
    pub(crate) fn start(host: &Host, words: &[&str]) -> Tested<Self> {
        let mut all = vec!["serve", "--slots", "4", "--drain", "20"];
        all.extend(words);
        let mut command = host.command(&all)?;
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("a pipe")?).lines();
        match lines.next() {
            Some(Ok(line)) if line.contains("serving") => Ok(Self(child)),
            other => {
                let mut said = String::new();
                child.stderr.take().ok_or("a pipe")?.read_to_string(&mut said)?;
                Err(format!("it doesn't serve: {other:?} {said}").into())
            }
        }
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Tested {
        self.signal(Signal::TERM)?;
        let status = until(LIMIT, || Ok(self.0.try_wait()?))?;
        let mut said = String::new();
        self.0.stderr.take().ok_or("a pipe")?.read_to_string(&mut said)?;
        if status.success() { Ok(()) } else { Err(format!("it stopped with {status}: {said}").into()) }
    }

    /// Kills it.
    pub(crate) fn kill(mut self) -> Tested {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Tested {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).ok_or("a process")?;
        Ok(kill_process(pid, signal)?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
