//! Who this host is in the ledger: its id, its writer's name and the keys that sign its checkpoints. The keys that an
//! auditor pins lie open in a file of their own, for the operator to hand over. Signing keys can be read, and used, while
//! a host is up. It doesn't know what is signed.

use std::fs;
use std::path::Path;

use casemate_keys::{
    FileStore, KeyEntry, KeyRing, KeyStore as _, Limits, LocalKeyFile, SigningKey, SigningKeyState, SigningKeys,
    SigningKind, signing_key,
};
use casemate_ledger::Writer;
use casemate_ledger::signed_note::Signer;

use super::AppError;
use super::lock::DataLock;
use crate::clock;
use crate::config::Config;
use crate::durable;

/// Name of the one writer that an embedded host is.
const WRITER: &str = "host";

/// Opens the ring of a data directory, or makes one. The lock is the caller's.
pub(super) fn open(config: &Config) -> Result<KeyRing, AppError> {
    let store = FileStore::new(&config.keys());
    // A key file that is gone is never replaced: what there is was sealed under it.
    let wrapper = match store.read()? {
        Some(_) => LocalKeyFile::open(&config.key())?,
        None => LocalKeyFile::open_or_create(&config.key())?,
    };
    let ring = KeyRing::open(Box::new(store), Box::new(wrapper), Limits::default(), clock::now_ms)?;
    publish(config, &ring.signing())?;
    Ok(ring)
}

/// Writes the keys that an auditor pins, where they are others than before.
pub(super) fn publish(config: &Config, keys: &SigningKeys) -> Result<(), AppError> {
    let signs = keys.all(SigningKind::Checkpoint).filter(|key| key.state != SigningKeyState::Retired);
    let text = signs.map(|key| key.key.to_string()).collect::<Vec<_>>().join("\n");
    let path = config.verifier_key();
    if fs::read_to_string(&path).ok().as_deref() == Some(text.as_str()) {
        Ok(())
    } else {
        write(&path, text.as_bytes())
    }
}

/// The writer that this host is.
pub(super) fn writer() -> Result<Writer, AppError> {
    WRITER.parse().map_err(|_| AppError::Interrupted)
}

/// What signs checkpoints: the active key, and those that it follows.
pub(super) fn signers(ring: &KeyRing) -> Result<Vec<Box<dyn Signer + Send>>, AppError> {
    let signers = ring.signers(SigningKind::Checkpoint)?;
    Ok(signers.into_iter().map(|signer| -> Box<dyn Signer + Send> { Box::new(signer) }).collect())
}

/// The signing keys of a data directory, for whoever doesn't run a host in it.
#[derive(Debug, Clone, Copy)]
pub struct Signing;

impl Signing {
    /// The public halves of all keys: no lock, no secret.
    ///
    /// # Errors
    /// `keys-none` where there are none yet; those of the file.
    pub fn public(config: &Config) -> Result<SigningKeys, AppError> {
        Ok(SigningKeys::look(&FileStore::new(&config.keys()), clock::now_ms())?)
    }

    /// The active key of a kind, to sign with. Keys are made where there are none, which takes the directory's lock; it
    /// needs none otherwise.
    ///
    /// # Errors
    /// Those of the key file and the ring.
    pub fn active(config: &Config, kind: SigningKind) -> Result<SigningKey, AppError> {
        let store = FileStore::new(&config.keys());
        if store.read()?.is_none() {
            let _lock = DataLock::take(config)?;
            open(config)?;
        }
        Ok(signing_key(Box::new(store), &config.key(), kind, clock::now_ms)?)
    }

    /// Every key of the host, with what may be known of it: no lock, no secret.
    ///
    /// # Errors
    /// As [`Signing::public`].
    pub fn list(config: &Config) -> Result<Vec<KeyEntry>, AppError> {
        Ok(casemate_keys::list(&FileStore::new(&config.keys()), clock::now_ms())?)
    }
}

/// Writes a file whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    durable::write(path, bytes).map_err(AppError::file(path))
}
