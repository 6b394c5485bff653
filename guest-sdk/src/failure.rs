//! Why a run ends without a result, as the agent's author sees it.

use std::error::Error;
use std::fmt;

use crate::refusal::Refusal;

/// Why a run ended without a result. An agent's function may return any error that turns into this one.
///
/// ```no_run
/// use casemate::{Failure, Refusal};
///
/// enum Trouble {
///     NoCases,
///     Host(Refusal),
/// }
///
/// impl From<Refusal> for Trouble {
///     fn from(refusal: Refusal) -> Self {
///         Self::Host(refusal)
///     }
/// }
///
/// impl From<Trouble> for Failure {
///     fn from(trouble: Trouble) -> Self {
///         match trouble {
///             Trouble::NoCases => Self::failed("there are no cases"),
///             Trouble::Host(refusal) => refusal.into(),
///         }
///     }
/// }
///
/// #[casemate::agent]
/// fn run(limit: u32) -> Result<i64, Trouble> {
///     let count: Option<(i64,)> =
///         casemate::sql::query("select count(*) from public.cases limit $1").bind(limit).row()?;
///     count.map(|(count,)| count).ok_or(Trouble::NoCases)
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A refusal that the agent chose not to handle.
    Refused(Refusal),
    /// The input is JSON but not what this agent takes: what is wrong with it.
    InvalidInput(String),
    /// The agent's own error.
    Failed(String),
}

impl Failure {
    /// The agent's own error, from anything that can be shown.
    ///
    /// ```
    /// let failure = casemate::Failure::failed("there are no cases");
    /// assert_eq!(failure.to_string(), "there are no cases");
    /// ```
    #[must_use]
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::Failed(message.to_string())
    }

    /// Input that this agent does not take, beyond what its type already says.
    ///
    /// ```
    /// let failure = casemate::Failure::invalid_input("`batch` must be at least 1");
    /// assert_eq!(failure.to_string(), "the input does not fit: `batch` must be at least 1");
    /// ```
    #[must_use]
    pub fn invalid_input(message: impl fmt::Display) -> Self {
        Self::InvalidInput(message.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(formatter),
            Self::InvalidInput(message) => write!(formatter, "the input does not fit: {message}"),
            Self::Failed(message) => formatter.write_str(message),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::InvalidInput(_) | Self::Failed(_) => None,
        }
    }
}
