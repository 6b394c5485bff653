//! Why a configuration isn't used. No message repeats a value: somebody may have put a secret where none belongs. It
//! doesn't know which exit status that is.

use std::io;
use std::path::PathBuf;

use super::Source;

/// Why a configuration isn't used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("name a configuration file that can be read: {path} can't")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The file is over the limit.
    #[error("shorten {0}: a configuration has 65536 bytes at most")]
    TooLarge(PathBuf),
    /// The file is no TOML.
    #[error("correct line {line} of {path}: {message}")]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// What the parser says, without the line.
        message: String,
    },
    /// No setting has this key.
    #[error(
        "correct or remove the key `{key}` of {path}: there is no such setting, and secrets stand in files of their own"
    )]
    UnknownKey {
        /// Where.
        path: PathBuf,
        /// Which.
        key: String,
    },
    /// No setting has this variable.
    #[error("correct or unset the variable {0}: there is no such setting")]
    UnknownVariable(String),
    /// The value isn't of the setting's form.
    #[error("write `{key}` as {form}: its value in the {from} is not")]
    Value {
        /// The setting.
        key: &'static str,
        /// Where the value was written.
        from: Source,
        /// What it should be.
        form: &'static str,
    },
    /// The file was found by the data directory that it names.
    #[error("remove `data` from {0}: it was found in the data directory, so another can't be meant")]
    DataInData(PathBuf),
}

impl ConfigError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "config-file",
            Self::TooLarge(_) => "config-too-large",
            Self::Syntax { .. } => "config-syntax",
            Self::UnknownKey { .. } => "config-unknown-key",
            Self::UnknownVariable(_) => "config-unknown-variable",
            Self::Value { .. } => "config-value",
            Self::DataInData(_) => "config-data",
        }
    }
}
