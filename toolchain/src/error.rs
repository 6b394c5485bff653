//! Why there is no component, and what to do about it. Codes that begin with `component-` are about the agent's
//! sources, those with `toolchain-` about the machine.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use casemate_abi::limits;

use crate::compiler::TARGET;
use crate::debian::PACKAGES;
use crate::scaffold::NAME_BYTES;

/// A cause that is known as text only.
type Cause = Box<dyn Error + Send + Sync>;

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolchainError {
    /// A program could not be started.
    #[error("install `{program}` and put it into PATH: it can't be started")]
    Start {
        /// Its name.
        program: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// `rustc` does not answer.
    #[error("repair the Rust installation: `rustc` failed")]
    Compiler(#[source] Cause),
    /// There is no compiler for WebAssembly, and none can be installed from here.
    #[error(
        "install a compiler for {TARGET} and try again: `rustup target add {TARGET}` or \
         `sudo apt-get install --no-install-recommends {packages}`",
        packages = PACKAGES.join(" ")
    )]
    NoCompiler(#[source] Cause),
    /// Debian's packages can't be installed.
    #[error("install {packages} by hand: apt-get could not")]
    Install {
        /// Their names.
        packages: String,
        /// What apt-get said.
        #[source]
        cause: Cause,
    },
    /// A file could not be read, written or moved.
    #[error("make it possible to {verb} {}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// The folder is no package.
    #[error("name the folder of an agent's package: there is no Cargo.toml of one in {}", .0.display())]
    NoPackage(PathBuf),
    /// Cargo can't make sense of the project.
    #[error("correct {} as Cargo says above", .0.display())]
    Project(PathBuf, #[source] Cause),
    /// The package has no library that a component could be made of.
    #[error("write `crate-type = [\"cdylib\"]` below `[lib]` in {}", .0.display())]
    NotLibrary(PathBuf),
    /// The sources don't compile.
    #[error("correct the sources: the compiler's messages above say where ({0})")]
    Sources(String),
    /// There is no manifest.
    #[error("write the agent's manifest, {}: it can't be read", path.display())]
    NoManifest {
        /// Where it belongs.
        path: PathBuf,
        /// Why it can't be read.
        #[source]
        cause: io::Error,
    },
    /// The manifest is too large.
    #[error("shorten {}: a manifest has {limit} bytes at most", .0.display(), limit = limits::MANIFEST_BYTES)]
    ManifestTooLarge(PathBuf),
    /// The module is no agent.
    #[error("make it an agent with `#[casemate::agent]`: the module can't be made a component")]
    Encode(#[source] Cause),
    /// A name that an agent can't have.
    #[error("choose a name of 1 to {most} of a-z, 0-9 and '-' that begins with a letter: `{0}` is none", most = NAME_BYTES)]
    Name(String),
    /// A name that something else has already.
    #[error("choose another name: `{0}` is the compiler's or a dependency's")]
    NameTaken(String),
    /// A folder that is not empty.
    #[error("choose another name or empty the folder: {} is there already", .0.display())]
    Occupied(PathBuf),
    /// A folder that is no SDK.
    #[error("name the folder of the crate casemate-sdk: {} is not it", .0.display())]
    NoSdk(PathBuf),
    /// Bytes that are no component.
    #[error("build the component again: it is not WebAssembly or was cut short")]
    Malformed(#[source] wasmparser::BinaryReaderError),
}

impl ToolchainError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Start { .. } => "toolchain-program",
            Self::Compiler(_) | Self::NoCompiler(_) => "toolchain-compiler",
            Self::Install { .. } => "toolchain-install",
            Self::File { .. } => "toolchain-file",
            Self::NoPackage(_) | Self::Project(..) => "component-project",
            Self::NotLibrary(_) => "component-library",
            Self::Sources(_) => "component-sources",
            Self::NoManifest { .. } => "component-no-manifest",
            Self::ManifestTooLarge(_) => "component-manifest",
            Self::Encode(_) => "component-encode",
            Self::Name(_) | Self::NameTaken(_) => "component-name",
            Self::Occupied(_) => "component-folder",
            Self::NoSdk(_) => "component-sdk",
            Self::Malformed(_) => "component-malformed",
        }
    }

    pub(crate) fn start(command: &Command, cause: io::Error) -> Self {
        Self::Start { program: command.get_program().display().to_string(), cause }
    }

    pub(crate) fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::File { verb, path, cause }
    }
}
