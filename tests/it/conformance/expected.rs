//! The list of scripts that can't pass, `tests/wast/expected.txt`: a line for each, with its reason, below the name of
//! its suite. It doesn't know whether the reasons are good.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::reason::Reason;
use crate::host::Tested;

fn list() -> Tested<String> {
    Ok(fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("wast/expected.txt"))?)
}

/// Names of the suites that the list has.
pub(super) fn suites() -> Tested<Vec<String>> {
    Ok(list()?.lines().filter_map(|line| Some(line.strip_prefix('[')?.strip_suffix(']')?.to_owned())).collect())
}

/// The scripts of a suite that can't pass.
pub(super) fn of(suite: &str) -> Tested<BTreeMap<String, Reason>> {
    let text = list()?;
    let mut current = "";
    let mut expected = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(suite) => current = suite,
            None if current == suite => {
                let (reason, name) = line.split_once(' ').ok_or_else(|| format!("`{line}` has no reason"))?;
                if expected.insert(name.to_owned(), reason.parse()?).is_some() {
                    return Err(format!("{name} is listed twice").into());
                }
            }
            None => {}
        }
    }
    Ok(expected)
}

/// Compares what failed with what should.
pub(super) fn compare(suite: &str, expected: &BTreeMap<String, Reason>, found: &BTreeMap<&str, Reason>) -> Tested {
    let mut wrong = String::new();
    for (name, reason) in found {
        match expected.get(*name) {
            Some(known) if known == reason => {}
            Some(known) => drop(writeln!(wrong, "{name} fails by `{reason}`, not `{known}`")),
            None => drop(writeln!(wrong, "{name} fails by `{reason}`: {}", words(reason))),
        }
    }
    for name in expected.keys().filter(|name| !found.contains_key(name.as_str())) {
        let _always = writeln!(wrong, "{name} passes, or isn't there any more: take it off the list");
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let draft = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("expected-{suite}.txt"));
    let lines: String = found.iter().map(|(name, reason)| format!("{reason} {name}\n")).collect();
    fs::write(&draft, format!("[{suite}]\n{lines}"))?;
    Err(format!("{wrong}the list as it would have to be is {}", draft.display()).into())
}

fn words(reason: &Reason) -> &str {
    if let Reason::Other(words) = reason { words } else { "" }
}

#[test]
fn a_difference_either_way_is_found() {
    let expected = BTreeMap::from([("a".to_owned(), Reason::Off), ("b".to_owned(), Reason::Syntax)]);
    let found = |list: &[(&'static str, Reason)]| list.iter().cloned().collect::<BTreeMap<_, _>>();
    assert!(compare("none", &expected, &found(&[("a", Reason::Off), ("b", Reason::Syntax)])).is_ok());
    assert!(compare("none", &expected, &found(&[("a", Reason::Off)])).is_err(), "one passes");
    assert!(compare("none", &expected, &found(&[("a", Reason::Off), ("b", Reason::Off)])).is_err(), "another reason");
    let more = [("a", Reason::Off), ("b", Reason::Syntax), ("c", Reason::Panic)];
    assert!(compare("none", &expected, &found(&more)).is_err(), "one more fails");
}
