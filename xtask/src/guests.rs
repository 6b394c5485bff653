//! Builds the guests: every agent under `examples/` and `tests/guests/` becomes a component in
//! `target/guests/components/`. Nothing happens when nothing has changed since. It knows how a guest is compiled
//! and packed, and nothing of what runs it.

mod cargo;
mod component;
mod debian;
mod fingerprint;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

use toolchain::Toolchain;

/// Folders whose subfolders are guests.
const ROOTS: [&str; 2] = ["examples", "tests/guests"];

/// One guest. Its folder is named as its package is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guest {
    /// Name of the package and of the agent.
    pub(crate) name: String,
    /// The crate's folder.
    pub(crate) folder: PathBuf,
    /// The component, with its manifest inside.
    pub(crate) component: PathBuf,
}

/// Builds what has changed and returns all guests by name. Installs a compiler for WebAssembly if there is none.
pub(crate) fn build(workspace: &Path) -> Result<Vec<Guest>, Error> {
    let target = workspace.join("target").join("guests");
    let guests = discover(workspace, &target.join("components"))?;
    let stamp = target.join("stamp");

    if let Some(toolchain) = Toolchain::find()? {
        let fingerprint = fingerprint::of(workspace, &guests, toolchain.id())?;
        let known = fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == fingerprint);
        if known && guests.iter().all(|guest| guest.component.is_file()) {
            return Ok(guests);
        }
    }

    let toolchain = Toolchain::find_or_install()?;
    // Taken before the build: what changes during it is built again next time.
    let fingerprint = fingerprint::of(workspace, &guests, toolchain.id())?;
    eprintln!("guests: building {} for {} with {}", names(&guests), toolchain::TARGET, toolchain.name());
    let modules = cargo::compile(workspace, &target, &guests, &toolchain)?;
    for (guest, module) in guests.iter().zip(modules) {
        let bytes = component::pack(guest, &module)?;
        component::write(&guest.component, &bytes)?;
        eprintln!("guests: {} ({} KiB)", guest.component.display(), bytes.len().div_ceil(1024));
    }
    component::write(&stamp, fingerprint.as_bytes())?;
    Ok(guests)
}

/// The folders below the roots that have a `Cargo.toml`, sorted.
fn discover(workspace: &Path, components: &Path) -> Result<Vec<Guest>, Error> {
    let mut guests = Vec::new();
    for root in ROOTS {
        let root = workspace.join(root);
        let Ok(entries) = fs::read_dir(&root) else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(|error| Error::file("read", &root, &error))?;
            let folder = entry.path();
            let (true, Ok(name)) = (folder.join("Cargo.toml").is_file(), entry.file_name().into_string()) else {
                continue;
            };
            guests.push(Guest { component: components.join(format!("{name}.wasm")), name, folder });
        }
    }
    guests.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(guests)
}

/// The guests' names in one line.
fn names(guests: &[Guest]) -> String {
    guests.iter().map(|guest| guest.name.as_str()).collect::<Vec<_>>().join(", ")
}
