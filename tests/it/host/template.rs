//! A data directory that was initialised and seeded once for this build of the program, to be copied by every test.
//! It doesn't know what the tests do with their copies.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use super::place::{example, program};
use super::{Tested, left_over};
use crate::said::Said;

/// Copies the template, owners and all: under root, Postgres's files belong to another user.
pub(super) fn copy_to(data: &Path) -> Tested {
    let template = made()?;
    let copied = Command::new("cp").arg("-a").arg(&template).arg(data).status()?;
    if copied.success() { Ok(()) } else { Err(format!("{} can't be copied", template.display()).into()) }
}

/// The template, made by whichever test comes first; the others wait for it.
fn made() -> Tested<PathBuf> {
    let room = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(room.join("template.lock"))?;
    lock.lock()?;
    let template = room.join(format!("template-{}", stamp()?));
    if !template.exists() {
        remove_old(room)?;
        let draft = room.join("template-draft");
        if draft.exists() {
            left_over::stop(&draft);
            fs::remove_dir_all(&draft)?;
        }
        for words in
            [&["tenant", "add", "acme"][..], &["tenant", "add", "globex"], &["db", "apply", &example("seed.sql")]]
        {
            Said::of(Command::new(program()?).args(words).arg("--data").arg(&draft).args(["--format", "json"]))?
                .expect(0)?;
        }
        fs::rename(&draft, &template)?;
    }
    Ok(template)
}

/// When the program was built and the seed was written: another one makes another template.
fn stamp() -> Tested<String> {
    let mut stamp = String::new();
    for path in [program()?, PathBuf::from(example("seed.sql"))] {
        let modified = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH)?;
        stamp.push_str(&format!("{:x}", modified.as_nanos()));
    }
    Ok(stamp)
}

fn remove_old(room: &Path) -> Tested {
    for entry in fs::read_dir(room)? {
        let entry = entry?;
        let is_old = entry.file_name().to_string_lossy().starts_with("template-") && entry.path().is_dir();
        // A test of an earlier build may be copying it; then it goes next time.
        if is_old && entry.file_name() != "template-draft" {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
    Ok(())
}
