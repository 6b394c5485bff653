//! Finds a compiler for WebAssembly, or installs one: rustup's target where it is there or can be fetched, Debian's
//! `rustc-web` otherwise. It doesn't know how agents are built with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::error::ToolchainError;

/// The agents' target.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// A compiler that can build agents.
#[derive(Debug, Clone)]
pub struct Compiler {
    kind: Kind,
    id: String,
    sysroot: PathBuf,
}

/// Where the compiler is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The `rustc` in use has the target's standard library.
    Installed,
    /// Debian's `rustc-web`, which builds the standard library from `rust-web-src`.
    Debian,
}

impl Compiler {
    /// A compiler that is already there, for sources in a folder: a `rust-toolchain.toml` there counts.
    ///
    /// # Errors
    /// When `rustc` can't be asked.
    pub fn find(folder: &Path) -> Result<Option<Self>, ToolchainError> {
        let sysroot = PathBuf::from(output(folder, &["--print", "sysroot"])?.trim_end());
        if sysroot.join("lib").join("rustlib").join(TARGET).join("lib").is_dir() {
            let id = output(folder, &["-vV"])?;
            return Ok(Some(Self { kind: Kind::Installed, id, sysroot }));
        }
        let debian = |id| Self { kind: Kind::Debian, id, sysroot: debian::SYSROOT.into() };
        Ok(debian::versions().map(debian))
    }

    /// A compiler that is already there, or one that is installed now.
    ///
    /// # Errors
    /// When there is none and it can't be installed; the message says how to do it by hand.
    pub fn find_or_install(folder: &Path) -> Result<Self, ToolchainError> {
        if let Some(found) = Self::find(folder)? {
            return Ok(found);
        }
        eprintln!("compiler: none for {TARGET} yet; trying `rustup target add {TARGET}`");
        let mut rustup = Command::new("rustup");
        rustup.current_dir(folder).args(["target", "add", TARGET]);
        let added = rustup.status().is_ok_and(|status| status.success());
        if !added {
            eprintln!("compiler: rustup can't add it here; trying Debian's packages instead");
            debian::install()?;
        }
        let lost = || ToolchainError::NoCompiler("one was installed and still can't be found".into());
        Self::find(folder)?.ok_or_else(lost)
    }

    /// Everything that tells this compiler from another.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// For people.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.kind {
            Kind::Installed => self.id.lines().next().unwrap_or("rustc"),
            Kind::Debian => "Debian's rustc-web",
        }
    }

    /// Where the standard library's sources are, if they are there.
    pub(crate) fn library(&self) -> PathBuf {
        self.sysroot.join("lib").join("rustlib").join("src").join("rust")
    }

    /// Whether it is Debian's, which builds the standard library too.
    pub(crate) fn is_debian(&self) -> bool {
        self.kind == Kind::Debian
    }
}

/// What the `rustc` in use prints.
fn output(folder: &Path, arguments: &[&str]) -> Result<String, ToolchainError> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(folder).args(arguments);
    let output = rustc.output().map_err(|cause| ToolchainError::start(&rustc, cause))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Err(ToolchainError::Compiler(reason.into()))
}
