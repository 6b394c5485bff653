//! The policy that holds where no pack is active: everything is denied. It is the shipped pack `default`, compiled in, so
//! that there is no host without it; its digest is the SHA-256 of its policy's text. It doesn't know for whom it holds.

use crate::policy::{Policy, PolicyError};

const TEXT: &str = include_str!("../../../../policies/default/policy.toml");

/// The built-in policy, and its text.
///
/// # Errors
/// None: a test parses it.
pub fn builtin() -> Result<(Policy, &'static str), PolicyError> {
    Ok((Policy::parse(TEXT)?, TEXT))
}
