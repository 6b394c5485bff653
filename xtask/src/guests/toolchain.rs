//! Finds a compiler for WebAssembly, or installs one: rustup's target where it is there or can be fetched,
//! Debian's `rustc-web` otherwise. It does not know how the guests are built with it.

use std::path::PathBuf;
use std::process::Command;

use super::Error;
use super::debian;

/// The guests' target.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// A compiler that can build guests.
#[derive(Debug)]
pub(super) struct Toolchain {
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

impl Toolchain {
    /// A compiler that is already there. This runs before every command, so it asks few programs.
    pub(super) fn find() -> Result<Option<Self>, Error> {
        let sysroot = PathBuf::from(output(&["--print", "sysroot"])?.trim_end());
        if sysroot.join("lib").join("rustlib").join(TARGET).join("lib").is_dir() {
            let id = output(&["-vV"])?;
            return Ok(Some(Self { kind: Kind::Installed, id, sysroot }));
        }
        let debian = |id| Self { kind: Kind::Debian, id, sysroot: debian::SYSROOT.into() };
        Ok(debian::versions().map(debian))
    }

    /// A compiler that is already there, or one that is installed now.
    pub(super) fn find_or_install() -> Result<Self, Error> {
        if let Some(found) = Self::find()? {
            return Ok(found);
        }
        eprintln!("guests: no compiler for {TARGET} yet; trying `rustup target add {TARGET}`");
        let mut rustup = Command::new("rustup");
        let added = rustup.args(["target", "add", TARGET]).status().is_ok_and(|status| status.success());
        if !added {
            eprintln!("guests: rustup can't add it here; trying Debian's packages instead");
            debian::install()?;
        }
        let lost = || Error::new(format!("a compiler for {TARGET} was installed and still can't be found"));
        Self::find()?.ok_or_else(lost)
    }

    /// Everything that tells this compiler from another.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// For people.
    pub(super) fn name(&self) -> &str {
        match self.kind {
            Kind::Installed => self.id.lines().next().unwrap_or("rustc"),
            Kind::Debian => "Debian's rustc-web",
        }
    }

    /// Where the compiler's own files are.
    pub(super) fn sysroot(&self) -> &PathBuf {
        &self.sysroot
    }

    /// Whether it is Debian's, which builds the standard library too.
    pub(super) fn is_debian(&self) -> bool {
        self.kind == Kind::Debian
    }
}

/// What the `rustc` in use prints.
fn output(arguments: &[&str]) -> Result<String, Error> {
    let mut rustc = Command::new("rustc");
    let output = rustc.args(arguments).output().map_err(|error| Error::start(&rustc, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("`rustc` failed: {}", reason.trim_end())))
}
