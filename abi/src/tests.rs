//! The catalogue is a promise: what was published stays as it is. `UPDATE_GOLDEN=1` writes the tables anew; a line of
//! them may be added, never changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::{Code, ENTRIES, Entry, Kind};

/// What every entry says, for those who rely on it.
fn published() -> String {
    ENTRIES.iter().fold(String::new(), |mut table, entry| {
        let Entry { number, name, kind, status, title, cause, remedy, .. } = entry;
        let _written =
            write!(table, "{number} {name} {} {status}\n    {title}\n    {cause}\n    {remedy}\n", kind.name());
        table
    })
}

/// The page for people.
fn page() -> String {
    let mut page = String::from(concat!(
        "# Refusals and problems\n\n",
        "Made from `abi/catalogue.in` by a test; don't edit it here.\n\n",
        "Numbers and names are stable. A refusal may be read by an agent; a problem is for operators and callers of the\n",
        "API. What only the operator may know, such as the words of Postgres or a path, stands in neither. The problem\n",
        "type of RFC 9457 is `urn:casemate:problem:` and the name. `casemate errors NAME` prints one entry.\n",
    ));
    for kind in [Kind::Refusal, Kind::Problem] {
        let heading = if kind == Kind::Refusal { "Refusals" } else { "Problems" };
        let head = "| number | name | HTTP | what happened | why | what to do |\n| --- | --- | --- | --- | --- | --- |";
        let _written = write!(page, "\n## {heading}\n\n{head}\n");
        for Entry { number, name, status, title, cause, remedy, .. } in ENTRIES.iter().filter(|e| e.kind == kind) {
            let _written = writeln!(page, "| {number} | `{name}` | {status} | {title} | {cause} | {remedy} |");
        }
    }
    page
}

#[expect(clippy::disallowed_methods, reason = "the usual way to tell a golden test to write its file")]
fn compare(path: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, made).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    let differs = made.lines().zip(golden.lines()).find(|(made, golden)| made != golden);
    assert_eq!(differs, None, "{}: UPDATE_GOLDEN=1 writes it anew", path.display());
    assert_eq!(made.len(), golden.len(), "{}: UPDATE_GOLDEN=1 writes it anew", path.display());
}

#[test]
fn entries_are_as_published() {
    compare("catalogue.txt", &published());
}

#[test]
fn the_page_is_current() {
    compare("../docs/errors.md", &page());
}

#[test]
fn every_number_leads_back_to_its_code() {
    for code in Code::ALL {
        assert_eq!(Code::from_number(*code as u16), Some(*code));
        assert_eq!(Entry::numbered(*code as u16), Some(code.entry()));
    }
    assert_eq!(Code::from_number(0), None);
    assert_eq!(Code::from_number(1001), None);
}

#[test]
fn numbers_rise_and_names_are_unique() {
    assert!(ENTRIES.is_sorted_by(|one, next| one.number < next.number));
    let names: BTreeSet<_> = ENTRIES.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), ENTRIES.len());
}

/// A block has one first word, so that a name says where its number is, and the other way round.
#[test]
fn a_block_of_problems_has_one_first_word() {
    let word = |entry: &Entry| entry.name.split('-').next().unwrap_or_default().to_owned();
    let problems = || ENTRIES.iter().filter(|entry| entry.kind == Kind::Problem);
    let blocks: BTreeSet<_> = problems().map(|entry| (entry.number / 100, word(entry))).collect();
    let numbers: BTreeSet<_> = problems().map(|entry| entry.number / 100).collect();
    let words: BTreeSet<_> = problems().map(word).collect();
    assert_eq!((blocks.len(), blocks.len()), (numbers.len(), words.len()), "{blocks:?}");
}

/// Words that are the same for everybody can hold nothing of a tenant's or of a machine's.
#[test]
fn entries_are_well_formed() {
    for Entry { number, name, kind, status, title, cause, remedy, uri } in ENTRIES {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && name.contains('-'), "{name}");
        assert_eq!(*uri, format!("urn:casemate:problem:{name}"));
        assert!(matches!(status, 400..=599), "{name}: {status}");
        assert_eq!(*kind == Kind::Refusal, *number < 1000, "{name}");
        assert!(title.starts_with(char::is_uppercase) && !title.ends_with('.'), "{name}: {title}");
        assert!(cause.ends_with('.'), "{name}: {cause}");
        assert!(!remedy.is_empty() && !remedy.ends_with('.'), "{name}: {remedy}");
        for words in [title, cause, remedy] {
            assert!(!words.contains(['{', '}', '|', '\n']), "{name}: {words}");
        }
    }
}
