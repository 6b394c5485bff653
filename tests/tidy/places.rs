//! The repository works on every machine: no file names a place or a registry of one.

use super::tree::{File, files};
use super::violation::{Violation, assert_none};

/// Folders of somebody's machine. Each in two parts, so that this file does not break its own rule.
const FOLDERS: [&str; 4] =
    [concat!("/ro", "ot/"), concat!("/wo", "rk/main"), concat!("/wo", "rk/shared"), concat!("/wo", "rk/.")];

const HOME: &str = concat!("/ho", "me/");

/// Nobody's names, for documentation.
const PLACEHOLDERS: [&str; 2] = ["user", "you"];

/// Words that only a mirror's settings have.
const MIRRORS: [&str; 5] = [
    concat!("arti", "factory"),
    concat!("replace", "-with"),
    concat!("sparse", "+http"),
    concat!("index", "-url"),
    concat!("GO", "PROXY"),
];

const LOCK: &str = "Cargo.lock";
/// How the source of a crate from the public index ends.
const PUBLIC_INDEX: &str = r#"/crates.io-index""#;

fn places(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files {
        for (line, text) in (1..).zip(file.text.lines()) {
            let named = place(text).or_else(|| MIRRORS.into_iter().find(|word| text.contains(word)));
            violations.extend(
                named.map(|place| Violation::at(&file.path, line, format!("`{place}` is a place of one machine"))),
            );
            if file.path.ends_with(LOCK) && text.starts_with("source") && !text.ends_with(PUBLIC_INDEX) {
                violations.push(Violation::at(&file.path, line, format!("{text}: not from the public index")));
            }
        }
    }
    violations
}

/// The folder of somebody's machine that a line names.
fn place(text: &str) -> Option<&'static str> {
    let folder = FOLDERS.into_iter().find(|folder| starts(text, folder).next().is_some());
    folder.or_else(|| starts(text, HOME).any(is_somebody).then_some(HOME))
}

/// What follows each occurrence that is the start of a path.
fn starts<'a>(text: &'a str, folder: &'a str) -> impl Iterator<Item = &'a str> {
    let is_inside = |before: char| before.is_alphanumeric() || "_-./})>".contains(before);
    text.match_indices(folder).filter_map(move |(start, _)| {
        let before = text.get(..start)?.chars().next_back();
        (!before.is_some_and(is_inside)).then(|| text.get(start + folder.len()..)).flatten()
    })
}

fn is_somebody(rest: &str) -> bool {
    let end = rest.find(|c: char| !c.is_alphanumeric() && !"_-.".contains(c)).unwrap_or(rest.len());
    rest.get(..end).is_some_and(|name| !name.is_empty() && !PLACEHOLDERS.contains(&name))
}

#[test]
fn no_machine_is_named() -> std::io::Result<()> {
    assert_none(&places(&files()?));
    Ok(())
}

#[test]
fn planted_places_are_found() {
    let folders = FOLDERS.map(|folder| format!("see {folder}x"));
    let homes = [format!("`{HOME}ann/a`"), format!("--data={HOME}b")];
    for text in folders.iter().chain(&homes) {
        assert_eq!(places(&[File::planted("docs/a.md", text)]).len(), 1, "{text}");
    }
    let mirror = File::planted(".cargo/config.toml", &MIRRORS.map(|word| format!("x = {word}s://m\n")).concat());
    assert_eq!(places(&[mirror]).len(), MIRRORS.len());
    let lock = File::planted(
        LOCK,
        &format!("source = \"registry+https://index.example{PUBLIC_INDEX}\nsource = \"git+https://example.com\"\n"),
    );
    assert_eq!(places(&[lock]).len(), 1);

    let fine = [format!("{HOME}user/data"), format!("{HOME}<name>/"), format!("a{}", concat!("/ro", "ot/"))];
    assert_none(&places(&fine.map(|text| File::planted("docs/a.md", &text))));
}
