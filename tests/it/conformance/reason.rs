//! Why a script fails, by what is said of it. It doesn't know which reasons are expected.

use std::fmt;
use std::str::FromStr;

/// Kinds of reasons.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// It uses what the profile `det-1` has switched off.
    Off,
    /// It is written in words that wasmtime's reader of this version doesn't know.
    Syntax,
    /// It takes something for invalid that is valid today, or that this version of the validator lets pass.
    Accepted,
    /// It takes something for valid that this version of the validator refuses.
    Newer,
    /// It uses a directive that `wasmtime-wast` doesn't carry out.
    Directive,
    /// It imports what nobody gives it: it was written to be validated only, or needs the suite's own host.
    Imports,
    /// It traps where it should, in other words.
    Words,
    /// It tests what was different in an earlier version of the standard, or is made to be read and not run.
    Earlier,
    /// It needs more of the pool than one module may have.
    Pool,
    /// It made the runner panic.
    Panic,
    /// Anything else, in the runner's words.
    Other(String),
}

/// What is said when a feature is off or not known.
const OFF: [&str; 24] = [
    "not enabled",
    "is disabled",
    "support is disabled",
    "must be enabled",
    "to be enabled",
    "is not supported",
    "unsupported",
    "not supported without",
    "without the gc feature",
    "feature is not active",
    "requires the ",
    "requires `Config::",
    "require the component model",
    "require the function-references proposal",
    "requires the component model",
    "shared-everything-threads proposal",
    "is not a valid extern name",
    "gc types are disallowed",
    "function references required",
    "global.get of locally defined global",
    "multiple memories",
    "zero byte expected",
    "integer representation too long",
    "cannot enter component instance",
];

/// The same happens, in other words.
const WORDS: [&str; 2] = ["uninitialized element", "unknown handle"];

impl Reason {
    /// The reason for an error.
    pub(super) fn of(error: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|words| error.contains(words));
        if !error.contains("failed directive") {
            Self::Syntax
        } else if says(&["unimplemented wast directives"]) {
            Self::Directive
        } else if says(&["expected module to fail to build", "expected module to fail to link"]) {
            Self::Accepted
        } else if says(&["pooling allocator", "exceeds the limit", "exceeds the configured maximum"]) {
            Self::Pool
        } else if error.contains("but got") || error.contains("got '") && says(&WORDS) {
            Self::Words
        } else if says(&["type not valid to be used as export"]) {
            Self::Newer
        } else if says(&["expected trap, got Core"]) {
            Self::Earlier
        } else if says(&OFF) {
            Self::Off
        } else if says(&[
            "unknown import",
            "no item named",
            "was not found",
            "no previous instance",
            "not found in the linker",
        ]) {
            Self::Imports
        } else {
            Self::Other(error.to_owned())
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Syntax => "syntax",
            Self::Accepted => "accepted",
            Self::Newer => "newer",
            Self::Directive => "directive",
            Self::Imports => "imports",
            Self::Pool => "pool",
            Self::Words => "words",
            Self::Earlier => "earlier",
            Self::Panic => "panic",
            Self::Other(_) => "other",
        })
    }
}

impl FromStr for Reason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "off" => Self::Off,
            "syntax" => Self::Syntax,
            "accepted" => Self::Accepted,
            "newer" => Self::Newer,
            "directive" => Self::Directive,
            "imports" => Self::Imports,
            "pool" => Self::Pool,
            "words" => Self::Words,
            "earlier" => Self::Earlier,
            "panic" => Self::Panic,
            _ => return Err(format!("`{text}` is no reason")),
        })
    }
}
