//! Steps that follow each other until one fails, and the table of their times.

use std::process::Command;
use std::time::{Duration, Instant};

use casemate_toolchain::progress::seconds;

use crate::error::Error;

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    taken: Vec<(&'static str, Duration, Outcome)>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
}

impl Steps {
    /// Takes a step that runs a program. The program speaks for itself.
    pub(crate) fn run(&mut self, name: &'static str, command: &mut Command) -> Result<(), Error> {
        let arguments: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        eprintln!("\n── {name}: cargo {}", arguments.join(" "));
        self.take(name, || {
            let status = command.status().map_err(|error| Error::start(command, &error))?;
            if status.success() {
                return Ok(());
            }
            Err(Error::new(format!("step `{name}` failed; its messages above say why")))
        })
    }

    /// Takes a step.
    pub(crate) fn take(&mut self, name: &'static str, step: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let begun = Instant::now();
        let result = step();
        let outcome = match result {
            Ok(()) => Outcome::Passed,
            Err(_) => Outcome::Failed,
        };
        let time = begun.elapsed();
        eprintln!("── {name}: {}", seconds(time));
        self.taken.push((name, time, outcome));
        result
    }

    /// One line a step, and their sum.
    pub(crate) fn table(&self) -> String {
        let line = |name: &str, time, mark: &str| format!("{name:<12}{:>10}{mark}", seconds(time));
        let steps = self.taken.iter().map(|(name, time, outcome)| {
            let mark = match outcome {
                Outcome::Passed => "",
                Outcome::Failed => "  failed",
            };
            line(name, *time, mark)
        });
        let total = self.taken.iter().map(|(_, time, _)| *time).sum();
        steps.chain([line("total", total, "")]).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Steps;
    use crate::error::Error;
    use std::process::Command;

    #[test]
    fn a_failing_program_is_named_and_marked() {
        let mut steps = Steps::default();
        assert!(steps.take("set-up", || Ok(())).is_ok());
        let failed = steps.run("lint", &mut Command::new("false"));
        let message = failed.map_err(|error: Error| error.to_string());
        let expected = "step `lint` failed; its messages above say why";
        assert_eq!(message, Err(expected.to_owned()));

        let table = steps.table();
        let names: Vec<_> = table.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names, ["set-up", "lint", "total"]);
        assert_eq!(table.lines().filter(|line| line.ends_with("failed")).count(), 1);
    }
}
