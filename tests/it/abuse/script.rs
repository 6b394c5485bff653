//! A guest's file: its head of comments, which says the attack and the verdict, and its text. A line that is not
//! understood is an error, so that no expectation is passed over. It doesn't know what the verdicts mean.

use std::fs;
use std::path::{Path, PathBuf};

use crate::host::Tested;

/// What has to happen to a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not admitted, by this code.
    Admission(String),
    /// Its run ends by this refusal.
    Refused(u16, String),
    /// Its run ends with a result.
    Done,
    /// Its run waits longer than anybody would.
    Parked,
}

/// A guest as it is written.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    /// The file's name without its ending.
    pub(super) name: String,
    /// The attack, in words.
    pub(super) attack: String,
    pub(super) verdict: Verdict,
    /// What the message has to say, in small letters.
    pub(super) says: Vec<String>,
    /// The result document, where it matters.
    pub(super) result: Option<serde_json::Value>,
    /// Tools in its manifest and policy.
    pub(super) grants: Vec<String>,
    /// Limits that are not the usual ones.
    pub(super) budget: Vec<(String, u64)>,
    /// What the ledger has of its run.
    pub(super) rows: String,
    /// Whether the manifest is put in.
    pub(super) manifest: bool,
    /// The component's text.
    pub(super) text: String,
}

/// Where guests are.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/wat")
}

/// Every guest, by name.
pub(super) fn all() -> Tested<Vec<Guest>> {
    let mut guests = Vec::new();
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "wat") {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            guests.push(parse(&name, &fs::read_to_string(&path)?)?);
        }
    }
    guests.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(guests)
}

/// The guest of this name.
pub(super) fn named(name: &str) -> Tested<Guest> {
    parse(name, &fs::read_to_string(folder().join(format!("{name}.wat")))?)
}

/// Parses a file.
pub(super) fn parse(name: &str, text: &str) -> Tested<Guest> {
    let wrong = |what: &str| format!("{name}.wat: {what}");
    let (head, _) = text.split_once("\n\n").ok_or_else(|| wrong("no empty line ends its head"))?;
    let mut guest = Guest {
        name: name.to_owned(),
        attack: String::new(),
        verdict: Verdict::Done,
        says: Vec::new(),
        result: None,
        grants: Vec::new(),
        budget: Vec::new(),
        rows: String::new(),
        manifest: true,
        text: text.to_owned(),
    };
    let mut verdicts = 0;
    for line in head.lines() {
        let line = line.strip_prefix(";; ").ok_or_else(|| wrong(&format!("`{line}` in its head")))?;
        let (key, value) = line.split_once(": ").unwrap_or(("", line));
        match key {
            "Attack" => guest.attack = value.to_owned(),
            "verdict" | "admission" => {
                verdicts += 1;
                guest.verdict = verdict(key, value).ok_or_else(|| wrong(&format!("the verdict `{value}`")))?;
            }
            "says" => guest.says = value.split(", ").map(str::to_lowercase).collect(),
            "result" => guest.result = Some(serde_json::from_str(value)?),
            "grants" => guest.grants = value.split(' ').map(str::to_owned).collect(),
            "budget" => guest.budget = value.split(' ').map(limit).collect::<Tested<_>>()?,
            "rows" => value.clone_into(&mut guest.rows),
            "manifest" if value == "none" => guest.manifest = false,
            // The attack's second line and those after it.
            _ if verdicts == 0 && guest.grants.is_empty() && guest.budget.is_empty() => {
                guest.attack.push(' ');
                guest.attack.push_str(line);
            }
            _ => return Err(wrong(&format!("`{line}` in its head")).into()),
        }
    }
    let is_run = !matches!(guest.verdict, Verdict::Admission(_));
    if verdicts != 1 || guest.attack.is_empty() || is_run == guest.rows.is_empty() {
        return Err(wrong("it needs an attack, one verdict, and rows if it runs").into());
    }
    if guest.says.is_empty() && !matches!(guest.verdict, Verdict::Done | Verdict::Parked) {
        return Err(wrong("what the message says is missing").into());
    }
    Ok(guest)
}

fn verdict(key: &str, value: &str) -> Option<Verdict> {
    match (key, value) {
        ("admission", code) => Some(Verdict::Admission(code.to_owned())),
        (_, "done") => Some(Verdict::Done),
        (_, "parked") => Some(Verdict::Parked),
        (_, refused) => {
            let (number, name) = refused.split_once(' ')?;
            Some(Verdict::Refused(number.parse().ok()?, name.to_owned()))
        }
    }
}

fn limit(text: &str) -> Tested<(String, u64)> {
    let (name, limit) = text.split_once('=').ok_or_else(|| format!("the limit `{text}`"))?;
    Ok((name.to_owned(), limit.parse()?))
}

#[test]
fn a_head_that_leaves_something_open_is_found() {
    let fine = ";; Attack: waits.\n;; And waits.\n;; verdict: done\n;; rows: open, end 0\n\n(component)";
    assert_eq!(parse("a", fine).unwrap().attack, "waits. And waits.");
    for (from, to) in [
        (";; verdict: done\n", ""),
        (";; rows: open, end 0\n", ""),
        (";; Attack: waits.\n;; And waits.\n", ""),
        ("verdict: done", "verdict: 999"),
        ("verdict: done", "verdict: 302 budget-fuel"),
        ("rows", "row"),
        ("\n\n", "\n"),
    ] {
        assert!(parse("a", &fine.replace(from, to)).is_err(), "{from}");
    }
}
