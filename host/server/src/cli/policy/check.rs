//! `casemate policy check` and `casemate policy test`: what is wrong with a pack's files, and what its policy says to its
//! own cases. Signatures are not looked at. It doesn't know whether anybody will apply the pack.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use casemate_gate::pack::{Answer, Case, MANIFEST, PackError, SIGNATURE, Source};
use serde_json::json;

use super::super::exit::Exit;
use super::super::{CliError, Format, Global, output};
use super::told;
use crate::app::read_pack;
use crate::clock;

/// Check the files of packs.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Check {
    /// Directories of packs
    #[arg(required = true, value_name = "DIR")]
    packs: Vec<PathBuf>,
}

/// Run a pack's decision tests.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Test {
    /// Directory of the pack
    #[arg(value_name = "DIR")]
    pack: PathBuf,
}

/// A pack's sources, or all that is wrong with them.
fn source(directory: &Path) -> Result<Source, Vec<CliError>> {
    let files = read_pack(directory).map_err(|error| vec![error.into()])?;
    let sources = files.without(&[MANIFEST, SIGNATURE]);
    Source::check(&sources).map_err(|errors| errors.into_iter().map(CliError::from).collect())
}

impl Check {
    pub(in crate::cli) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let mut exit = Exit::Done;
        let mut ids: BTreeMap<String, &Path> = BTreeMap::new();
        for directory in &self.packs {
            let checked = source(directory).and_then(|source| match ids.insert(source.id.to_string(), directory) {
                None => Ok(source),
                Some(other) => {
                    let places = [other, directory].map(|path| path.display().to_string());
                    let [other, this] = places;
                    Err(vec![PackError::SameId(other, this).into()])
                }
            });
            if checked.is_err() {
                exit = Exit::Input;
            }
            told::checked(global.format, directory, &checked);
        }
        Ok(exit)
    }
}

impl Test {
    pub(in crate::cli) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let source = match source(&self.pack) {
            Ok(source) => source,
            Err(errors) => {
                return Err(errors.into_iter().next().unwrap_or_else(|| PackError::Unsigned.into()));
            }
        };
        let answers: Vec<(&Case, Answer)> =
            source.cases.iter().map(|case| (case, case.put_to(&source.policy, clock::now_ms()))).collect();
        let failed = answers.iter().filter(|(_, answer)| !answer.passed).count();
        let passed = answers.len() - failed;
        match global.format {
            Format::Json => {
                for (case, answer) in &answers {
                    output::line(&told::case(case, answer).to_string());
                }
                output::line(&json!({"type": "pack-tested", "passed": passed, "failed": failed}).to_string());
            }
            Format::Human => {
                told::cases(&answers);
                let words = format!("{passed} passed, {failed} failed");
                output::line(&if failed == 0 { output::good(&words) } else { output::bad(&words) });
            }
        }
        Ok(if failed == 0 { Exit::Done } else { Exit::NoResult })
    }
}
