//! Command line, environment and file put together: for each setting the first of them that names it. The only place that
//! reads the environment. It doesn't know what values mean.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::file;
use super::setting::{Found, Place, Source};
use super::value::{Value as _, Written};
use super::{Config, ConfigError, SETTINGS};

/// Every variable of ours begins so.
const PREFIX: &str = "CASEMATE_";
/// Names the file.
pub(super) const FILE_VARIABLE: &str = "CASEMATE_CONFIG";
/// Variables that are no settings of the host: the key with which `audit verify` verifies.
const OTHERS: [&str; 1] = ["CASEMATE_VERIFIER_KEY"];
/// The data directory that nobody chose.
const DATA: &str = "casemate-data";

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The configuration's file.
    pub file: Option<PathBuf>,
    /// Values by the setting's key.
    pub values: Vec<(&'static str, Written)>,
}

/// The configuration and where it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    sources: BTreeMap<&'static str, Source>,
}

impl Loaded {
    /// Where a setting's value came from.
    #[must_use]
    pub fn source(&self, key: &str) -> Source {
        self.sources.get(key).copied().unwrap_or(Source::Default)
    }
}

impl Config {
    /// Puts the configuration together from the command line, this process's environment and the file.
    ///
    /// # Errors
    /// [`ConfigError`]: what can't be read or isn't understood.
    pub fn load(flags: Flags) -> Result<Loaded, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let environment = std::env::vars_os();
        Self::put_together(flags, environment)
    }

    pub(super) fn put_together(
        flags: Flags,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Loaded, ConfigError> {
        let mut found = BTreeMap::new();
        let (named, variables) = of_environment(environment)?;
        let named = flags.file.or(named);
        let over = |found: &mut BTreeMap<_, Found>, more: Vec<Found>| {
            found.extend(more.into_iter().map(|one| (one.key, one)));
        };
        let mut file = None;
        if let Some(path) = named {
            over(&mut found, file::read(&path, true)?.unwrap_or_default());
            file = Some(path);
        }
        over(&mut found, variables);
        let of_flag = |(key, written)| Found { key, source: Source::Flag, written, base: PathBuf::new() };
        over(&mut found, flags.values.into_iter().map(of_flag).collect());
        let data = match found.get("data") {
            Some(written) => PathBuf::read(written).map_err(|form| written.refuse(form))?,
            None => DATA.into(),
        };
        if file.is_none() {
            let path = data.join(file::NAME);
            if let Some(written) = file::read(&path, false)? {
                if written.iter().any(|one| one.key == "data") {
                    return Err(ConfigError::DataInData(path));
                }
                let unset = written.into_iter().filter(|one| !found.contains_key(one.key)).collect::<Vec<_>>();
                over(&mut found, unset);
                file = Some(path);
            }
        }
        let config = Self::read(&Place { found: &found, data: &data })?;
        let sources = found.into_iter().map(|(key, found)| (key, found.source)).collect();
        Ok(Loaded { config, file, sources })
    }
}

/// The file that it names, and the settings in it. A variable with our prefix that nobody reads is an error.
fn of_environment(
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(Option<PathBuf>, Vec<Found>), ConfigError> {
    let (mut named, mut found) = (None, Vec::new());
    for (name, value) in environment {
        let name = name.to_string_lossy();
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.variable == name) {
            let written = Written::Text(value);
            found.push(Found { key: setting.key, source: Source::Environment, written, base: PathBuf::new() });
        } else if name == FILE_VARIABLE {
            named = Some(PathBuf::from(value));
        } else if name.starts_with(PREFIX) && !OTHERS.contains(&name.as_ref()) {
            return Err(ConfigError::UnknownVariable(name.into_owned()));
        }
    }
    Ok((named, found))
}
