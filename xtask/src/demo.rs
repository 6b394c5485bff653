//! `cargo xtask demo`: sets up, builds `casemate` and becomes `casemate demo`.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{cargo, setup};

/// What the demo is told unless the caller tells it otherwise. Paths are relative to the workspace.
const DEFAULTS: [(&str, &str); 2] = [("--components", "target/guests/components"), ("--data", "target/demo")];

/// Returns only if the demo can't be started: otherwise its exit status is this program's.
pub(crate) fn run(workspace: &Workspace, arguments: Vec<OsString>) -> Result<(), Error> {
    setup::all(workspace)?;
    let mut build = cargo::command();
    build.current_dir(&workspace.root).args(cargo::BUILD);
    let status = build.status().map_err(|error| Error::start(&build, &error))?;
    if !status.success() {
        return Err(Error::new("casemate doesn't compile; Cargo's messages above say why"));
    }
    let mut demo = Command::new(workspace.target.join("debug").join("casemate"));
    demo.current_dir(&workspace.root).arg("demo").args(complete(arguments));
    let error = demo.exec();
    Err(Error::start(&demo, &error))
}

/// The caller's arguments after the defaults that they don't replace.
fn complete(arguments: Vec<OsString>) -> Vec<OsString> {
    let is_given = |option: &str| {
        arguments.iter().any(|argument| {
            let word = argument.as_encoded_bytes();
            let rest = word.strip_prefix(option.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
        })
    };
    let missing = DEFAULTS.iter().filter(|(option, _)| !is_given(option));
    let defaults = missing.flat_map(|(option, value)| [option, value]);
    let mut complete: Vec<_> = defaults.map(OsStr::new).map(OsStr::to_owned).collect();
    complete.extend(arguments);
    complete
}

#[cfg(test)]
mod tests {
    use super::complete;
    use std::ffi::OsString;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_callers_arguments_replace_defaults() {
        let defaults = "--components target/guests/components --data target/demo";
        assert_eq!(complete(Vec::new()), words(defaults));
        assert_eq!(
            complete(words("--data=elsewhere --format json")),
            words("--components target/guests/components --data=elsewhere --format json")
        );
        assert_eq!(complete(words("--database x")), words(&format!("{defaults} --database x")));
    }
}
