//! Keys of packs: the one with which this host signs them, and those that it believes. It doesn't
//! know what a pack is.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use casemate_gate::pack::TrustedKeys;
use casemate_keys::{KeyError, PublicKey, SigningKey, SigningKeyState, SigningKind};

use super::shared::{Part, Shared};
use super::{AppError, Signing};
use crate::config::Config;

/// Most bytes of a file of keys.
const KEYS_BYTES: u64 = 64 * 1024;

/// The keys of packs.
#[derive(Debug, Clone, Copy)]
pub struct PackKeys;

impl PackKeys {
    /// The key with which this host signs packs; made where there is none.
    ///
    /// # Errors
    /// [`AppError`] naming the file.
    pub fn own(config: &Config) -> Result<SigningKey, AppError> {
        Signing::active(config, SigningKind::Pack)
    }

    /// Whose signatures are believed: this host's own, and those that the operator trusts.
    ///
    /// # Errors
    /// [`AppError`] naming the file, or the line that is no key.
    pub fn trusted(config: &Config) -> Result<TrustedKeys, AppError> {
        let mut keys = TrustedKeys::parse(&text(&config.trusted_pack_keys())?)?;
        let own = match Signing::public(config) {
            Ok(own) => own,
            // A host that never was up has signed nothing.
            Err(AppError::Keys(KeyError::None(_))) => return Ok(keys),
            Err(error) => return Err(error),
        };
        // A key that was rotated is believed until its overlap ends.
        for key in own.all(SigningKind::Pack) {
            match key.state {
                SigningKeyState::Retired => keys.retire(key.key.clone()),
                _ => keys.add(key.key.clone()),
            }
        }
        Ok(keys)
    }

    /// Keys of others that are believed.
    ///
    /// # Errors
    /// As [`PackKeys::trusted`].
    pub fn of_others(config: &Config) -> Result<TrustedKeys, AppError> {
        Ok(TrustedKeys::parse(&text(&config.trusted_pack_keys())?)?)
    }

    /// Believes a key no more. Whoever calls this has put it on record.
    pub(super) fn distrust(config: &Config, shared: &Shared, key: &PublicKey) -> Result<(), AppError> {
        let left: String = Self::of_others(config)?.without(key).iter().map(|key| format!("{key}\n")).collect();
        shared.write(Part::PackKeys, left.as_bytes())
    }

    /// Believes one more key from now on. Whoever calls this has put it on record.
    pub(super) fn trust(config: &Config, shared: &Shared, key: &PublicKey) -> Result<(), AppError> {
        let path = config.trusted_pack_keys();
        let mut text = text(&path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("{key}\n"));
        // One key too many would make all of them unreadable.
        TrustedKeys::parse(&text)?;
        shared.write(Part::PackKeys, text.as_bytes())
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
