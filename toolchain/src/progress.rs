//! Says what goes on while a silent program works: one line at the start, one every few seconds.

use std::io;
use std::process::{Command, Output};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Between two lines.
const PERIOD: Duration = Duration::from_secs(5);

/// Runs a program to its end and keeps what it prints.
///
/// # Errors
/// When it can't be started.
pub fn watch(activity: &str, command: &mut Command) -> io::Result<Output> {
    eprintln!("{activity}");
    let begun = Instant::now();
    thread::scope(|scope| {
        let (working, ended) = sync_channel::<()>(1);
        scope.spawn(move || {
            while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{activity}: {}", seconds(begun.elapsed()));
            }
        });
        let output = command.output();
        drop(working);
        output
    })
}

/// A duration for people.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
