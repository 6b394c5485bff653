//! Golden files: what a test shows, kept for review. `UPDATE_GOLDEN=1` writes them anew. It doesn't know what is shown.

use std::fs;
use std::path::Path;

use crate::host::Tested;

/// Compares what is shown with a file in `golden`, line by line.
pub(crate) fn assert(name: &str, shown: &str) -> Tested {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/golden").join(name);
    if is_update() {
        fs::write(&golden, shown)?;
    }
    let expected = fs::read_to_string(&golden)?;
    for (number, (line, expected)) in shown.lines().zip(expected.lines()).enumerate() {
        assert_eq!(line, expected, "line {} of {}; UPDATE_GOLDEN=1 writes it anew", number + 1, golden.display());
    }
    assert_eq!(shown.lines().count(), expected.lines().count(), "{name}:\n{shown}");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the usual way to tell a golden test to write its file")]
fn is_update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}
