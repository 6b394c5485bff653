//! `casemate replay`, `evidence` and `debug`: runs that ended in every way are the same again, what was altered is found
//! where it was, and none of it needs the host. It doesn't know how a run is repeated.

mod altered;
mod ends;
mod hosts;
mod steps;

use std::fs;

use casemate_server::dispatch::evidence::Evidence;
use serde_json::Value;

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{Said, text};

/// A run that was recorded, away from its host.
pub(crate) struct Recorded {
    /// Where the run was.
    host: Host,
    file: String,
    /// What the run said.
    said: Said,
}

impl Recorded {
    /// Records a run of `acme` on a host without a database.
    pub(crate) fn run(guest: &str, policy: &Policy, input: &Value) -> Tested<Self> {
        Self::run_on(Host::without_database()?, guest, policy, input)
    }

    /// The same on a host.
    fn run_on(host: Host, guest: &str, policy: &Policy, input: &Value) -> Tested<Self> {
        let file = host.beside("run.evidence").display().to_string();
        let mut command = host.run_command(guest, policy, input, &["acme"])?;
        let said = Said::of(command.args(["--record", &file]))?;
        Ok(Self { host, file, said })
    }

    /// Repeats it where there is no host.
    fn replay(&self, words: &[&str]) -> Tested<Said> {
        let elsewhere = Host::empty()?;
        let said = elsewhere.ask(&[&["replay", "--evidence", &self.file], words].concat())?;
        assert!(!elsewhere.data().exists(), "a replay makes no data directory");
        Ok(said)
    }

    /// What repeating it comes to.
    fn verdict(&self, words: &[&str]) -> Tested<String> {
        verdict(&self.replay(words)?)
    }

    /// It is identical, at both levels of optimisation.
    fn is_identical(&self) -> Tested {
        for level in ["speed", "none"] {
            let said = self.replay(&["--opt-level", level])?;
            assert_eq!(verdict(said.expect(0)?)?, "identical", "at {level}: {}", said.stdout);
            let line = said.of_type("replay").next().ok_or("a line")?;
            let others = line.pointer("/profile").and_then(Value::as_array).map_or(0, Vec::len);
            assert_eq!(others, usize::from(level == "none"), "another level is said to be another profile: {line}");
        }
        Ok(())
    }

    fn evidence(&self) -> Tested<Evidence> {
        Ok(Evidence::read(&fs::read(&self.file)?)?)
    }

    /// Writes evidence in its place, with a digest that is right.
    fn put(&self, evidence: &Evidence) -> Tested {
        Ok(fs::write(&self.file, evidence.write()?)?)
    }
}

/// The verdict of one run.
fn verdict(said: &Said) -> Tested<String> {
    let line = said.of_type("replay").next().ok_or_else(|| format!("no verdict: {}{}", said.stdout, said.stderr))?;
    Ok(text(line, "/verdict").to_owned())
}
