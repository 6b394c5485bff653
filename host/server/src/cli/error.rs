//! Errors as they are printed: one clause that says what to do, a stable code, the causes below it. It doesn't know how
//! any of them came about.

use std::error::Error;

use serde_json::{Value, json};

use super::exit::Exit;
use super::{Format, output};
use crate::app::AppError;
use crate::dispatch::{BudgetError, DispatchError};
use crate::sandbox::anatomy::AnatomyError;
use crate::sandbox::{ComponentError, EngineError};
use casemate_gate::pack::PackError;
use casemate_gate::policy::PolicyError;
use casemate_keys::KeyError;
use casemate_store::StoreError;
use casemate_toolchain::ToolchainError;

/// An error on its way to the person at the terminal.
#[derive(Debug)]
pub struct CliError {
    code: String,
    message: String,
    causes: Vec<String>,
    exit: Exit,
}

impl CliError {
    /// An error with a stable code and what to do about it.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), causes: Vec::new(), exit: Exit::of_code(code) }
    }

    /// The same with its cause, and that one's causes.
    #[must_use]
    pub fn because(mut self, cause: &dyn Error) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// The same with a sentence that helps with what lies below it.
    #[must_use]
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.causes.push(help.into());
        self
    }

    /// The same with another exit status.
    #[must_use]
    pub const fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    pub(super) fn three_zones() -> Self {
        Self::new("input-zones", "name three zones, separated by commas").with_exit(Exit::Usage)
    }

    fn of(code: &str, error: &dyn Error) -> Self {
        let mut made = Self::new(code, error.to_string());
        if let Some(cause) = error.source() {
            made = made.because(cause);
        }
        // A transparent wrapper has its cause's words as its own.
        made.causes.retain(|cause| *cause != made.message);
        made
    }

    /// The exit status.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// As JSON.
    #[must_use]
    pub(super) fn json(&self) -> Value {
        json!({
            "type": "error",
            "code": self.code,
            "message": self.message,
            "causes": self.causes,
            "exit": self.exit.number(),
        })
    }

    /// As people read it, a line each.
    #[must_use]
    pub(super) fn lines(&self) -> Vec<String> {
        let code = output::dim(&format!("[{}]", self.code));
        let mut lines = vec![format!("{} {} {code}", output::bad("error:"), self.message)];
        lines.extend(self.causes.iter().map(|cause| output::dim(&format!("  because: {cause}"))));
        lines
    }

    /// Prints it where errors go.
    pub fn print(&self, format: Format) {
        match format {
            Format::Json => output::error_line(&self.json().to_string()),
            Format::Human => self.lines().iter().for_each(|line| output::error_line(line)),
        }
    }
}

macro_rules! from {
    ($($error:ty),+) => {
        $(impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self::of(error.code(), &error)
            }
        })+
    };
}

from!(
    AnatomyError,
    AppError,
    BudgetError,
    ComponentError,
    EngineError,
    KeyError,
    PackError,
    PolicyError,
    StoreError,
    ToolchainError
);

impl From<DispatchError> for CliError {
    fn from(error: DispatchError) -> Self {
        let made = Self::of(error.code(), &error);
        match &error {
            DispatchError::Refused(refusal) => match (refusal.cause(), refusal.internal()) {
                // The cause says what to do; the refusal is what the guest was told.
                (Some(code), Some(internal)) => Self { causes: vec![refusal.to_string()], ..Self::new(code, internal) },
                (None, Some(internal)) => Self { causes: vec![internal.to_owned()], ..made },
                (_, None) => made,
            },
            _ => made,
        }
    }
}
