//! The configuration's file: found, read up to a limit, and taken apart into what was written for each key. A key that
//! no setting has is an error: a setting with a slip in its name would be none. It doesn't know what values mean.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::setting::{Found, Source};
use super::value::Written;
use super::{ConfigError, SETTINGS};

/// Most bytes of the file.
const BYTES: u64 = 64 * 1024;

/// Its name in the data directory, where it is looked for if none is named.
pub(super) const NAME: &str = "config.toml";

/// Reads a file. One that was only looked for may be missing.
pub(super) fn read(path: &Path, is_named: bool) -> Result<Option<Vec<Found>>, ConfigError> {
    let fails = |cause| ConfigError::File { path: path.to_owned(), cause };
    let file = match File::open(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound && !is_named => return Ok(None),
        opened => opened.map_err(fails)?,
    };
    let mut bytes = Vec::new();
    file.take(BYTES + 1).read_to_end(&mut bytes).map_err(fails)?;
    if bytes.len() as u64 > BYTES {
        return Err(ConfigError::TooLarge(path.to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| ConfigError::Syntax {
        path: path.to_owned(),
        line: 1,
        message: "it is not UTF-8".to_owned(),
    })?;
    let table = text.parse::<toml::Table>().map_err(|error| {
        // The library's own form of an error repeats the line, and with it what somebody may have written there.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::Syntax { path: path.to_owned(), line, message: error.message().to_owned() }
    })?;
    let base = path.parent().map(PathBuf::from).unwrap_or_default();
    let mut found = Vec::new();
    walk(path, "", table, &base, &mut found)?;
    Ok(Some(found))
}

fn walk(path: &Path, prefix: &str, table: toml::Table, base: &Path, found: &mut Vec<Found>) -> Result<(), ConfigError> {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        let setting = SETTINGS.iter().find(|setting| setting.key == key);
        let inner = format!("{key}.");
        match (setting, value) {
            (Some(setting), value) => found.push(Found {
                key: setting.key,
                source: Source::File,
                written: written(value),
                base: base.to_owned(),
            }),
            (None, toml::Value::Table(table)) if SETTINGS.iter().any(|setting| setting.key.starts_with(&inner)) => {
                walk(path, &inner, table, base, found)?;
            }
            (None, _) => return Err(ConfigError::UnknownKey { path: path.to_owned(), key }),
        }
    }
    Ok(())
}

fn written(value: toml::Value) -> Written {
    match value {
        toml::Value::String(text) => Written::Text(text.into()),
        toml::Value::Integer(number) => Written::Number(number),
        toml::Value::Array(values) => {
            let text = |value| match value {
                toml::Value::String(text) => Some(OsString::from(text)),
                _ => None,
            };
            values.into_iter().map(text).collect::<Option<_>>().map_or(Written::Other, Written::Texts)
        }
        _ => Written::Other,
    }
}
