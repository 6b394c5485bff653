//! Who this host is in the ledger: its id, its writer's name and the key that signs its checkpoints. The seed lies
//! sealed under the host's key; the verifier key lies open beside it, for the operator to hand to an auditor. It
//! doesn't know what is signed.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use casemate_keys::{LocalKeyFile, Purpose, SigningKey};
use casemate_ledger::Writer;
use uuid::Uuid;

use super::AppError;
use crate::config::Config;
use crate::durable;

/// Name of the one writer that an embedded host is.
const WRITER: &str = "host";

/// The host's identity in the ledger.
pub struct Identity {
    ledger: Uuid,
    writer: Writer,
    signer: SigningKey,
}

impl Identity {
    /// Reads it, or makes one where there is none.
    ///
    /// # Errors
    /// [`AppError`] naming the file.
    pub fn open_or_create(config: &Config, keys: &LocalKeyFile) -> Result<Self, AppError> {
        let path = config.signing_seed();
        let (ledger, seed) = match fs::read(&path) {
            Ok(bytes) => {
                let damaged = || AppError::Damaged(path.clone());
                let (id, sealed) = bytes.split_first_chunk::<16>().ok_or_else(damaged)?;
                let ledger = Uuid::from_bytes(*id);
                (ledger, keys.open(Purpose::SigningSeed, ledger, sealed)?)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (ledger, seed) = (Uuid::now_v7(), SigningKey::new_seed()?);
                let sealed = keys.seal(Purpose::SigningSeed, ledger, seed.as_slice())?;
                write(&path, &[ledger.as_bytes().as_slice(), &sealed].concat())?;
                (ledger, seed.to_vec())
            }
            Err(cause) => return Err(AppError::File { path, cause }),
        };
        let signer = SigningKey::from_seed(&format!("casemate/{ledger}"), &seed)?;
        let public = config.verifier_key();
        if fs::read_to_string(&public).ok().as_deref() != Some(signer.public().to_string().as_str()) {
            write(&public, signer.public().to_string().as_bytes())?;
        }
        let writer = WRITER.parse().map_err(|_| AppError::Damaged(path))?;
        Ok(Self { ledger, writer, signer })
    }

    pub(super) const fn ledger(&self) -> Uuid {
        self.ledger
    }

    pub(super) const fn writer(&self) -> Writer {
        self.writer
    }

    pub(super) fn into_signer(self) -> SigningKey {
        self.signer
    }
}

/// Writes a file whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    durable::write(path, bytes).map_err(AppError::file(path))
}
