//! Keys that protect keys. A `KeyWrapper` turns a data key into a record that can be stored beside the data; the one
//! here keeps its own key in a local file with tight permissions. It doesn't know what the data keys seal.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::data_key::{Context, DataKey, Purpose};
use crate::error::KeyError;
use crate::mac::MacKey;
use crate::secret::Secret;

/// A data key, sealed under a wrapper's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

/// Something that protects data keys: a local file here, a key management service elsewhere.
pub trait KeyWrapper: Send + Sync {
    /// Protects a data key for one tenant and id.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the wrapper fails.
    fn wrap(&self, tenant: Uuid, id: Uuid, key: &DataKey) -> Result<WrappedKey, KeyError>;

    /// Gives a data key back.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for a record of another tenant, id or wrapper.
    fn unwrap(&self, tenant: Uuid, id: Uuid, wrapped: &WrappedKey) -> Result<DataKey, KeyError>;

    /// Protects a wrapped key anew, under the wrapper's present key.
    ///
    /// # Errors
    /// As [`KeyWrapper::unwrap`] and [`KeyWrapper::wrap`].
    fn rewrap(&self, tenant: Uuid, id: Uuid, wrapped: &WrappedKey) -> Result<WrappedKey, KeyError> {
        self.wrap(tenant, id, &self.unwrap(tenant, id, wrapped)?)
    }
}

const FIRST_LINE: &str = "casemate host key v1";

/// The host's key in a file that only its owner may read.
#[derive(Debug)]
pub struct LocalKeyFile {
    key: DataKey,
}

impl LocalKeyFile {
    /// Reads the key file, or makes one with a new key where there is none.
    ///
    /// # Errors
    /// [`KeyError`] naming the file: not readable, readable by others, or damaged.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        match File::open(path) {
            Ok(file) => Self::read(path, file),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(path),
            Err(cause) => Err(KeyError::File { path: path.to_owned(), cause }),
        }
    }

    /// A key that lives as long as the process, for runs that keep nothing.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn ephemeral() -> Result<Self, KeyError> {
        Ok(Self { key: DataKey::generate()? })
    }

    fn read(path: &Path, file: File) -> Result<Self, KeyError> {
        let fail = |cause| KeyError::File { path: path.to_owned(), cause };
        if file.metadata().map_err(fail)?.mode() & 0o077 != 0 {
            return Err(KeyError::Permissions(path.to_owned()));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(1024).read_to_string(&mut text).map_err(fail)?;
        let damaged = || KeyError::Damaged(path.to_owned());
        let body = text.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n')).ok_or_else(damaged)?;
        let bytes = Zeroizing::new(BASE64.decode(body.trim_end()).map_err(|_| damaged())?);
        let secret = Secret::parse(&bytes).map_err(|_| damaged())?;
        Ok(Self { key: DataKey::new(secret)? })
    }

    /// Written beside its place and renamed there, so that a crash leaves no half of a key.
    fn create(path: &Path) -> Result<Self, KeyError> {
        let fail = |cause| KeyError::File { path: path.to_owned(), cause };
        let key = DataKey::generate()?;
        let text = Zeroizing::new(format!("{FIRST_LINE}\n{}\n", BASE64.encode(key.secret().expose())));
        let parent = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        let fresh = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).map_err(fail)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
        fs::rename(&fresh, path).and_then(|()| File::open(parent)?.sync_all()).map_err(fail)?;
        Ok(Self { key })
    }

    /// A key for MACs with one purpose, derived from the host's key.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the library fails.
    pub fn mac_key(&self, labels: &[&[u8]]) -> Result<MacKey, KeyError> {
        MacKey::from_bytes(self.key.secret().expose())?.derive(labels)
    }

    /// Seals a record of the host itself.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn seal(&self, purpose: Purpose, id: Uuid, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.key.seal(&Context { tenant: Uuid::nil(), purpose, id, part: 0 }, plain)
    }

    /// Opens a record of the host itself.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for any other record.
    pub fn open(&self, purpose: Purpose, id: Uuid, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.key.open(&Context { tenant: Uuid::nil(), purpose, id, part: 0 }, sealed)
    }
}

impl KeyWrapper for LocalKeyFile {
    fn wrap(&self, tenant: Uuid, id: Uuid, key: &DataKey) -> Result<WrappedKey, KeyError> {
        let context = Context { tenant, purpose: Purpose::DataKey, id, part: 0 };
        self.key.seal(&context, key.secret().expose()).map(WrappedKey)
    }

    fn unwrap(&self, tenant: Uuid, id: Uuid, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        let context = Context { tenant, purpose: Purpose::DataKey, id, part: 0 };
        DataKey::from_bytes(&Zeroizing::new(self.key.open(&context, &wrapped.0)?))
    }
}

#[cfg(test)]
mod tests;
