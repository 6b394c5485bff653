//! The forms that values have, in a file, a variable or a flag. It doesn't know what they are for.

mod database;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::setting::Found;
pub use database::{Name, Place, Port, Tls};

/// A value as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// A variable's or flag's text, or a file's string.
    Text(OsString),
    /// Several.
    Texts(Vec<OsString>),
    /// A file's integer.
    Number(i64),
    /// A file's value of a type that no setting has.
    Other,
}

/// A basic string of TOML: JSON's escapes are among TOML's, which has one more character to escape.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// What a setting can be. What is wrong is said as the form that it should have.
pub(super) trait Value: Sized {
    fn read(found: &Found) -> Result<Self, &'static str>;
    /// As a file has it; none for what isn't set.
    fn toml(&self) -> Option<String>;
    /// Every path in it, made anew.
    fn map_paths(&mut self, _map: &mut dyn FnMut(&Path) -> PathBuf) {}
}

impl Value for PathBuf {
    fn read(found: &Found) -> Result<Self, &'static str> {
        match &found.written {
            Written::Text(text) if !text.is_empty() => Ok(found.base.join(text)),
            _ => Err("a path"),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }

    fn map_paths(&mut self, map: &mut dyn FnMut(&Path) -> PathBuf) {
        *self = map(self);
    }
}

impl Value for [PathBuf; 3] {
    fn read(found: &Found) -> Result<Self, &'static str> {
        const FORM: &str = "three zones, separated by commas or in a list";
        let texts = match &found.written {
            Written::Text(text) => {
                text.as_bytes().split(|byte| *byte == b',').map(|part| OsStr::from_bytes(part).to_owned()).collect()
            }
            Written::Texts(texts) => texts.clone(),
            _ => return Err(FORM),
        };
        let texts = <[OsString; 3]>::try_from(texts).map_err(|_| FORM)?;
        if texts.iter().any(|text| text.is_empty()) {
            return Err(FORM);
        }
        Ok(texts.map(|text| found.base.join(text)))
    }

    fn toml(&self) -> Option<String> {
        Some(format!("[{}]", self.iter().filter_map(Value::toml).collect::<Vec<_>>().join(", ")))
    }

    fn map_paths(&mut self, map: &mut dyn FnMut(&Path) -> PathBuf) {
        self.iter_mut().for_each(|path| path.map_paths(map));
    }
}

impl<T: Value> Value for Option<T> {
    fn read(found: &Found) -> Result<Self, &'static str> {
        T::read(found).map(Some)
    }

    fn toml(&self) -> Option<String> {
        self.as_ref().and_then(T::toml)
    }

    fn map_paths(&mut self, map: &mut dyn FnMut(&Path) -> PathBuf) {
        if let Some(value) = self {
            value.map_paths(map);
        }
    }
}

/// A directive for the host's log that `tracing` understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// The directive.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Filter {
    fn read(found: &Found) -> Result<Self, &'static str> {
        const FORM: &str = "a filter such as `info` or `casemate_server=debug`";
        let Written::Text(text) = &found.written else { return Err(FORM) };
        let text = text.to_str().ok_or(FORM)?;
        EnvFilter::builder().parse(text).map_err(|_| FORM)?;
        Ok(Self(text.to_owned()))
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

/// Whole seconds, from one to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(u32);

impl Interval {
    pub(super) const DEFAULT: Self = Self(300);
    pub(super) const LEASE: Self = Self(10);
    const MOST: u32 = 86_400;

    /// The time between.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl Value for Interval {
    fn read(found: &Found) -> Result<Self, &'static str> {
        const FORM: &str = "whole seconds, from 1 to 86400";
        let seconds = match &found.written {
            Written::Number(number) => u32::try_from(*number).ok(),
            // A file has numbers of its own; a variable has only text.
            Written::Text(text) if found.source != super::Source::File => {
                text.to_str().and_then(|text| text.parse().ok())
            }
            _ => None,
        };
        seconds.filter(|seconds| (1..=Self::MOST).contains(seconds)).map(Self).ok_or(FORM)
    }

    fn toml(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}
