//! Builds the Python guest: `componentize-py` from PyPI, pinned by its hash, in a virtual environment under `target`,
//! makes components of `tests/python`, with WASI's imports and with stubs in their place. Nothing happens when nothing
//! has changed since. It knows nothing of what the guest does.

use std::fs;
use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::venv::{Venv, run};

const TOOL_CHAIN: Venv = Venv { folder: "python", contents: "Python's tool chain", requirements: REQUIREMENTS };

/// What pip installs and accepts, by the wheels' own digests.
const REQUIREMENTS: &str = "\
componentize-py==0.25.1 \\
    --hash=sha256:8623cd8cab8453cb0cd8bf03f3c7103420d06f2f3d360186a280a70a1ca5e89f \\
    --hash=sha256:7b6a87c520358166843af0daa86d2312d7af4cbcbbf1e598951085cf7f2991ca
";

/// The components, and what tells the tool to make each.
const COMPONENTS: [(&str, &[&str]); 2] = [("python", &[]), ("python-stub", &["--stub-wasi"])];

/// What the guest is made of.
const SOURCES: [&str; 3] = ["tests/python/app.py", "tests/python/casemate.toml", "abi/wit/agent.wit"];

/// Builds the components if they are not there or not of these sources.
pub(crate) fn build(workspace: &Path) -> Result<(), Error> {
    let components = workspace.join("target/guests/components");
    let paths = COMPONENTS.map(|(name, _)| components.join(format!("{name}.wasm")));
    let stamp = workspace.join("target/guests/python-stamp");
    let fingerprint = fingerprint(workspace)?;
    let known = fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == fingerprint);
    if known && paths.iter().all(|path| path.is_file()) {
        return Ok(());
    }
    let tool = TOOL_CHAIN.ensure(workspace)?.join("bin/componentize-py");
    let room = workspace.join("target/guests/python");
    make_folder(&room)?;
    // A copy, so that the interpreter's own files don't land among the sources.
    let app = room.join("app.py");
    fs::copy(workspace.join("tests/python/app.py"), &app).map_err(|error| Error::file("write", &app, &error))?;
    make_folder(&components)?;
    for ((name, options), path) in COMPONENTS.iter().zip(&paths) {
        let made = room.join(format!("{name}.wasm"));
        let mut command = Command::new(&tool);
        command.arg("-d").arg(workspace.join("abi/wit")).args(["-w", "agent", "componentize"]).args(*options);
        command.arg("-p").arg(&room).arg("-o").arg(&made).arg("app").current_dir(&room);
        // It would take the packages of the caller's own environment along.
        command.env_remove("VIRTUAL_ENV");
        run(&format!("guests: making {name}.wasm with componentize-py"), &mut command)?;
        pack(workspace, &made, path)?;
    }
    fs::write(&stamp, fingerprint).map_err(|error| Error::file("write", &stamp, &error))
}

/// Puts the manifest into a component, in one step onto the disk.
fn pack(workspace: &Path, made: &Path, path: &Path) -> Result<(), Error> {
    let manifest = casemate_toolchain::manifest(&workspace.join("tests/python"))?;
    let mut component = read(made)?;
    casemate_toolchain::append_manifest(&mut component, &manifest);
    casemate_toolchain::write(path, &component)?;
    eprintln!("guests: {} ({} KiB)", path.display(), component.len().div_ceil(1024));
    Ok(())
}

/// The fingerprint of everything that goes in.
fn fingerprint(workspace: &Path) -> Result<String, Error> {
    let mut hash = Sha256::new();
    hash.update(REQUIREMENTS);
    for source in SOURCES {
        let bytes = read(&workspace.join(source))?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::file("read", path, &error))
}

fn make_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|error| Error::file("make", path, &error))
}

#[cfg(test)]
mod tests {
    use super::{REQUIREMENTS, SOURCES, fingerprint};
    use std::path::Path;

    #[test]
    fn what_is_installed_is_pinned_by_version_and_digest() {
        assert!(REQUIREMENTS.starts_with("componentize-py==0.25.1 "));
        assert_eq!(REQUIREMENTS.matches("--hash=sha256:").count(), 2, "one for each processor");
    }

    #[test]
    fn the_fingerprint_says_which_source_is_missing() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        assert!(fingerprint(&workspace).is_ok_and(|fingerprint| fingerprint.len() == 64));
        let missing = fingerprint(Path::new("/nowhere")).map_err(|error| error.to_string());
        assert!(missing.is_err_and(|error| error.contains(SOURCES[0])));
    }
}
