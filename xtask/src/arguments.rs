//! The words after `cargo xtask`. What follows `demo` and `bench` is for the program that they start.

use std::ffi::OsString;

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
Usage: cargo xtask <COMMAND>

Commands:
  demo [ARGS]    set up, build and run the demo; ARGS go to `casemate demo`
  test           set up, then format, lints, unit, integration, tidy and doc tests
  bench [NAME]   set up, then run the benchmarks, or one of `crossing`, `sandbox`, `sql`, `dispatch` alone
  fuzz TARGET [SECONDS]
                 look for inputs that break `pack`, `manifest` or `envelope`
  soak dispatch [SECONDS]
                 hosts that are killed, stopped and cut off for an hour, or so long: no job is lost or done twice
  guests         build the agents to components in target/guests/components
  help           print this

Set-up is done once: a compiler for WebAssembly, the agents, Postgres's programs.";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chore {
    /// Run the demo, with arguments for `casemate demo`.
    Demo(Vec<OsString>),
    /// Run every check.
    Test,
    /// Run the benchmarks, with arguments for criterion.
    Bench(Vec<OsString>),
    /// Run a fuzz target for a while.
    Fuzz(Vec<OsString>),
    /// Let hosts meet faults for a while.
    Soak(Vec<OsString>),
    /// Build the guests.
    Guests,
    /// Say what there is.
    Help,
}

/// Reads the words, or says which one means nothing.
pub(crate) fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Chore, String> {
    let Some(word) = words.next() else {
        return Err("a command is missing".to_owned());
    };
    let rest: Vec<OsString> = words.collect();
    let alone = |chore| match rest.first() {
        None => Ok(chore),
        Some(extra) => Err(format!("`{}` takes no arguments, and `{}` is one", word.display(), extra.display())),
    };
    match word.to_str() {
        Some("demo") => Ok(Chore::Demo(rest)),
        Some("fuzz") => Ok(Chore::Fuzz(rest)),
        Some("soak") => Ok(Chore::Soak(rest)),
        Some("bench") => Ok(Chore::Bench(rest)),
        Some("test") => alone(Chore::Test),
        Some("guests") => alone(Chore::Guests),
        Some("help" | "--help" | "-h") => Ok(Chore::Help),
        _ => Err(format!("there is no command `{}`", word.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Chore, parse};
    use std::ffi::OsString;

    fn words(line: &str) -> Result<Chore, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn known_words_are_chores() {
        assert_eq!(words("test"), Ok(Chore::Test));
        assert_eq!(words("guests"), Ok(Chore::Guests));
        assert_eq!(words("--help"), Ok(Chore::Help));
        let passed = vec![OsString::from("--format"), OsString::from("json")];
        assert_eq!(words("demo --format json"), Ok(Chore::Demo(passed)));
        assert_eq!(words("bench"), Ok(Chore::Bench(Vec::new())));
    }

    #[test]
    fn other_words_are_named() {
        let message = |text: &str| Err(text.to_owned());
        assert_eq!(words(""), message("a command is missing"));
        assert_eq!(words("fly"), message("there is no command `fly`"));
        assert_eq!(words("test all"), message("`test` takes no arguments, and `all` is one"));
    }
}
