//! Compiles the guests to core modules. The flags keep the machine's paths out of the modules, so that the same
//! sources give the same bytes in every folder.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::toolchain::{TARGET, Toolchain};
use super::{Error, Guest, debian};
use crate::environment;

/// Between flags in `CARGO_ENCODED_RUSTFLAGS`, so that paths may contain spaces.
const SEPARATOR: &str = "\x1f";

/// Compiles all guests in one call of Cargo and returns their modules in the same order.
pub(super) fn compile(
    workspace: &Path,
    target: &Path,
    guests: &[Guest],
    toolchain: &Toolchain,
) -> Result<Vec<PathBuf>, Error> {
    let mut command = crate::cargo::command();
    command.current_dir(workspace).args(["build", "--locked", "--lib", "--profile", "guest", "--target", TARGET]);
    command.arg("--target-dir").arg(target);
    for guest in guests {
        command.args(["--package", &guest.name]);
    }
    // The caller's flags are for the host's programs; Cargo hands these ones to the target's crates only.
    command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags(workspace, toolchain));
    for variable in ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET"] {
        command.env_remove(variable);
    }
    if toolchain.is_debian() {
        command.args(["-Z", "build-std=std,panic_abort"]);
        command.env("RUSTC", debian::RUSTC).env("RUSTC_BOOTSTRAP", "1");
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", debian::LINKER);
    }
    let status = command.status().map_err(|error| Error::start(&command, &error))?;
    if !status.success() {
        return Err(Error::new("the guests don't compile; Cargo's messages above say why"));
    }
    let folder = target.join(TARGET).join("guest");
    Ok(guests.iter().map(|guest| folder.join(format!("{}.wasm", guest.name.replace('-', "_")))).collect())
}

/// The compiler's flags. Where two prefixes fit a path, the compiler takes the later one.
fn flags(workspace: &Path, toolchain: &Toolchain) -> OsString {
    let source = toolchain.sysroot().join("lib").join("rustlib").join("src").join("rust");
    let mut prefixes = Vec::new();
    if let Some(home) = cargo_home() {
        let registry = home.join("registry").join("src");
        prefixes.extend([(home, "/cargo"), (registry, "/registry")]);
    }
    prefixes.extend([(workspace.to_owned(), "/casemate"), (source, "/rust")]);
    // A path may be compiled under its own name or under the one that links lead to.
    let resolve = |(path, name): &(PathBuf, &'static str)| Some((path.canonicalize().ok()?, *name));
    let resolved: Vec<_> = prefixes.iter().filter_map(resolve).collect();
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
    if toolchain.is_debian() {
        flags.push(SEPARATOR);
        flags.push("-Clinker-flavor=wasm-ld");
    }
    flags
}

/// Where Cargo keeps the sources of dependencies.
fn cargo_home() -> Option<PathBuf> {
    let default = || env::home_dir().map(|home| home.join(".cargo"));
    environment::variable("CARGO_HOME").map(PathBuf::from).or_else(default)
}
