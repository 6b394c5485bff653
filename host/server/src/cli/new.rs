//! `casemate new`: a new agent's project, and what to type next. It doesn't know what is in a template.

use std::path::{Path, PathBuf};

use casemate_toolchain::{Sdk, Template};
use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, Global, output};

/// Make a new agent's project.
#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// The agent's name, and its folder's: 1 to 64 of a-z, 0-9 and '-', a letter first
    name: String,
    /// What it starts from
    #[arg(long, value_enum, default_value_t = Kind(Template::Hello))]
    template: Kind,
    /// Folder of the crate `casemate-sdk`, to be used in place of the copy that this program carries
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

/// A template as a word of the command line.
#[derive(Debug, Clone, Copy)]
struct Kind(Template);

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        const { &[Self(Template::Hello), Self(Template::Rows), Self(Template::Counter)] }
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.about()))
    }
}

impl New {
    pub(super) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let Self { name, template: Kind(template), sdk } = self;
        let sdk = sdk.map_or(Sdk::Carried, Sdk::Folder);
        casemate_toolchain::create(Path::new(&name), &name, template, &sdk)?;
        let next = [format!("cd {name}"), format!("{} dev", program()), "cargo test".to_owned()];
        match global.format {
            Format::Json => output::line(
                &json!({"type": "created", "agent": name, "folder": name, "template": template.name(), "next": next})
                    .to_string(),
            ),
            Format::Human => {
                let words = format!("{name}/, from the template `{}`: {}", template.name(), template.about());
                output::line(&format!("{} {words}\n\nNext:\n", output::good("made")));
                next.iter().for_each(|command| output::line(&format!("    {command}")));
            }
        }
        Ok(Exit::Done)
    }
}

/// How this program is called from any folder: by its name if the shell found it so, else by its path.
fn program() -> String {
    let typed = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    if typed.components().count() == 1 {
        return typed.display().to_string();
    }
    let path = std::env::current_exe().unwrap_or(typed).display().to_string();
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::Kind;
    use casemate_toolchain::Template;
    use clap::ValueEnum as _;

    #[test]
    fn every_template_is_on_the_command_line() {
        let words: Vec<_> = Kind::value_variants().iter().map(|kind| kind.0).collect();
        assert_eq!(words, Template::ALL);
    }
}
