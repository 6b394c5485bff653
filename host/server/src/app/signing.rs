//! Who this host is in the ledger: its id, its writer's name and the keys that sign its checkpoints. The keys that an
//! auditor pins lie open in a file of their own, for the operator to hand over. Signing keys can be read, and used, while
//! a host is up. It doesn't know what is signed.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use casemate_keys::{
    FileStore, KeyEntry, KeyError, KeyRing, KeyStore as _, Limits, LocalKeyFile, SigningKey, SigningKeyState,
    SigningKeys, SigningKind, is_under, signing_key,
};
use casemate_ledger::Writer;
use casemate_ledger::signed_note::Signer;

use uuid::Uuid;

use super::AppError;
use super::lock::DataLock;
use super::shared::{Link, SharedRing, link};
use crate::clock;
use crate::config::Config;
use crate::durable;

/// Name of the one writer that there is on an embedded Postgres.
const WRITER: &str = "host";

/// Opens the ring of a data directory, or that which it shares with others; makes one where there is none. The lock is the
/// caller's.
pub(super) fn open(config: &Config, link: Option<&Arc<Link>>) -> Result<KeyRing, AppError> {
    if let Some(link) = link {
        return open_shared(config, link);
    }
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

/// The same for hosts that share one. The first has its own, whole from the beginning; another one needs the same key file.
fn open_shared(config: &Config, link: &Arc<Link>) -> Result<KeyRing, AppError> {
    let store = SharedRing::new(Arc::clone(link), config.keys());
    let key = config.key();
    // Of several processes on a new directory one makes the key file.
    let lock = link::lock(config.data(), "key.lock")?;
    if store.read()?.is_none() {
        let own = match FileStore::new(&config.keys()).read()? {
            Some(own) => own,
            None => {
                let wrapper = LocalKeyFile::open_or_create(&key)?;
                KeyRing::make(Box::new(wrapper), Limits::default(), clock::now_ms)?
            }
        };
        match store.replace(None, &own) {
            // Another host was the first after all.
            Err(KeyError::Stale) => {}
            done => done?,
        }
    }
    drop(lock);
    let wrapper = match LocalKeyFile::open(&key) {
        Err(KeyError::Missing(_)) => return Err(KeyError::Foreign(key).into()),
        opened => opened?,
    };
    if !store.read()?.is_some_and(|ring| is_under(&ring, &store, &wrapper).unwrap_or(false)) {
        return Err(KeyError::Foreign(key).into());
    }
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

/// The writer that this host is; hosts that share keys write logs of their own.
pub(super) fn writer(config: &Config, host: Uuid) -> Result<Writer, AppError> {
    let name = match config.database_host {
        None => WRITER.to_owned(),
        Some(_) => format!("{WRITER}-{}", host.simple().to_string().get(..12).unwrap_or_default()),
    };
    name.parse().map_err(|_| AppError::Interrupted)
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
            open(config, None)?;
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
