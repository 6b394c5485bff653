//! What Cargo knows of an agent's project: its packages, where their output goes, and where the sources of everything
//! that they depend on are. It doesn't know how they are compiled.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cargo_metadata::{CrateType, Metadata, MetadataCommand};

use crate::compiler::TARGET;
use crate::error::ToolchainError;

/// How Cargo is called.
#[derive(Debug, Clone)]
pub struct Cargo {
    /// The program.
    pub program: OsString,
    /// Whether it must use the lock file as it is.
    pub locked: bool,
}

impl Default for Cargo {
    fn default() -> Self {
        Self { program: "cargo".into(), locked: false }
    }
}

/// A Cargo workspace, or a package that is its own.
#[derive(Debug)]
pub struct Project {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// Where Cargo puts what it builds.
    pub target: PathBuf,
    /// Its packages.
    pub packages: Vec<Package>,
    // Sources outside the root, and their names in the agents' messages.
    pub(crate) outside: BTreeSet<(PathBuf, String)>,
}

/// One package of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    // The file name of its module, if it is a library of the right kind.
    pub(crate) module: Option<String>,
}

impl Project {
    /// Reads the project in a folder. Cargo fetches what it depends on and says so on standard error.
    ///
    /// # Errors
    /// [`ToolchainError`] when there is none or Cargo can't read it.
    pub fn read(cargo: &Cargo, folder: &Path) -> Result<Self, ToolchainError> {
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(ToolchainError::NoPackage(folder.to_owned()));
        }
        let mut command = MetadataCommand::new();
        command.cargo_path(&cargo.program).current_dir(folder);
        command.other_options(["--filter-platform", TARGET].map(str::to_owned));
        let mut command = command.cargo_command();
        if cargo.locked {
            command.arg("--locked");
        }
        command.stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().map_err(|cause| ToolchainError::start(&command, cause))?;
        if !output.status.success() {
            return Err(ToolchainError::Project(manifest, format!("`cargo metadata`: {}", output.status).into()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let metadata =
            MetadataCommand::parse(&*text).map_err(|cause| ToolchainError::Project(manifest, cause.into()))?;
        Ok(Self::from_metadata(&metadata))
    }

    /// The package in a folder.
    ///
    /// # Errors
    /// [`ToolchainError::NoPackage`] when the folder is that of a workspace only.
    pub fn package_in(&self, folder: &Path) -> Result<&Package, ToolchainError> {
        let wanted = folder.canonicalize().map_err(ToolchainError::file("read", folder))?;
        let found = self.packages.iter().find(|package| package.folder.canonicalize().is_ok_and(|is| is == wanted));
        found.ok_or_else(|| ToolchainError::NoPackage(folder.to_owned()))
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        let root = metadata.workspace_root.as_std_path();
        let members: BTreeSet<_> = metadata.workspace_members.iter().collect();
        let mut packages = Vec::new();
        let mut outside = BTreeSet::new();
        for package in &metadata.packages {
            let Some(folder) = package.manifest_path.parent() else { continue };
            let folder = folder.as_std_path();
            if members.contains(&package.id) {
                let is_agent = |target: &&cargo_metadata::Target| target.crate_types.contains(&CrateType::CDyLib);
                let library = package.targets.iter().find(is_agent);
                let module = library.map(|library| format!("{}.wasm", library.name.replace('-', "_")));
                packages.push(Package { name: package.name.to_string(), folder: folder.to_owned(), module });
            } else if package.source.as_ref().is_some_and(|source| source.repr.contains("registry+")) {
                // All crates of a registry have one folder, which is not the same on every machine.
                outside.extend(folder.parent().map(|registry| (registry.to_owned(), "/registry".to_owned())));
            } else if !folder.starts_with(root) {
                outside.insert((folder.to_owned(), format!("/crates/{}", package.name)));
            }
        }
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        Self { root: root.to_owned(), target: metadata.target_directory.clone().into(), packages, outside }
    }
}
