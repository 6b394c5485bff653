//! The project's own guests: every agent under `examples/` and `tests/guests/` becomes a component in
//! `target/guests/components/`. Nothing happens when nothing has changed since. How a guest is compiled and packed is
//! the tool chain's business; what runs it is nobody's here.

mod fingerprint;

use std::fs;
use std::path::{Path, PathBuf};

use casemate_toolchain::{Cargo, Compilation, Compiler, Project, TARGET};

use crate::error::Error;

/// Folders whose subfolders are guests, and the workspace that each belongs to.
const ROOTS: [(&str, &str); 2] = [("examples", "."), ("tests/guests", "tests/guests")];

/// One guest. Its folder is named as its package is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guest {
    /// Name of the package and of the agent.
    pub(crate) name: String,
    /// The crate's folder.
    pub(crate) folder: PathBuf,
    /// The component, with its manifest inside.
    pub(crate) component: PathBuf,
    /// The folder of its workspace.
    workspace: &'static str,
}

/// Builds what has changed and returns all guests by name. Installs a compiler for WebAssembly if there is none.
pub(crate) fn build(workspace: &Path) -> Result<Vec<Guest>, Error> {
    let target = workspace.join("target").join("guests");
    let guests = discover(workspace, &target.join("components"))?;
    let stamp = target.join("stamp");

    if let Some(compiler) = Compiler::find(workspace)? {
        let fingerprint = fingerprint::of(workspace, &guests, compiler.id())?;
        let known = fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == fingerprint);
        if known && guests.iter().all(|guest| guest.component.is_file()) {
            return Ok(guests);
        }
    }

    let compiler = Compiler::find_or_install(workspace)?;
    // Taken before the build: what changes during it is built again next time.
    let fingerprint = fingerprint::of(workspace, &guests, compiler.id())?;
    for (_, members) in ROOTS {
        let guests: Vec<_> = guests.iter().filter(|guest| guest.workspace == members).collect();
        eprintln!("guests: building {} for {TARGET} with {}", names(&guests), compiler.name());
        build_workspace(workspace, &workspace.join(members), &target, &guests, &compiler)?;
    }
    casemate_toolchain::write(&stamp, fingerprint.as_bytes())?;
    Ok(guests)
}

/// Builds guests of one workspace. All of them have the repository as their base, and so the same flags.
fn build_workspace(
    base: &Path,
    workspace: &Path,
    target: &Path,
    guests: &[&Guest],
    compiler: &Compiler,
) -> Result<(), Error> {
    let cargo = Cargo { program: crate::cargo::program(), locked: true };
    let project = Project::read(&cargo, workspace)?;
    let packages: Vec<_> = guests.iter().map(|guest| project.package_in(&guest.folder)).collect::<Result<_, _>>()?;
    let modules = Compilation::new(&cargo, compiler, &project, base, target, &packages)?.run()?;
    for (guest, module) in guests.iter().zip(modules) {
        let manifest = casemate_toolchain::manifest(&guest.folder)?;
        let bytes = fs::read(&module).map_err(|error| Error::file("read", &module, &error))?;
        let component = casemate_toolchain::pack(&bytes, &manifest)?;
        casemate_toolchain::write(&guest.component, &component)?;
        eprintln!("guests: {} ({} KiB)", guest.component.display(), component.len().div_ceil(1024));
    }
    Ok(())
}

/// The folders below the roots that have a `Cargo.toml`, sorted.
fn discover(repository: &Path, components: &Path) -> Result<Vec<Guest>, Error> {
    let mut guests = Vec::new();
    for (root, workspace) in ROOTS {
        let root = repository.join(root);
        let Ok(entries) = fs::read_dir(&root) else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(|error| Error::file("read", &root, &error))?;
            let folder = entry.path();
            let (true, Ok(name)) = (folder.join("Cargo.toml").is_file(), entry.file_name().into_string()) else {
                continue;
            };
            guests.push(Guest { component: components.join(format!("{name}.wasm")), name, folder, workspace });
        }
    }
    guests.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(guests)
}

/// The guests' names in one line.
fn names(guests: &[&Guest]) -> String {
    guests.iter().map(|guest| guest.name.as_str()).collect::<Vec<_>>().join(", ")
}
