//! What the killed program had told of, read from its transcript while it ran. It doesn't know when it is killed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use serde_json::Value;

use crate::host::Tested;
use crate::said::{number, text};

/// What the killed program had told of.
#[derive(Default)]
pub(super) struct Told {
    /// Whether it was killed before it ended.
    pub(super) killed: bool,
    /// The runs that were told of, with their tenants.
    pub(super) started: BTreeMap<String, String>,
    /// Run, call and place in the ledger.
    pub(super) crossings: Vec<(String, u64, u64)>,
}

impl Told {
    pub(super) fn note(&mut self, line: &Value) {
        let run = text(line, "/run").to_owned();
        match text(line, "/type") {
            "started" => drop(self.started.insert(run, text(line, "/tenant").to_owned())),
            "crossing" => self.crossings.push((run, number(line, "/call"), number(line, "/ledger_index"))),
            _ => {}
        }
    }
}

/// Reads the transcript on a thread of its own, so that waiting for a line can end. The channel ends with the pipe.
pub(super) fn follow(child: &mut Child) -> Tested<Receiver<Value>> {
    let stdout = child.stdout.take().ok_or("a pipe")?;
    let (sender, receiver) = mpsc::sync_channel(10_000);
    thread::Builder::new().name("transcript".to_owned()).spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // A line that was cut short by the kill is no line.
            if let Ok(line) = serde_json::from_str(&line)
                && sender.send(line).is_err()
            {
                break;
            }
        }
    })?;
    Ok(receiver)
}
