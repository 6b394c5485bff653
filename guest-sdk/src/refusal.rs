//! What a tool returns instead of its answer: a gate said no, or the tool could not do its work.

use std::error::Error;
use std::fmt;

use casemate_abi::Code;

/// A refusal: a stable number and name from the catalogue, what was refused, and what to do about it.
///
/// It is a value, never a trap: the agent may go on, do without, or hand it on with `?`, which ends the run.
///
/// ```
/// use casemate::testing::Script;
/// use casemate::{Code, Refusal, kv};
///
/// fn remember(note: &str) -> Result<bool, Refusal> {
///     match kv::set("notes/last", note) {
///         Ok(()) => Ok(true),
///         Err(refusal) if refusal.kind() == Some(Code::CapabilityNotGranted) => Ok(false),
///         Err(refusal) => Err(refusal),
///     }
/// }
///
/// let refusal = Refusal::new(Code::CapabilityNotGranted, "`kv.set` on `notes/last` is not granted to this agent");
/// let script = Script::new().kv_set("notes/last", "done", Err(refusal));
/// assert_eq!(script.run(|| remember("done")), Ok(false));
/// ```
// The fields' names and order are those of the WIT record, as the generated bindings need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) code: u16,
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Refusal {
    /// A refusal of the agent's own making, with the catalogue's name and remedy: for tests, and for code that
    /// finds a mistake before the host does.
    ///
    /// ```
    /// let refusal = casemate::Refusal::new(casemate::Code::ToolArgument, "the key is empty");
    /// assert_eq!(refusal.code(), 701);
    /// ```
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: code as u16,
            name: code.name().to_owned(),
            message: message.into(),
            remedy: code.remedy().to_owned(),
        }
    }

    /// The stable number.
    ///
    /// ```
    /// # let refusal = casemate::Refusal::new(casemate::Code::BudgetCalls, "no calls left");
    /// assert_eq!(refusal.code(), 301);
    /// ```
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The code as an entry of the catalogue; none when the host is newer than this crate and has added it since.
    ///
    /// ```
    /// # let refusal = casemate::Refusal::new(casemate::Code::BudgetCalls, "no calls left");
    /// assert_eq!(refusal.kind(), Some(casemate::Code::BudgetCalls));
    /// ```
    #[must_use]
    pub const fn kind(&self) -> Option<Code> {
        Code::from_number(self.code)
    }

    /// The stable name.
    ///
    /// ```
    /// # let refusal = casemate::Refusal::new(casemate::Code::BudgetCalls, "no calls left");
    /// assert_eq!(refusal.name(), "budget-calls");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was refused, in one clause.
    ///
    /// ```
    /// # let refusal = casemate::Refusal::new(casemate::Code::BudgetCalls, "no calls left");
    /// assert_eq!(refusal.message(), "no calls left");
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, in one clause.
    ///
    /// ```
    /// # let refusal = casemate::Refusal::new(casemate::Code::BudgetCalls, "no calls left");
    /// assert!(refusal.remedy().starts_with("raise `calls`"));
    /// ```
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({}): {}; {}", self.name, self.code, self.message, self.remedy)
    }
}

impl Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use casemate_abi::Code;

    #[test]
    fn it_reads_as_one_line() {
        let refusal = Refusal::new(Code::ToolArgument, "the key is empty");
        assert_eq!(refusal.to_string(), "tool-argument (701): the key is empty; correct the argument");
    }
}
