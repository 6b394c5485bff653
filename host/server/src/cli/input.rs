//! What commands read: components, policies, inputs, SQL files; each with a limit. It doesn't know what they mean.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use casemate_abi::limits;
use casemate_gate::policy::Policy;

use super::CliError;
use crate::dispatch::evidence::EVIDENCE_BYTES;

/// Most bytes of an SQL file.
const SQL_BYTES: usize = 64 * 1024 * 1024;

/// Most bytes of a password's file.
const SECRET_BYTES: usize = 4096;

/// Most bytes of a test's case: all replies that a run may get, and room for JSON's own marks.
const CASE_BYTES: usize = 32 * 1024 * 1024;

/// What is read.
#[derive(Debug, Clone, Copy)]
enum What {
    Component,
    Policy,
    Manifest,
    Case,
    Input,
    Evidence,
}

/// What can be wrong with a file, whatever it holds.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Unreadable,
    NoText,
    TooLarge,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Policy => "policy",
            Self::Manifest => "manifest",
            Self::Case => "case",
            Self::Input => "input",
            Self::Evidence => "evidence",
        }
    }

    /// The stable code.
    const fn code(self, trouble: Trouble) -> &'static str {
        match (self, trouble) {
            (Self::Component, Trouble::Unreadable) => "component-file",
            (Self::Component, Trouble::NoText) => "component-malformed",
            (Self::Component, Trouble::TooLarge) => "component-too-large",
            (Self::Policy, Trouble::Unreadable) => "policy-file",
            (Self::Policy, Trouble::NoText) => "policy-text",
            (Self::Policy, Trouble::TooLarge) => "policy-too-large",
            (Self::Manifest, Trouble::Unreadable) => "manifest-file",
            (Self::Manifest, Trouble::NoText) => "manifest-text",
            (Self::Manifest, Trouble::TooLarge) => "manifest-too-large",
            (Self::Case, Trouble::Unreadable) => "input-case-file",
            (Self::Case, Trouble::NoText) => "input-case-text",
            (Self::Case, Trouble::TooLarge) => "input-case-too-large",
            (Self::Input, Trouble::Unreadable) => "input-file",
            (Self::Input, Trouble::NoText) => "input-text",
            (Self::Input, Trouble::TooLarge) => "input-too-large",
            (Self::Evidence, Trouble::Unreadable) => "evidence-file",
            (Self::Evidence, Trouble::NoText) => "evidence-not",
            (Self::Evidence, Trouble::TooLarge) => "evidence-too-large",
        }
    }
}

/// The bytes of a component.
pub(super) fn component(path: &Path) -> Result<Vec<u8>, CliError> {
    read(path, What::Component, limits::COMPONENT_BYTES)
}

/// A policy and its text.
pub(super) fn policy(path: &Path) -> Result<(Policy, String), CliError> {
    let text = text(path, What::Policy, limits::MANIFEST_BYTES)?;
    Ok((Policy::parse(&text)?, text))
}

/// The text of a manifest.
pub(super) fn manifest(path: &Path) -> Result<String, CliError> {
    text(path, What::Manifest, limits::MANIFEST_BYTES)
}

/// The text of a test's case.
pub(super) fn case(path: &Path) -> Result<String, CliError> {
    text(path, What::Case, CASE_BYTES)
}

/// The bytes of evidence.
pub(super) fn evidence(path: &Path) -> Result<Vec<u8>, CliError> {
    read(path, What::Evidence, EVIDENCE_BYTES)
}

/// The text of an SQL file.
pub(super) fn sql(path: &Path) -> Result<String, CliError> {
    text(path, What::Input, SQL_BYTES)
}

/// A password that stands alone in a file.
pub(super) fn secret(path: &Path) -> Result<String, CliError> {
    let text = text(path, What::Input, SECRET_BYTES)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// A run's input: a JSON document from a file, or from standard input for `-`.
pub(super) fn document(path: &Path) -> Result<serde_json::Value, CliError> {
    let text = text(path, What::Input, limits::DOCUMENT_BYTES)?;
    serde_json::from_str(&text)
        .map_err(|error| CliError::new("input-json", "make the input a JSON document").because(&error))
}

fn text(path: &Path, what: What, limit: usize) -> Result<String, CliError> {
    String::from_utf8(read(path, what, limit)?).map_err(|error| {
        CliError::new(what.code(Trouble::NoText), format!("save {} as UTF-8", path.display())).because(&error)
    })
}

fn read(path: &Path, what: What, limit: usize) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let most = limit as u64 + 1;
    let read = if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    let name = path.display();
    match read {
        Err(error) => {
            let kind = what.name();
            let message = format!("name a {kind} file that can be read: {name} can't");
            Err(CliError::new(what.code(Trouble::Unreadable), message).because(&error))
        }
        Ok(read) if read > limit => {
            Err(CliError::new(what.code(Trouble::TooLarge), format!("make {name} smaller: the limit is {limit} bytes")))
        }
        Ok(_) => Ok(bytes),
    }
}
