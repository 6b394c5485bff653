//! What an import's name says: one of Casemate's interfaces in some version, one of WASI's, or something else. It doesn't know what is
//! granted.

use casemate_abi::{PACKAGE, VERSION};
use casemate_gate::call::Tool;
use casemate_gate::policy::{Family, Grants};

/// What an import is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface<'n> {
    /// The words that all interfaces share; no authority.
    Types,
    /// What an agent says when it can't go on; no authority but to end its own run.
    Fault,
    /// A tool, in the version that this host has.
    Tool(Tool),
    /// One of a family of WASI.
    Wasi(Family),
    /// One of Casemate's own in a version that this host doesn't have.
    OtherVersion(&'n str),
    /// Something that is not Casemate's, or that its package doesn't have.
    Foreign,
}

impl<'n> Interface<'n> {
    /// What this name says.
    #[must_use]
    pub fn of(name: &'n str) -> Self {
        let Some((interface, version)) = split(name) else {
            return Family::of_import(name).map_or(Self::Foreign, Self::Wasi);
        };
        if version != VERSION {
            return Self::OtherVersion(version);
        }
        let tools = [Tool::Sql, Tool::Kv, Tool::Log, Tool::Clock, Tool::Random];
        match interface {
            "types" => Self::Types,
            "fault" => Self::Fault,
            _ => tools.into_iter().find(|tool| tool.name() == interface).map_or(Self::Foreign, Self::Tool),
        }
    }

    /// Whether an import of this interface may be had: words and fault always, a tool when some operation of it is granted,
    /// an interface of WASI when its family is.
    #[must_use]
    pub fn is_granted(self, grants: &Grants) -> bool {
        match self {
            Self::Types | Self::Fault => true,
            Self::Tool(tool) => grants.import(tool),
            Self::Wasi(family) => grants.family(family),
            Self::OtherVersion(_) | Self::Foreign => false,
        }
    }

    /// The version of Casemate's world that this name belongs to.
    pub(super) fn version(name: &'n str) -> Option<&'n str> {
        split(name).map(|(_, version)| version)
    }
}

/// `casemate:agent/sql@0.1.0` is `sql` and `0.1.0`.
fn split(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PACKAGE)?.strip_prefix('/')?.split_once('@')
}
