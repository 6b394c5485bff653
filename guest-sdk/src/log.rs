//! The run's own log. The operator reads it; personal data in it is handled as the tenant's policy says.

use crate::bindings::casemate::agent::log as wit;
use crate::refusal::Refusal;

/// How important a message is.
///
/// ```
/// assert!(casemate::log::Level::Debug < casemate::log::Level::Error);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For the agent's author.
    Debug,
    /// Progress.
    Info,
    /// Something is odd, and the run goes on.
    Warn,
    /// Something went wrong.
    Error,
}

/// Writes a message at a level.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// casemate::log::emit(casemate::log::Level::Info, "half of the cases are done")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Refused when the agent may not log, when its log is full or when the message is too long.
pub fn emit(level: Level, message: impl AsRef<str>) -> Result<(), Refusal> {
    let level = match level {
        Level::Debug => wit::Level::Debug,
        Level::Info => wit::Level::Info,
        Level::Warn => wit::Level::Warn,
        Level::Error => wit::Level::Error,
    };
    wit::emit(level, message.as_ref())
}

/// Writes a message for the agent's author.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// casemate::log::debug("the rules are those of May")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`emit`].
pub fn debug(message: impl AsRef<str>) -> Result<(), Refusal> {
    emit(Level::Debug, message)
}

/// Reports progress.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// # let done = 3;
/// casemate::log::info(format!("{done} cases done"))?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`emit`].
pub fn info(message: impl AsRef<str>) -> Result<(), Refusal> {
    emit(Level::Info, message)
}

/// Reports something odd.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// casemate::log::warn("a case has no answers")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`emit`].
pub fn warn(message: impl AsRef<str>) -> Result<(), Refusal> {
    emit(Level::Warn, message)
}

/// Reports that something went wrong.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// casemate::log::error("the summary could not be written")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`emit`].
pub fn error(message: impl AsRef<str>) -> Result<(), Refusal> {
    emit(Level::Error, message)
}
