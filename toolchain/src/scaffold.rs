//! A new agent's project: a template, filled in, with the SDK beside it, so that the project needs nothing of this
//! repository and its SDK is the one that fits the host. It doesn't know how the project is built.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::embedded::{LOCK, SDK, TEMPLATES};
use crate::error::ToolchainError;

/// Where the SDK is in a project.
const SDK_FOLDER: &str = ".casemate/sdk";
/// Longest name of an agent.
pub(crate) const NAME_BYTES: usize = 64;
/// Names that the compiler, or the project's own dependencies, have already.
const TAKEN: [&str; 20] = [
    "alloc",
    "casemate",
    "core",
    "crate",
    "dyn",
    "enum",
    "extern",
    "fn",
    "impl",
    "proc-macro",
    "self",
    "serde",
    "serde-json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "use",
];

/// What a new agent starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Logs; no database.
    Hello,
    /// Reads and writes rows.
    Rows,
    /// Keeps a number by key.
    Counter,
}

impl Template {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Hello, Self::Rows, Self::Counter];

    /// The word for it on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Rows => "rows",
            Self::Counter => "counter",
        }
    }

    /// What it shows, in a clause.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Hello => "logs a line and returns it; needs no database",
            Self::Rows => "reads and writes rows of a table, with its SQL and its policy",
            Self::Counter => "keeps a number between runs, by key",
        }
    }
}

/// Where a project's SDK is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sdk {
    /// In the project, as this program carries it.
    Carried,
    /// In a folder, which has the `Cargo.toml` of `casemate-sdk`.
    Folder(PathBuf),
}

/// Makes a project of this name in a folder, which may be there if it is empty.
///
/// # Errors
/// [`ToolchainError`] for a name that can't be an agent's, a folder that is not empty, or one that is no SDK.
pub fn create(folder: &Path, name: &str, template: Template, sdk: &Sdk) -> Result<(), ToolchainError> {
    check_name(name)?;
    let place = match sdk {
        Sdk::Carried => format!("{SDK_FOLDER}/guest-sdk"),
        Sdk::Folder(folder) => found(folder)?,
    };
    check_empty(folder)?;
    // JSON's way to write a text is TOML's too.
    let quoted = serde_json::Value::String(place).to_string();
    let fill = |text: &str| text.replace("{{name}}", name).replace("{{sdk}}", &quoted);
    for (path, text) in TEMPLATES {
        let (kind, path) = path.split_once('/').unwrap_or(("", path));
        let path = if path == "gitignore" { ".gitignore" } else { path };
        if kind == "every" || kind == template.name() {
            write(&folder.join(path), &fill(text))?;
        }
    }
    if *sdk == Sdk::Carried {
        for (path, text) in SDK {
            write(&folder.join(SDK_FOLDER).join(path), text)?;
        }
    }
    write(&folder.join("Cargo.lock"), LOCK)
}

fn check_name(name: &str) -> Result<(), ToolchainError> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !starts_well || name.len() > NAME_BYTES || !name.bytes().all(is_known) {
        return Err(ToolchainError::Name(name.to_owned()));
    }
    if TAKEN.contains(&name) || name.starts_with("casemate-") {
        return Err(ToolchainError::NameTaken(name.to_owned()));
    }
    Ok(())
}

fn check_empty(folder: &Path) -> Result<(), ToolchainError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(ToolchainError::Occupied(folder.to_owned())),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Err(ToolchainError::Occupied(folder.to_owned())),
        Err(cause) => Err(ToolchainError::file("read", folder)(cause)),
    }
}

/// The SDK's folder, by a path that holds from everywhere.
fn found(folder: &Path) -> Result<String, ToolchainError> {
    let no_sdk = || ToolchainError::NoSdk(folder.to_owned());
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).map_err(|_| no_sdk())?;
    let is_sdk = manifest.lines().any(|line| line.trim() == "name = \"casemate-sdk\"");
    let path = folder.canonicalize().ok().filter(|_| is_sdk).ok_or_else(no_sdk)?;
    path.to_str().map(str::to_owned).ok_or_else(no_sdk)
}

fn write(path: &Path, text: &str) -> Result<(), ToolchainError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(ToolchainError::file("make", folder))?;
    }
    fs::write(path, text).map_err(ToolchainError::file("write", path))
}

#[cfg(test)]
mod tests;
