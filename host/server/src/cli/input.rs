//! What commands read: components, policies, inputs, SQL files; each with a limit. It doesn't know what they mean.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use casemate_abi::limits;
use casemate_gate::policy::Policy;

use super::CliError;

/// Most bytes of an SQL file.
const SQL_BYTES: usize = 64 * 1024 * 1024;

/// Most bytes of a test's case: all replies that a run may get, and room for JSON's own marks.
const CASE_BYTES: usize = 32 * 1024 * 1024;

/// The bytes of a component.
pub(super) fn component(path: &Path) -> Result<Vec<u8>, CliError> {
    read(path, "component", limits::COMPONENT_BYTES)
}

/// A policy and its text.
pub(super) fn policy(path: &Path) -> Result<(Policy, String), CliError> {
    let text = text(path, "policy", limits::MANIFEST_BYTES)?;
    Ok((Policy::parse(&text)?, text))
}

/// The text of a manifest.
pub(super) fn manifest(path: &Path) -> Result<String, CliError> {
    text(path, "manifest", limits::MANIFEST_BYTES)
}

/// The text of a test's case.
pub(super) fn case(path: &Path) -> Result<String, CliError> {
    text(path, "input-case", CASE_BYTES)
}

/// The text of an SQL file.
pub(super) fn sql(path: &Path) -> Result<String, CliError> {
    text(path, "input", SQL_BYTES)
}

/// A run's input: a JSON document from a file, or from standard input for `-`.
pub(super) fn document(path: &Path) -> Result<serde_json::Value, CliError> {
    let text = text(path, "input", limits::DOCUMENT_BYTES)?;
    serde_json::from_str(&text)
        .map_err(|error| CliError::new("input-json", "make the input a JSON document").because(&error))
}

fn text(path: &Path, what: &str, limit: usize) -> Result<String, CliError> {
    String::from_utf8(read(path, what, limit)?).map_err(|error| {
        CliError::new(&format!("{what}-text"), format!("save {} as UTF-8", path.display())).because(&error)
    })
}

fn read(path: &Path, what: &str, limit: usize) -> Result<Vec<u8>, CliError> {
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
            let kind = what.rsplit('-').next().unwrap_or(what);
            let message = format!("name a {kind} file that can be read: {name} can't");
            Err(CliError::new(&format!("{what}-file"), message).because(&error))
        }
        Ok(read) if read > limit => {
            Err(CliError::new(&format!("{what}-too-large"), format!("make {name} smaller: the limit is {limit} bytes")))
        }
        Ok(_) => Ok(bytes),
    }
}
