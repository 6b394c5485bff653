//! Compiles agents to core modules, with one profile and flags that keep the machine's paths out of the modules, so
//! that the same sources give the same bytes in every folder. It doesn't know what becomes of the modules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::compiler::{Compiler, TARGET};
use crate::debian;
use crate::error::ToolchainError;
use crate::project::{Cargo, Package, Project};

/// Between flags in `CARGO_ENCODED_RUSTFLAGS`, so that paths may contain spaces.
const SEPARATOR: &str = "\x1f";

/// The profile's name, which is also that of a folder in Cargo's output.
const PROFILE: &str = "guest";

/// What every agent is built with: small, since the host compiles it on first use. Function names stay, for the
/// backtraces of traps. Settings on the command line win over those of any file.
const SETTINGS: [&str; 9] = [
    "inherits=\"release\"",
    "opt-level=\"s\"",
    "lto=true",
    "codegen-units=1",
    "panic=\"abort\"",
    "strip=\"debuginfo\"",
    "debug=false",
    "debug-assertions=false",
    "overflow-checks=false",
];

/// Variables of the caller that would change the bytes.
const FOREIGN: [&str; 4] = ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET"];

/// Agents that are ready to be compiled, in one call of Cargo.
#[derive(Debug)]
pub struct Compilation {
    command: Command,
    modules: Modules,
}

/// The modules that a call of Cargo makes.
#[derive(Debug)]
pub struct Modules {
    names: String,
    paths: Vec<PathBuf>,
}

impl Compilation {
    /// Compiles packages of a project into a folder of Cargo's. All sources below `base` have names relative to it.
    ///
    /// # Errors
    /// [`ToolchainError::NotLibrary`] for a package that can't be an agent.
    pub fn new(
        cargo: &Cargo,
        compiler: &Compiler,
        project: &Project,
        base: &Path,
        target: &Path,
        packages: &[&Package],
    ) -> Result<Self, ToolchainError> {
        let folder = target.join(TARGET).join(PROFILE);
        let mut command = Command::new(&cargo.program);
        command.current_dir(&project.root).args(["build", "--lib", "--profile", PROFILE, "--target", TARGET]);
        command.arg("--target-dir").arg(target);
        if cargo.locked {
            command.arg("--locked");
        }
        for setting in SETTINGS {
            command.arg("--config").arg(format!("profile.{PROFILE}.{setting}"));
        }
        let mut paths = Vec::new();
        for package in packages {
            let Some(module) = &package.module else {
                return Err(ToolchainError::NotLibrary(package.folder.join("Cargo.toml")));
            };
            command.args(["--package", &package.name]);
            paths.push(folder.join(module));
        }
        FOREIGN.iter().for_each(|variable| {
            command.env_remove(variable);
        });
        // The caller's flags are for the host's programs; Cargo hands these ones to the target's crates only.
        command.env("CARGO_ENCODED_RUSTFLAGS", flags(compiler, project, base, target)).env("CARGO_INCREMENTAL", "0");
        if compiler.is_debian() {
            command.args(["-Z", "build-std=std,panic_abort"]);
            command.env("RUSTC", debian::RUSTC).env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", debian::LINKER);
        }
        let names = packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(", ");
        Ok(Self { command, modules: Modules { names, paths } })
    }

    /// Runs Cargo to its end. It says on standard error what it does.
    ///
    /// # Errors
    /// [`ToolchainError`] when it can't be started or the sources don't compile.
    pub fn run(self) -> Result<Vec<PathBuf>, ToolchainError> {
        let (mut command, modules) = self.into_parts();
        let status = command.status().map_err(|cause| ToolchainError::start(&command, cause))?;
        modules.after(status)
    }

    /// For a caller that waits in another way: the command, and what it makes.
    #[must_use]
    pub fn into_parts(self) -> (Command, Modules) {
        (self.command, self.modules)
    }
}

impl Modules {
    /// The modules' paths in the order of the packages, if Cargo ended well.
    ///
    /// # Errors
    /// [`ToolchainError::Sources`] otherwise.
    pub fn after(self, status: ExitStatus) -> Result<Vec<PathBuf>, ToolchainError> {
        if status.success() { Ok(self.paths) } else { Err(ToolchainError::Sources(self.names)) }
    }
}

/// The compiler's flags. Where two prefixes fit a path, the compiler takes the later one.
fn flags(compiler: &Compiler, project: &Project, base: &Path, target: &Path) -> OsString {
    let mut prefixes = vec![(base.to_owned(), "/agent".to_owned()), (target.to_owned(), "/target".to_owned())];
    prefixes.extend(project.outside.iter().filter(|(path, _)| !path.starts_with(base)).cloned());
    prefixes.push((compiler.library(), "/rust".to_owned()));
    // A path may be compiled under its own name or under the one that links lead to.
    let resolve = |(path, name): &(PathBuf, String)| Some((path.canonicalize().ok()?, name.clone()));
    let resolved: Vec<_> = prefixes.iter().filter_map(resolve).filter(|found| !prefixes.contains(found)).collect();
    prefixes.extend(resolved);

    let mut flags = OsString::new();
    for (path, name) in prefixes {
        flags.push("--remap-path-prefix=");
        flags.push(path);
        flags.push("=");
        flags.push(name);
        flags.push(SEPARATOR);
    }
    // The profile says so too; here it ends the list of flags.
    flags.push("-Cpanic=abort");
    if compiler.is_debian() {
        flags.push(SEPARATOR);
        flags.push("-Clinker-flavor=wasm-ld");
    }
    flags
}
