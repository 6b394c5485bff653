//! `casemate config`: what the host is set up with, where each value comes from, and whether it can be used. It doesn't
//! know what the host does with it.

use std::fs;
use std::path::Path;

use casemate_gate::pack::TrustedKeys;
use casemate_keys::LocalKeyFile;
use serde_json::json;

use super::exit::Exit;
use super::{CliError, Format, Global, output};
use crate::config::{Config, Loaded};

/// Most bytes of a file of public keys.
const KEYS_BYTES: u64 = 64 * 1024;

/// Show and check the host's configuration.
#[derive(Debug, clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// Say where each value comes from, and check that the host could use them
    Check,
    /// Print the configuration as a file; there is no secret in it
    Print {
        /// Print no directories either, for people who should not know them; the result is to be read, not used
        #[arg(long)]
        redacted: bool,
    },
}

impl ConfigCommand {
    pub(super) fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let loaded = global.loaded()?;
        match self {
            Self::Check => check(&loaded, global.format),
            Self::Print { redacted } => {
                print(loaded.config, redacted)?;
                Ok(Exit::Done)
            }
        }
    }
}

fn check(loaded: &Loaded, format: Format) -> Result<Exit, CliError> {
    let values = loaded.config.values();
    match format {
        Format::Human => {
            let row = |(key, value): &(&str, Option<String>)| {
                vec![
                    (*key).to_owned(),
                    value.as_deref().map_or_else(|| "-".to_owned(), output::printable),
                    loaded.source(key).to_string(),
                ]
            };
            output::line(&output::table(&["setting", "value", "from"], values.iter().map(row).collect()));
            if let Some(file) = &loaded.file {
                output::line(&format!("file: {}", output::printable(&file.display().to_string())));
            }
        }
        Format::Json => {
            for (key, value) in &values {
                let source = loaded.source(key).to_string();
                output::line(&json!({"type": "setting", "key": key, "value": value, "from": source}).to_string());
            }
        }
    }
    let mut problems = problems(&loaded.config);
    let Some(last) = problems.pop() else { return Ok(Exit::Done) };
    problems.iter().for_each(|problem| problem.print(format));
    Err(last)
}

/// What would keep the host from starting, as far as can be told without starting it.
fn problems(config: &Config) -> Vec<CliError> {
    let mut problems = Vec::new();
    let has_begun = config.keys().exists();
    if let Some(directory) = config.postgres.as_deref().filter(|directory| !directory.is_dir()) {
        problems.push(not_there("postgres", directory));
    }
    if let Some(file) = config.database_root_certificate.as_deref().filter(|file| !file.is_file()) {
        problems.push(not_there("database.root-certificate", file));
    }
    // Before the first start the host makes these itself; afterwards an empty place is a disk that isn't mounted.
    for zone in config.zones.iter().filter(|zone| has_begun && !zone.is_dir()) {
        problems.push(not_there("zones", zone));
    }
    let key = config.key();
    if key.exists() {
        problems.extend(LocalKeyFile::open_or_create(&key).err().map(CliError::from));
    } else if has_begun {
        problems.push(not_there("keys.file", &key));
    }
    problems.extend(trusted(&config.trusted_pack_keys).err());
    problems
}

fn not_there(key: &str, path: &Path) -> CliError {
    CliError::new("config-path", format!("correct `{key}`, or mount or restore {}: nothing is there", path.display()))
}

/// A file of public keys that isn't there has none.
fn trusted(path: &Path) -> Result<(), CliError> {
    let unusable = || format!("correct `packs.trusted-keys-file` or the file {}: it can't be used", path.display());
    let size = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|error| CliError::new("config-path", unusable()).because(&error))?.len(),
    };
    if size > KEYS_BYTES {
        return Err(CliError::new("config-path", unusable()));
    }
    let text = fs::read_to_string(path).map_err(|error| CliError::new("config-path", unusable()).because(&error))?;
    TrustedKeys::parse(&text).map_err(CliError::from)?;
    Ok(())
}

/// What can be used as a file: whole paths, since a relative one would mean something else in another folder.
fn print(config: Config, redacted: bool) -> Result<(), CliError> {
    let mut is_text = true;
    let config = config.with_paths(&mut |path| {
        is_text &= path.to_str().is_some();
        match path.file_name() {
            Some(name) if redacted => Path::new("…").join(name),
            _ if redacted => "…".into(),
            // Only the empty path can't be made absolute, and no value is empty.
            _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        }
    });
    if !is_text && !redacted {
        return Err(CliError::new("config-path", "use paths that are UTF-8: a file can hold no others"));
    }
    // A dotted key needs no table, so that the lines stay in the manual's order.
    let lines = config.values().into_iter().filter_map(|(key, value)| Some(format!("{key} = {}", value?)));
    lines.for_each(|line| output::line(&line));
    Ok(())
}
