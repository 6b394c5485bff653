//! How a file looks: it says what it is for, and is short enough to be read at once. A name says what is inside, which
//! `util` does not.

use super::tree::{File, files};
use super::violation::{Violation, assert_none};

const LONGEST: usize = 500;
const MEDIAN: usize = 150;
const NAMES: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];

fn headers(files: &[File]) -> Vec<Violation> {
    let bare = files.iter().filter(|file| file.is_rust() && !file.text.starts_with("//!"));
    bare.map(|file| Violation::at(&file.path, 1, "opens without `//!`, which says what it is for")).collect()
}

fn lengths(files: &[File]) -> Vec<Violation> {
    let lengths = files.iter().filter(|file| file.is_rust()).map(|file| (file, file.text.lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > LONGEST);
    long.map(|(file, lines)| Violation::of(&file.path, format!("{lines} lines; {LONGEST} is the most"))).collect()
}

/// The median of files that are not tests, and a violation if it is too large.
fn median(files: &[File]) -> (usize, Option<Violation>) {
    let sources = files.iter().filter(|file| file.is_rust() && !is_test(&file.path));
    let mut lengths: Vec<usize> = sources.map(|file| file.text.lines().count()).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let message = || format!("the median is {median} lines; {MEDIAN} is the most");
    (median, (median > MEDIAN).then(|| Violation::of("all files", message())))
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || ["/tests/", "/tests.rs", "/benches/"].iter().any(|part| path.contains(part))
}

fn names(files: &[File]) -> Vec<Violation> {
    let is_vague = |path: &str| {
        let mut parts = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        parts.any(|part| NAMES.contains(&part))
    };
    let vague = files.iter().filter(|file| is_vague(&file.path));
    vague.map(|file| Violation::of(&file.path, "its name does not say what is inside")).collect()
}

#[test]
fn files_say_what_they_are_for() -> std::io::Result<()> {
    assert_none(&headers(&files()?));
    Ok(())
}

#[test]
fn files_are_short() -> std::io::Result<()> {
    let files = files()?;
    let (median, violation) = median(&files);
    println!("median length of a file: {median} lines");
    assert_none(&lengths(&files).into_iter().chain(violation).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn names_are_names() -> std::io::Result<()> {
    assert_none(&names(&files()?));
    Ok(())
}

#[test]
fn planted_shapes_are_found() {
    let bare = File::planted("host/gate/src/a.rs", "use std::fmt;\n//! Too late.\n");
    assert_eq!(headers(&[bare]).len(), 1);
    assert_none(&headers(&[File::planted("a.rs", "//! A.\n"), File::planted("a.md", "A\n")]));

    let lines = |count: usize| File::planted("a.rs", &"//\n".repeat(count));
    assert_eq!(lengths(&[lines(500), lines(501)]).len(), 1);
    assert!(matches!(median(&[lines(10), lines(151), lines(152)]), (151, Some(_))));
    assert!(matches!(median(&[lines(10), lines(150), lines(152)]), (150, None)));
    let long_test = File::planted("tests/it/a.rs", &"//\n".repeat(400));
    assert!(matches!(median(&[lines(10), long_test]), (10, None)));

    let vague = ["host/gate/src/utils.rs", "tests/it/common/mod.rs", "docs/misc.md"];
    assert_eq!(names(&vague.map(|path| File::planted(path, ""))).len(), 3);
    assert_none(&names(&[File::planted("host/gate/src/utility.rs", "")]));
}
