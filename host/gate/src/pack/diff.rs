//! What differs between two packs: by fields of their parsed files, not by lines of text, so that a moved or rewrapped
//! line is no difference. It doesn't know which of the two is newer.

use std::collections::BTreeMap;

use toml::Value;

use super::source::toml;
use super::{Files, PackError};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where: the file, and the path of the field in it, such as `policy.toml budget.run.fuel`.
    pub place: String,
    /// What stands in the first pack.
    pub before: Option<String>,
    /// What stands in the second.
    pub after: Option<String>,
}

/// The differences of two packs, in the order of their places. Entries of arrays (grants, roles, cases) are compared as
/// sets: what was added, what was removed. README and signature are not looked at.
///
/// # Errors
/// [`PackError::Syntax`], [`PackError::Text`].
pub fn diff(before: &Files, after: &Files) -> Result<Vec<Difference>, PackError> {
    let (before, after) = (flat(before)?, flat(after)?);
    let mut places: Vec<&(String, String)> = before.keys().chain(after.keys()).collect();
    places.sort();
    places.dedup();
    let mut differences = Vec::new();
    for place in places {
        let (was, is) = (before.get(place), after.get(place));
        if was != is {
            let (path, entry) = place;
            let shown = |value: Option<&String>| value.map(|value| format!("{entry}{value}"));
            differences.push(Difference { place: path.clone(), before: shown(was), after: shown(is) });
        }
    }
    Ok(differences)
}

/// Values by place. An entry of an array has its own text in the key's second half, so that order doesn't count.
type Flat = BTreeMap<(String, String), String>;

fn flat(files: &Files) -> Result<Flat, PackError> {
    let mut flat = Flat::new();
    for (name, bytes) in files.iter() {
        let text = std::str::from_utf8(bytes).map_err(|_| PackError::Text(name.to_owned()))?;
        if name.ends_with(".toml") {
            let table: toml::Table = toml(name, text)?;
            for (key, value) in table {
                note(&mut flat, format!("{name} {key}"), &value);
            }
        } else if name.ends_with(".cedar") {
            flat.insert((name.to_owned(), String::new()), text.trim().to_owned());
        }
    }
    Ok(flat)
}

fn note(flat: &mut Flat, place: String, value: &Value) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                note(flat, format!("{place}.{key}"), value);
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                let mut text = inline(entry);
                while flat.contains_key(&(place.clone(), text.clone())) {
                    text.push_str(" (again)");
                }
                flat.insert((place.clone(), text), String::new());
            }
        }
        other => {
            flat.insert((place, String::new()), inline(other));
        }
    }
}

/// A value in one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let fields: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(inline).collect();
            format!("[{}]", entries.join(", "))
        }
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Datetime(time) => time.to_string(),
    }
}
