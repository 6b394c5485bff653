//! The run's own log. The operator reads it; personal data in it is handled as the tenant's policy says.

use crate::refusal::Refusal;
use crate::world;

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
/// ```
/// use casemate::log::{self, Level};
/// use casemate::testing::Script;
///
/// let (done, lines) = Script::new().run_logged(|| log::emit(Level::Info, "half of the cases are done"));
/// assert_eq!(done, Ok(()));
/// assert_eq!(lines, [(Level::Info, "half of the cases are done".to_owned())]);
/// ```
///
/// # Errors
/// Refused when the agent may not log, when its log is full or when the message is too long.
pub fn emit(level: Level, message: impl AsRef<str>) -> Result<(), Refusal> {
    world::log_emit(level, message.as_ref())
}

/// Writes a message for the agent's author.
///
/// ```
/// use casemate::log::{self, Level};
/// use casemate::testing::Script;
///
/// let (done, lines) = Script::new().run_logged(|| log::debug("the rules are those of May"));
/// assert_eq!(done, Ok(()));
/// assert_eq!(lines, [(Level::Debug, "the rules are those of May".to_owned())]);
/// ```
///
/// # Errors
/// As [`emit`].
pub fn debug(message: impl AsRef<str>) -> Result<(), Refusal> {
    emit(Level::Debug, message)
}

/// Reports progress.
///
/// ```
/// use casemate::log::{self, Level};
/// use casemate::testing::Script;
///
/// let (done, lines) = Script::new().run_logged(|| log::info("3 cases done"));
/// assert_eq!(done, Ok(()));
/// assert_eq!(lines, [(Level::Info, "3 cases done".to_owned())]);
/// ```
///
/// # Errors
/// As [`emit`].
pub fn info(message: impl AsRef<str>) -> Result<(), Refusal> {
    emit(Level::Info, message)
}

/// Reports something odd.
///
/// ```
/// use casemate::log::{self, Level};
/// use casemate::testing::Script;
///
/// let (done, lines) = Script::new().run_logged(|| log::warn("a case has no answers"));
/// assert_eq!(done, Ok(()));
/// assert_eq!(lines, [(Level::Warn, "a case has no answers".to_owned())]);
/// ```
///
/// # Errors
/// As [`emit`].
pub fn warn(message: impl AsRef<str>) -> Result<(), Refusal> {
    emit(Level::Warn, message)
}

/// Reports that something went wrong.
///
/// ```
/// use casemate::log::{self, Level};
/// use casemate::testing::Script;
///
/// let (done, lines) = Script::new().run_logged(|| log::error("the summary could not be written"));
/// assert_eq!(done, Ok(()));
/// assert_eq!(lines, [(Level::Error, "the summary could not be written".to_owned())]);
/// ```
///
/// # Errors
/// As [`emit`].
pub fn error(message: impl AsRef<str>) -> Result<(), Refusal> {
    emit(Level::Error, message)
}
