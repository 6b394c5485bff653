//! What can be set, and what was found for it. It doesn't know which settings there are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::value::Written;

/// One thing that can be set.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file, with `.` between table and name.
    pub key: &'static str,
    /// Its variable in the environment.
    pub variable: &'static str,
    /// Its flag, if it has one.
    pub flag: Option<&'static str>,
    /// Its default, in words.
    pub default: &'static str,
    /// Its manual, by lines.
    pub manual: &'static [&'static str],
}

/// Where a value came from. A later one overrules an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration's file.
    File,
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}

/// A value that somebody wrote.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) key: &'static str,
    pub(super) source: Source,
    pub(super) written: Written,
    /// What a relative path is relative to: the file's folder, or nothing for the working directory.
    pub(super) base: PathBuf,
}

impl Found {
    /// What is wrong is said without what was written, which nobody knows to be public.
    pub(super) const fn refuse(&self, form: &'static str) -> ConfigError {
        ConfigError::Value { key: self.key, from: self.source, form }
    }
}

/// What a field is read from.
pub(super) struct Place<'a> {
    pub(super) found: &'a BTreeMap<&'static str, Found>,
    /// The data directory, in which most defaults are.
    pub(super) data: &'a Path,
}

impl Place<'_> {
    pub(super) fn written(&self, key: &str) -> Option<&Found> {
        self.found.get(key)
    }
}
