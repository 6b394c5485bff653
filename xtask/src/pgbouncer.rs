//! PgBouncer for the tests of a host behind a pooler: the version that is safe and one that isn't, built once from their
//! published sources. Debian's mirror has both, pinned here by their digests. It doesn't know what is tested.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use casemate_toolchain::apt;
use sha2::{Digest, Sha256};

use crate::environment;
use crate::error::Error;
use crate::venv::run;

/// A release and the SHA-256 of its sources.
struct Release {
    number: &'static str,
    digest: &'static str,
}

const RELEASES: [Release; 2] = [
    Release { number: "1.24.1", digest: "da72a3aba13072876d055a3e58dd4aba4a5de4ed6148e73033185245598fd3e0" },
    // The last but a few before prepared statements were followed through the pool.
    Release { number: "1.18.0", digest: "9349c9e59f6f88156354f4f6af27cdb014a235b00ae184cbaa37688bd0df544c" },
];

/// What it is built with. Without TLS, which the tests look at on Postgres itself, and without the resolver's library.
const PACKAGES: [&str; 4] = ["gcc", "libevent-dev", "make", "pkg-config"];
const OPTIONS: [&str; 5] = ["--without-cares", "--without-openssl", "--without-pam", "--without-systemd", "CFLAGS=-O1"];

/// Debian's own way to fetch a file: with its proxies, and checked against a digest.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// Builds what isn't there. Where it can't be built, the tests say what they leave out; in CI that is an error.
pub(crate) fn ensure(workspace: &Path) -> Result<(), Error> {
    let folder = workspace.join("target/pgbouncer");
    for release in &RELEASES {
        if let Err(error) = release.ensure(&folder) {
            if environment::variable("CI").is_some() {
                return Err(error);
            }
            eprintln!("pgbouncer: not built, so tests behind a pooler are left out: {error}");
            return Ok(());
        }
    }
    Ok(())
}

impl Release {
    /// `target/pgbouncer/<number>/pgbouncer`.
    fn ensure(&self, folder: &Path) -> Result<(), Error> {
        let home = folder.join(self.number);
        let (program, stamp) = (home.join("pgbouncer"), home.join("built.txt"));
        let known = format!("{} {}", self.digest, OPTIONS.join(" "));
        if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|text| text == known) {
            return Ok(());
        }
        tools()?;
        let room = folder.join(format!("{}-build", self.number));
        for place in [&home, &room] {
            fs::create_dir_all(place).map_err(|error| Error::file("make", place, &error))?;
        }
        let archive = room.join("sources.tar.gz");
        self.fetch(&archive)?;
        let activity = format!("pgbouncer: building {} (half a minute, once)", self.number);
        run(&activity, Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&room).arg("--strip-components=1"))?;
        run(&activity, Command::new("./configure").args(OPTIONS).current_dir(&room))?;
        run(&activity, Command::new("make").args(["-j4", "pgbouncer"]).current_dir(&room))?;
        fs::rename(room.join("pgbouncer"), &program).map_err(|error| Error::file("write", &program, &error))?;
        fs::remove_dir_all(&room).map_err(|error| Error::file("remove", &room, &error))?;
        fs::write(&stamp, known).map_err(|error| Error::file("write", &stamp, &error))
    }

    /// The sources, from whichever of this system's repositories has them.
    fn fetch(&self, to: &Path) -> Result<(), Error> {
        let place = format!("pool/main/p/pgbouncer/pgbouncer_{}.orig.tar.gz", self.number);
        let mut last = Error::new("apt names no repository; run `apt-get update`");
        for repository in repositories()? {
            let mut helper = Command::new(HELPER);
            helper.args(["-q", "download-file", &format!("{repository}{place}")]).arg(to);
            helper.arg(format!("SHA256:{}", self.digest));
            match run(&format!("pgbouncer: fetching the sources of {}", self.number), &mut helper) {
                Ok(()) => return self.verify(to),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn verify(&self, archive: &Path) -> Result<(), Error> {
        let bytes = fs::read(archive).map_err(|error| Error::file("read", archive, &error))?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if digest == self.digest {
            return Ok(());
        }
        Err(Error::new(format!("the sources of PgBouncer {} are not the published ones", self.number)))
    }
}

/// What apt fetches from, as this system is set up. It knows none before its lists were fetched.
fn repositories() -> Result<BTreeSet<String>, Error> {
    let found = listed()?;
    if !found.is_empty() || !apt::is_usable() {
        return Ok(found);
    }
    run("pgbouncer: fetching apt's package lists first", Command::new("apt-get").args(["-q", "update"]))?;
    listed()
}

fn listed() -> Result<BTreeSet<String>, Error> {
    let mut ask = Command::new("apt-get");
    ask.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let output = ask.output().map_err(|error| Error::start(&ask, &error))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// A C compiler and libevent, installed where this user may.
fn tools() -> Result<(), Error> {
    let found = |program: &str| {
        let path = environment::variable("PATH").unwrap_or_default();
        env::split_paths(&path).any(|folder| folder.join(program).is_file())
    };
    let library = || Command::new("pkg-config").args(["--exists", "libevent"]).status().is_ok_and(|s| s.success());
    if ["gcc", "make", "pkg-config"].into_iter().all(found) && library() {
        return Ok(());
    }
    if !apt::is_usable() {
        let packages = PACKAGES.join(" ");
        return Err(Error::new(format!(
            "it is built with {packages}; install them: sudo apt-get install --no-install-recommends {packages}"
        )));
    }
    Ok(apt::install("pgbouncer", &PACKAGES)?)
}

#[cfg(test)]
mod tests {
    use super::RELEASES;

    #[test]
    fn sources_are_pinned_by_digest() {
        for release in RELEASES {
            assert_eq!(release.digest.len(), 64, "{}", release.number);
            assert!(release.digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", release.number);
        }
    }
}
