//! The repository's text files, as Git sees them; where there is no Git, everything but build output and hidden files.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// Cargo starts tests in their package's folder.
const ROOT: &str = "..";

/// A file that is, or is about to be, committed.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Relative to the repository, with `/`.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}

impl File {
    /// A file that only a test knows.
    pub(crate) fn planted(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is at or below a module, or below a folder: `a/b` has `a/b.rs` and `a/b/c.rs`.
    pub(crate) fn is_under(&self, place: &str) -> bool {
        let rest = self.path.strip_prefix(place);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

/// All text files. What is not UTF-8 is no text.
pub(crate) fn files() -> io::Result<Vec<File>> {
    let root = Path::new(ROOT);
    let mut paths = listed(root).map_or_else(|| walked(root), Ok)?;
    paths.sort();
    let read = |path: String| Some(File { text: fs::read_to_string(root.join(&path)).ok()?, path });
    Ok(paths.into_iter().filter_map(read).collect())
}

/// What Git tracks or would add.
fn listed(root: &Path) -> Option<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn walked(root: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            match entry.file_type()?.is_dir() {
                true if name == "target" || name == ".git" => {}
                true => folders.push(path),
                false => paths.push(path),
            }
        }
    }
    Ok(paths)
}

#[test]
fn both_ways_find_this_file() -> io::Result<()> {
    let this = "tests/tidy/tree.rs".to_owned();
    assert!(walked(Path::new(ROOT))?.contains(&this));
    assert!(files()?.iter().any(|file| file.path == this));
    Ok(())
}

#[test]
fn a_module_is_its_file_and_its_folder() {
    let is_under = |path| File::planted(path, "").is_under("src/cli");
    assert!(is_under("src/cli.rs") && is_under("src/cli/run.rs"));
    assert!(!is_under("src/client.rs") && !is_under("other/src/cli.rs"));
}
