//! A pack as its author writes it: pack.toml, policy.toml, further Cedar policies, decision tests, and a page for people.
//! It doesn't know who signs it.

use serde::Deserialize;

use super::{Case, Files, PackError};
use crate::id::{AgentName, Digest};
use crate::policy::Policy;

const PACK: &str = "pack.toml";
const POLICY: &str = "policy.toml";
const RULES: &str = "rules.cedar";
const POLICY_AND_RULES: &str = "policy.toml or rules.cedar";
const README: &str = "README.md";

/// Longest title, in characters.
const TITLE: usize = 200;
/// Most days that a pack may hold.
const VALID_DAYS: u64 = 3_650;

/// What the files of a pack say.
#[derive(Debug, Clone)]
pub struct Source {
    /// Which pack.
    pub id: AgentName,
    /// In which version, from 1.
    pub version: u64,
    /// What it is for, for people.
    pub title: String,
    /// For how many days it holds once it is signed.
    pub valid_days: u64,
    /// The policy.
    pub policy: Policy,
    /// The decision tests.
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PackFile {
    id: AgentName,
    version: u64,
    title: String,
    valid_days: u64,
}

impl Source {
    /// Reads the files of a pack, without manifest and signature.
    ///
    /// # Errors
    /// [`PackError`], the first that [`Source::check`] finds.
    pub fn parse(files: &Files) -> Result<Self, PackError> {
        Self::check(files).map_err(|errors| errors.into_iter().next().unwrap_or(PackError::FileNeeded(PACK)))
    }

    /// The same, and says all that is wrong.
    ///
    /// # Errors
    /// Every [`PackError`], in the order of the files.
    pub fn check(files: &Files) -> Result<Self, Vec<PackError>> {
        let mut errors = Vec::new();
        let unknown = files.iter().map(|(name, _)| name).filter(|name| !is_of_a_pack(name));
        errors.extend(unknown.map(|name| PackError::FileUnknown(name.to_owned())));
        let pack = kept(head(files), &mut errors);
        let policy = kept(policy(files), &mut errors);
        let mut cases: Vec<Case> = Vec::new();
        for (name, bytes) in files.iter().filter(|(name, _)| is_test(name)) {
            let read = text(name, bytes).and_then(|text| Case::parse_all(name, text));
            cases.extend(kept(read, &mut errors).unwrap_or_default());
        }
        let names = |case: &Case| (case.file.clone(), case.name.clone());
        let mut seen = std::collections::BTreeSet::new();
        for case in cases.iter().filter(|case| !seen.insert(names(case))) {
            errors.push(PackError::Field {
                file: case.file.clone(),
                what: format!("give one of the cases `{}` another name", case.name),
            });
        }
        if let (Some(pack), Some(policy)) = (&pack, &policy)
            && policy.name != pack.id.as_str()
        {
            let what = format!("`name` is the pack's id, `{}`", pack.id);
            errors.push(PackError::Field { file: POLICY.to_owned(), what });
        }
        match (pack, policy) {
            (Some(PackFile { id, version, title, valid_days }), Some(policy)) if errors.is_empty() => {
                Ok(Self { id, version, title, valid_days, policy, cases })
            }
            _ => Err(errors),
        }
    }
}

/// The value, or its error among the others.
fn kept<T>(read: Result<T, PackError>, errors: &mut Vec<PackError>) -> Option<T> {
    read.map_err(|error| errors.push(error)).ok()
}

fn head(files: &Files) -> Result<PackFile, PackError> {
    let bytes = files.get(PACK).ok_or(PackError::FileNeeded(PACK))?;
    let pack: PackFile = toml(PACK, text(PACK, bytes)?)?;
    let wrong = |what: String| Err(PackError::Field { file: PACK.to_owned(), what });
    if pack.version == 0 {
        return wrong("`version` begins with 1".to_owned());
    }
    if !(1..=VALID_DAYS).contains(&pack.valid_days) {
        return wrong(format!("`valid-days` is 1 to {VALID_DAYS}"));
    }
    let length = pack.title.chars().count();
    if !(1..=TITLE).contains(&length) || pack.title.chars().any(char::is_control) {
        return wrong(format!("`title` is one line of 1 to {TITLE} characters"));
    }
    Ok(pack)
}

fn policy(files: &Files) -> Result<Policy, PackError> {
    let bytes = files.get(POLICY).ok_or(PackError::FileNeeded(POLICY))?;
    let policy = text(POLICY, bytes)?;
    let rules = files.get(RULES).map(|rules| text(RULES, rules)).transpose()?;
    // The digest becomes the pack's once that is known.
    Policy::with_rules(policy, rules, Digest::of(policy.as_bytes()))
        .map_err(|cause| PackError::Policy { file: if rules.is_some() { POLICY_AND_RULES } else { POLICY }, cause })
}

fn is_of_a_pack(name: &str) -> bool {
    [PACK, POLICY, RULES, README].contains(&name) || is_test(name)
}

fn is_test(name: &str) -> bool {
    name.strip_prefix("tests/").is_some_and(|name| name.ends_with(".toml"))
}

fn text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, PackError> {
    std::str::from_utf8(bytes).map_err(|_| PackError::Text(name.to_owned()))
}

pub(super) fn toml<'de, T: Deserialize<'de>>(file: &str, text: &'de str) -> Result<T, PackError> {
    toml::from_str(text).map_err(|cause| PackError::Syntax { file: file.to_owned(), cause: Box::new(cause) })
}
