//! Why a run ends without a result, as the agent's author sees it.

use std::error::Error;
use std::fmt;

use crate::refusal::Refusal;

/// Why a run ended without a result. An agent's function may return any error that turns into this one.
///
/// ```
/// use casemate::sql::{self, Rows};
/// use casemate::testing::Script;
/// use casemate::{Failure, Refusal};
///
/// #[derive(Debug, PartialEq)]
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
/// fn run(kind: String) -> Result<i64, Trouble> {
///     let newest = sql::query("select amount from public.cases where kind = $1 order by id desc limit 1").bind(kind);
///     newest.row()?.map(|(amount,)| amount).ok_or(Trouble::NoCases)
/// }
///
/// let newest = "select amount from public.cases where kind = $1 order by id desc limit 1";
/// let script = Script::new().sql_query(newest, ["loan".into()], Ok(Rows::new(["amount"], [])));
/// assert_eq!(script.run(|| run("loan".to_owned())), Err(Trouble::NoCases));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A refusal that the agent chose not to handle.
    ///
    /// ```
    /// use casemate::{Code, Failure, Refusal};
    ///
    /// let refusal = Refusal::new(Code::BudgetCalls, "no calls left");
    /// assert_eq!(Failure::from(refusal.clone()), Failure::Refused(refusal));
    /// ```
    Refused(Refusal),
    /// The input is JSON but not what this agent takes: what is wrong with it.
    ///
    /// ```
    /// use casemate::Failure;
    ///
    /// assert_eq!(Failure::invalid_input("too many"), Failure::InvalidInput("too many".to_owned()));
    /// ```
    InvalidInput(String),
    /// The agent's own error.
    ///
    /// ```
    /// use casemate::Failure;
    ///
    /// assert_eq!(Failure::failed("no rows"), Failure::Failed("no rows".to_owned()));
    /// ```
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
