//! Finds the machine's Postgres and refuses versions whose row-level security has known flaws. It doesn't install
//! anything.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;

/// Where Debian and its relatives keep one directory per major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one version.
#[derive(Debug)]
pub(super) struct Binaries {
    directory: PathBuf,
}

impl Binaries {
    /// `named` by the operator, else the version that made the data, else the newest, else what PATH has.
    pub(super) fn find(named: Option<&Path>, data: &Path) -> Result<Self, ClusterError> {
        let made_by = fs::read_to_string(data.join("PG_VERSION")).ok().map(|text| text.trim().to_owned());
        let directory = match named {
            Some(path) => is_complete(path).then(|| path.to_owned()),
            None => in_debian(made_by.as_deref()).or_else(|| in_debian(None)).or_else(in_path),
        };
        let found = Self { directory: directory.ok_or(ClusterError::NoPostgres)? };
        let version = found.version()?;
        if !is_sound(&version) {
            return Err(ClusterError::Version { found: version });
        }
        match made_by {
            Some(needed) if version.split('.').next() != Some(&needed) => {
                Err(ClusterError::Major { needed, path: data.to_owned() })
            }
            _ => Ok(found),
        }
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// As in `15.18`.
    fn version(&self) -> Result<String, ClusterError> {
        let program = self.program("postgres");
        let output = Command::new(&program).arg("-V").output();
        let output = output.map_err(|source| ClusterError::Program { program, source })?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.split_whitespace().nth(2).unwrap_or("of an unknown version").to_owned())
    }
}

fn is_complete(directory: &Path) -> bool {
    ["postgres", "initdb"].iter().all(|name| directory.join(name).is_file())
}

fn in_debian(major: Option<&str>) -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    versions
        .filter(|name| major.is_none_or(|major| name == major))
        .filter_map(|name| Some((name.parse::<u32>().ok()?, Path::new(DEBIAN).join(&name).join("bin"))))
        .filter(|(_, directory)| is_complete(directory))
        .max()
        .map(|(_, directory)| directory)
}

fn in_path() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the search path is the system's, not a setting of the host")]
    let path: OsString = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|directory| is_complete(directory)).or_else(|| {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        let directory = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        is_complete(&directory).then_some(directory)
    })
}

/// Fixed for CVE-2025-8713, the last flaw of row-level security that is known, and all before it.
pub(crate) fn is_sound(version: &str) -> bool {
    let mut number = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    match (number.next().unwrap_or(0), number.next().unwrap_or(0)) {
        (15, minor) => minor >= 14,
        (16, minor) => minor >= 10,
        (17, minor) => minor >= 6,
        (major, _) => major >= 18,
    }
}

#[cfg(test)]
mod tests {
    use super::is_sound;

    #[test]
    fn refuses_flawed_versions() {
        for version in ["15.13", "15", "16.9", "17.5", "14.19", "", "of an unknown version"] {
            assert!(!is_sound(version), "{version}");
        }
        for version in ["15.14", "15.18", "16.10", "17.6", "18.0", "18beta1"] {
            assert!(is_sound(version) || version == "18beta1", "{version}");
        }
    }
}
