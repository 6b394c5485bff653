//! Keys of packs: the one with which this host signs them, and those that it believes. The seed lies sealed under the
//! host's key. It doesn't know what a pack is.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use casemate_gate::pack::TrustedKeys;
use casemate_keys::{LocalKeyFile, PublicKey, Purpose, SigningKey};
use uuid::Uuid;

use super::{AppError, lock, signing};
use crate::config::Config;

/// Most bytes of a file of keys.
const KEYS_BYTES: u64 = 64 * 1024;

/// The keys of packs.
#[derive(Debug, Clone, Copy)]
pub struct PackKeys;

impl PackKeys {
    /// The key with which this host signs packs; made where there is none. Takes the lock of the data directory.
    ///
    /// # Errors
    /// [`AppError`] naming the file.
    pub fn open_or_create(config: &Config) -> Result<SigningKey, AppError> {
        let _lock = lock::DataLock::take(config)?;
        let keys = LocalKeyFile::open_or_create(&config.key())?;
        let path = config.pack_seed();
        let (id, seed) = match fs::read(&path) {
            Ok(bytes) => {
                let damaged = || AppError::Damaged(path.clone());
                let (id, sealed) = bytes.split_first_chunk::<16>().ok_or_else(damaged)?;
                let id = Uuid::from_bytes(*id);
                (id, keys.open(Purpose::SigningSeed, id, sealed)?)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (id, seed) = (Uuid::now_v7(), SigningKey::new_seed()?);
                let sealed = keys.seal(Purpose::SigningSeed, id, seed.as_slice())?;
                signing::write(&path, &[id.as_bytes().as_slice(), &sealed].concat())?;
                (id, seed.to_vec())
            }
            Err(cause) => return Err(AppError::File { path, cause }),
        };
        let key = SigningKey::from_seed(&format!("casemate-packs/{id}"), &seed)?;
        let (public, text) = (config.pack_key(), key.public().to_string());
        if fs::read_to_string(&public).ok().as_deref() != Some(text.as_str()) {
            signing::write(&public, text.as_bytes())?;
        }
        Ok(key)
    }

    /// Whose signatures are believed: this host's own, and those that the operator trusts.
    ///
    /// # Errors
    /// [`AppError`] naming the file, or the line that is no key.
    pub fn trusted(config: &Config) -> Result<TrustedKeys, AppError> {
        let mut keys = TrustedKeys::parse(&text(&config.trusted_pack_keys())?)?;
        let own = text(&config.pack_key())?;
        if !own.is_empty() {
            keys.add(own.parse()?);
        }
        Ok(keys)
    }

    /// Believes one more key from now on. Whoever calls this has put it on record.
    pub(super) fn trust(config: &Config, key: &PublicKey) -> Result<(), AppError> {
        let path = config.trusted_pack_keys();
        let mut text = text(&path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("{key}\n"));
        // One key too many would make all of them unreadable.
        TrustedKeys::parse(&text)?;
        signing::write(&path, text.as_bytes())
    }
}

/// The text of a small file; none where there is none.
fn text(path: &Path) -> Result<String, AppError> {
    let too_large = |size: u64| size > KEYS_BYTES;
    match fs::metadata(path) {
        Ok(found) if too_large(found.len()) => Err(AppError::Damaged(path.to_owned())),
        Ok(_) => fs::read_to_string(path).map_err(AppError::file(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(cause) => Err(AppError::File { path: path.to_owned(), cause }),
    }
}
