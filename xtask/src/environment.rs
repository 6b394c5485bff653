//! The one place that reads environment variables: Cargo tells its programs about itself by them.

use std::env;
use std::ffi::OsString;

/// A variable's value, unless it is unset or empty.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads them")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
