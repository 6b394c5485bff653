//! Why a command could not do its work, and what to do about it.

use std::fmt;
use std::path::Path;
use std::process::Command;

use casemate_toolchain::ToolchainError;

/// One sentence or more for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Error(String);

impl Error {
    /// An error with its way out.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A file could not be read, written or moved.
    pub(crate) fn file(verb: &str, path: &Path, error: &std::io::Error) -> Self {
        Self(format!("can't {verb} {}: {error}", path.display()))
    }

    /// A program could not be started.
    pub(crate) fn start(command: &Command, error: &std::io::Error) -> Self {
        Self(format!("can't start `{}`: {error}; is it installed and in PATH?", command.get_program().display()))
    }
}

impl From<ToolchainError> for Error {
    fn from(error: ToolchainError) -> Self {
        let mut message = error.to_string();
        let mut next = std::error::Error::source(&error);
        while let Some(cause) = next {
            message.push_str(&format!("\n  because: {cause}"));
            next = cause.source();
        }
        Self(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
