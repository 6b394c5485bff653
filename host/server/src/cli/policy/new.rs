//! `casemate policy new`: the files of a new pack, from one of those that ship, so that it can be checked and tested as it
//! is. It doesn't know what its author will change.

use std::path::PathBuf;

use casemate_gate::AgentName;
use casemate_gate::pack::{Files, Source};
use clap::ValueEnum;
use serde_json::json;

use super::super::exit::Exit;
use super::super::{CliError, Format, Global, output};
use crate::app::write_pack;

/// A file of a pack: its name and text.
type File = (&'static str, &'static str);

macro_rules! shipped {
    ($pack:literal, $($file:literal),+) => {
        &[$(($file, include_str!(concat!("../../../../../policies/", $pack, "/", $file)))),+]
    };
}

/// Packs that ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Shipped {
    /// Denies everything.
    Default,
    /// Reads and writes rows.
    Assessor,
    /// Reads, and keeps notes.
    Research,
}

impl Shipped {
    const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Assessor => "assessor",
            Self::Research => "research",
        }
    }

    const fn files(self) -> &'static [File] {
        match self {
            Self::Default => shipped!("default", "pack.toml", "policy.toml", "README.md", "tests/deny.toml"),
            Self::Assessor => {
                shipped!("assessor", "pack.toml", "policy.toml", "README.md", "tests/agent.toml", "tests/roles.toml")
            }
            Self::Research => {
                shipped!("research", "pack.toml", "policy.toml", "README.md", "tests/agent.toml", "tests/roles.toml")
            }
        }
    }
}

/// Write a new pack's files.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct New {
    /// The pack's id, and the name of its directory
    name: String,
    /// The pack that it begins as
    #[arg(long, value_enum, default_value_t = Shipped::Default)]
    from: Shipped,
    /// Where the directory is made [default: here]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

impl New {
    pub(in crate::cli) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let id = AgentName::try_from(self.name.clone()).map_err(|_| {
            CliError::new("input-pack", "name a pack with 1 to 64 of a-z, 0-9 and '-', not starting with '-'")
                .with_exit(Exit::Usage)
        })?;
        let directory = self.into.unwrap_or_default().join(id.as_str());
        if directory.exists() {
            let message = format!("choose another name, or remove {}: it is there already", directory.display());
            return Err(CliError::new("input-pack-exists", message));
        }
        let from = self.from.name();
        let mut files = Files::default();
        for (name, text) in self.from.files() {
            let text = text
                .replace(&format!("id = \"{from}\""), &format!("id = \"{id}\""))
                .replace(&format!("name = \"{from}\""), &format!("name = \"{id}\""))
                .replace(&format!("# The pack `{from}`"), &format!("# The pack `{id}`"));
            files.add(name, text.into_bytes())?;
        }
        // Whoever begins begins with a pack that can be signed.
        let source = Source::parse(&files)?;
        write_pack(&directory, &files)?;
        match global.format {
            Format::Json => {
                let files: Vec<&str> = files.iter().map(|(name, _)| name).collect();
                let line = json!({"type": "pack-new", "pack": source.id, "directory": directory, "files": files});
                output::line(&line.to_string());
            }
            Format::Human => {
                for (name, _) in files.iter() {
                    output::line(&directory.join(name).display().to_string());
                }
            }
        }
        Ok(Exit::Done)
    }
}
