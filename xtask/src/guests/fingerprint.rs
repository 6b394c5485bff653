//! Whether anything changed since the last build: a hash over everything that goes into the guests.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Error, Guest};

/// What goes into every guest, besides its own folder. The recipe is one of the ingredients.
const SHARED: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "abi",
    "guest-sdk",
    "toolchain/src",
    "tests/guests/Cargo.toml",
    "tests/guests/Cargo.lock",
];

/// The fingerprint of the guests as they are now, in hexadecimal.
pub(super) fn of(workspace: &Path, guests: &[Guest], toolchain: &str) -> Result<String, Error> {
    let mut hash = Sha256::new();
    field(&mut hash, toolchain.as_bytes());
    let shared = SHARED.iter().map(|path| workspace.join(path));
    let own = guests.iter().map(|guest| guest.folder.clone());
    let mut files = Vec::new();
    for path in shared.chain(own) {
        collect(path, &mut files)?;
    }
    files.sort();
    for file in files {
        let bytes = fs::read(&file).map_err(|error| Error::file("read", &file, &error))?;
        let name = file.strip_prefix(workspace).unwrap_or(&file);
        field(&mut hash, name.as_os_str().as_encoded_bytes());
        field(&mut hash, &bytes);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Adds a field with its length, so that no two lists of fields run together.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// The files at and below a path, without build output and hidden files.
fn collect(path: PathBuf, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    let unreadable = |error| Error::file("read", &path, &error);
    for entry in fs::read_dir(&path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        if name != "target" && !name.as_encoded_bytes().starts_with(b".") {
            collect(entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{field, of};
    use sha2::{Digest, Sha256};
    use std::path::Path;

    #[test]
    fn fields_do_not_run_together() {
        let hash = |fields: [&str; 2]| {
            let mut hash = Sha256::new();
            fields.iter().for_each(|bytes| field(&mut hash, bytes.as_bytes()));
            hash.finalize()
        };
        assert_ne!(hash(["ab", "c"]), hash(["a", "bc"]));
    }

    #[test]
    fn it_depends_on_the_toolchain_and_says_which_file_is_missing() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let one = of(&workspace, &[], "one").map_err(|error| error.to_string());
        assert_eq!(one, of(&workspace, &[], "one").map_err(|error| error.to_string()));
        assert_ne!(one, of(&workspace, &[], "other").map_err(|error| error.to_string()));

        let missing = of(Path::new("/nowhere"), &[], "one").map_err(|error| error.to_string());
        let expected = "can't read /nowhere/Cargo.lock: No such file or directory (os error 2)";
        assert_eq!(missing, Err(expected.to_owned()));
    }
}
