//! Debian's packages that together compile for WebAssembly: which are missing, and how they are installed.

use std::process::Command;

use crate::apt;
use crate::error::ToolchainError;

/// The compiler of `rustc-web`: newer than the release's own `rustc`, kept for browsers.
pub(crate) const RUSTC: &str = "/usr/bin/rustc";

/// The linker of `lld-19`.
pub(crate) const LINKER: &str = "wasm-ld-19";

/// Compiler, standard library's source, linker.
pub(crate) const PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld-19"];

/// Where the packages put the compiler's own files.
pub(crate) const SYSROOT: &str = "/usr";

/// The packages' versions, one a line, if all are installed.
pub(crate) fn versions() -> Option<String> {
    let known = query();
    missing_from(&known).is_empty().then_some(known)
}

/// What dpkg knows of the packages: name, version and status, one a line. Nothing where there is no dpkg.
fn query() -> String {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${Package} ${Version} ${db:Status-Status}\n"]);
    let output = query.args(PACKAGES).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// The packages that are not installed.
fn missing_from(known: &str) -> Vec<&'static str> {
    let is_installed = |package: &str| {
        known.lines().any(|line| {
            let mut fields = line.split(' ');
            fields.next() == Some(package) && fields.next_back() == Some("installed")
        })
    };
    PACKAGES.into_iter().filter(|package| !is_installed(package)).collect()
}

/// Installs the missing packages, if this user may.
pub(crate) fn install() -> Result<(), ToolchainError> {
    if !apt::is_usable() {
        return Err(ToolchainError::NoCompiler("this user may not install packages".into()));
    }
    let installed = apt::install("compiler", &missing_from(&query()));
    installed.map_err(|error| match error {
        ToolchainError::Install { cause, .. } => ToolchainError::NoCompiler(cause),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::missing_from;
    use crate::error::ToolchainError;

    #[test]
    fn a_package_is_missing_until_it_is_installed() {
        let known = "lld-19 1:19.1.7-3 installed\nrust-web-src 1.96.0 config-files\n";
        assert_eq!(missing_from(known), ["rustc-web", "rust-web-src"]);
        assert_eq!(missing_from(""), super::PACKAGES);
    }

    #[test]
    fn the_advice_is_two_commands() {
        let error = ToolchainError::NoCompiler("this user may not install packages".into());
        let expected = "install a compiler for wasm32-unknown-unknown and try again: \
                        `rustup target add wasm32-unknown-unknown` or \
                        `sudo apt-get install --no-install-recommends rustc-web rust-web-src lld-19`";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.code(), "toolchain-compiler");
    }
}
