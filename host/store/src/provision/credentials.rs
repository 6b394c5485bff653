//! The file with the logins' passwords: one `name=value` a line. It doesn't know what the logins may do.

use std::fs;
use std::io;
use std::path::Path;

use crate::cluster::{ClusterError, write_private};
use crate::error::StoreError;

/// Passwords, and the revision of the roles that they were set with.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) revision: String,
    pub(super) migrate: String,
    pub(super) host: String,
    pub(super) sql: String,
}

impl Credentials {
    /// 256 random bits each, in hex: needs no quoting in SQL.
    pub(super) fn generate(revision: String) -> Result<Self, StoreError> {
        let password = || casemate_keys::random::<32>().map(hex::encode);
        Ok(Self { revision, migrate: password()?, host: password()?, sql: password()? })
    }

    /// None where there is no file yet.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ClusterError::Directory { path: path.to_owned(), source }.into()),
        };
        let value = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            let good = |value: &&str| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
            found.filter(good).map(ToOwned::to_owned).ok_or(StoreError::Credentials)
        };
        Ok(Some(Self {
            revision: value("revision")?,
            migrate: value("migrate")?,
            host: value("host")?,
            sql: value("sql")?,
        }))
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), StoreError> {
        let Self { revision, migrate, host, sql } = self;
        let text = format!("revision={revision}\nmigrate={migrate}\nhost={host}\nsql={sql}\n");
        Ok(write_private(path, text.as_bytes())?)
    }
}
