//! Debian's packages that together compile for WebAssembly: which are missing, and how they are installed.

use std::process::Command;

use super::Error;
use crate::apt;

/// The compiler of `rustc-web`: newer than the release's own `rustc`, kept for browsers.
pub(super) const RUSTC: &str = "/usr/bin/rustc";

/// The linker of `lld-19`.
pub(super) const LINKER: &str = "wasm-ld-19";

/// Compiler, standard library's source, linker.
const PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld-19"];

/// Where the packages put the compiler's own files.
pub(super) const SYSROOT: &str = "/usr";

/// The packages' versions, one a line, if all are installed.
pub(super) fn versions() -> Option<String> {
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
pub(super) fn install() -> Result<(), Error> {
    let installed = if apt::is_usable() {
        apt::install("guests", &missing_from(&query()))
    } else {
        Err(Error::new("this user may not install packages"))
    };
    installed.map_err(|reason| Error::new(advice(&reason.to_string())))
}

/// What to do where the packages can't be installed from here.
fn advice(reason: &str) -> String {
    format!(
        "guests need a compiler for {target}, and {reason}\nInstall one of these and try again:\n  \
         rustup target add {target}\n  sudo apt-get install --no-install-recommends {packages}",
        target = super::toolchain::TARGET,
        packages = PACKAGES.join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::{advice, missing_from};

    #[test]
    fn a_package_is_missing_until_it_is_installed() {
        let known = "lld-19 1:19.1.7-3 installed\nrust-web-src 1.96.0 config-files\n";
        assert_eq!(missing_from(known), ["rustc-web", "rust-web-src"]);
        assert_eq!(missing_from(""), super::PACKAGES);
    }

    #[test]
    fn the_advice_is_two_commands() {
        let expected = "guests need a compiler for wasm32-unknown-unknown, and this user may not install packages\n\
                        Install one of these and try again:\n  \
                        rustup target add wasm32-unknown-unknown\n  \
                        sudo apt-get install --no-install-recommends rustc-web rust-web-src lld-19";
        assert_eq!(advice("this user may not install packages"), expected);
    }
}
