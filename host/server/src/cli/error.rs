//! Errors as they are printed: one clause that says what to do, a stable code, the causes below it. It doesn't know how
//! any of them came about.

use std::error::Error;

use casemate_abi::Entry;
use serde_json::{Value, json};

use super::exit::Exit;
use super::{Format, output};
use crate::app::AppError;
use crate::config::{ConfigError, Source};
use crate::dispatch::evidence::EvidenceError;
use crate::dispatch::replay::ReplayError;
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
    code: &'static str,
    message: String,
    causes: Vec<String>,
    exit: Exit,
}

impl CliError {
    /// An error with a stable code and what to do about it.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), causes: Vec::new(), exit: Exit::of_code(code) }
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

    fn of(code: &'static str, error: &dyn Error) -> Self {
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

    /// What the catalogue says about its code.
    #[must_use]
    pub fn entry(&self) -> Option<&'static Entry> {
        Entry::named(self.code)
    }

    /// As JSON.
    #[must_use]
    pub(super) fn json(&self) -> Value {
        let entry = self.entry();
        json!({
            "type": "error",
            "code": self.code,
            "message": self.message,
            "causes": self.causes,
            "exit": self.exit.number(),
            "number": entry.map(|entry| entry.number),
            "title": entry.map(|entry| entry.title),
            "remedy": entry.map(|entry| entry.remedy),
            "status": entry.map(|entry| entry.status),
            "uri": entry.map(|entry| entry.uri),
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
    EvidenceError,
    KeyError,
    PackError,
    PolicyError,
    ReplayError,
    StoreError,
    ToolchainError
);

/// A flag that is not understood is a command line that is not.
impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        let made = Self::of(error.code(), &error);
        match error {
            ConfigError::Value { from: Source::Flag, .. } => made.with_exit(Exit::Usage),
            _ => made,
        }
    }
}

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
