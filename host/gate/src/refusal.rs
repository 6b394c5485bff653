//! A refusal: a value, never a trap. It carries what the guest may read; causes that only the operator may read
//! travel beside it as `internal`. It doesn't know which gate made it.

use std::fmt;

use casemate_abi::Code;

/// Why a call or a run was refused.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    message: String,
    internal: Option<String>,
    cause: Option<&'static str>,
}

impl Refusal {
    /// A refusal with what the guest may read: one clause, no other tenant's data, no personal data.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), internal: None, cause: None }
    }

    /// The same with a cause for the operator's log, which the guest never sees.
    #[must_use]
    pub fn with_internal(mut self, cause: impl fmt::Display) -> Self {
        self.internal = Some(cause.to_string());
        self
    }

    /// The same with the cause's own stable code, which the guest never sees either.
    #[must_use]
    pub fn with_cause(mut self, code: &'static str, cause: impl fmt::Display) -> Self {
        self.cause = Some(code);
        self.with_internal(cause)
    }

    /// The same in other words.
    #[must_use]
    pub fn with_message(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// The catalogue entry.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// What was refused, in one clause.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The cause for the operator, if there is one.
    #[must_use]
    pub fn internal(&self) -> Option<&str> {
        self.internal.as_deref()
    }

    /// The cause's stable code, where it has one.
    #[must_use]
    pub const fn cause(&self) -> Option<&'static str> {
        self.cause
    }

    /// Whether a run that ends by it was told in the host's words alone: numbers, limits and names of the host's, and
    /// nothing that the guest or a tool said.
    #[must_use]
    pub const fn is_in_hosts_words(&self) -> bool {
        matches!(
            self.code,
            Code::IdentityRevoked
                | Code::BudgetCalls
                | Code::BudgetFuel
                | Code::BudgetMemory
                | Code::BudgetWallClock
                | Code::BudgetLogBytes
                | Code::BudgetResultBytes
                | Code::BudgetDenials
                | Code::ToolArgument
                | Code::AuditUnavailable
                | Code::RunDiverged
                | Code::RunFenced
                | Code::RunCancelled
                | Code::RunDeadline
                | Code::RunGivenUp
        )
    }

    /// Whether the run itself ends by it, and not only the call. A call for which the host may hold no more memory under
    /// the run's own cap is one that is refused; under its agent's or tenant's cap the crossing ends the run itself.
    #[must_use]
    pub const fn ends_run(&self) -> bool {
        matches!(
            self.code,
            Code::IdentityRevoked
                | Code::CapabilityWithdrawn
                | Code::BudgetFuel
                | Code::BudgetWallClock
                | Code::BudgetDenials
                | Code::AuditUnavailable
                | Code::RunTrapped
                | Code::RunFailed
                | Code::RunInput
                | Code::RunDiverged
                | Code::RunFenced
                | Code::RunPanicked
                | Code::RunCancelled
                | Code::RunDeadline
                | Code::RunGivenUp
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{} {}]", self.message, self.code as u16, self.code.name())
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Refusal {}
