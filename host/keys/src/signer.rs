//! The key that signs checkpoints: Ed25519 (RFC 8032) in the form of C2SP signed notes. It doesn't know what a
//! checkpoint says.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::secret::random;

/// Signature type of Ed25519 in signed notes (C2SP signed-note v1.0.0).
const ED25519: u8 = 1;

/// Signs notes under one name.
#[derive(Debug)]
pub struct LogSigner {
    name: String,
    id: u32,
    pair: Ed25519KeyPair,
}

impl LogSigner {
    /// A new random seed.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn new_seed() -> Result<Zeroizing<[u8; 32]>, KeyError> {
        random().map(Zeroizing::new)
    }

    /// The signer with this name and seed.
    ///
    /// # Errors
    /// [`KeyError::LogName`] for a name that notes can't carry, [`KeyError::Library`] for a seed that is none.
    pub fn from_seed(name: &str, seed: &[u8]) -> Result<Self, KeyError> {
        if !signed_note::is_key_name_valid(name) {
            return Err(KeyError::LogName);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Library)?;
        let id = signed_note::key_id(name, &public(&pair));
        Ok(Self { name: name.to_owned(), id, pair })
    }

    /// The verifier key that an auditor pins: `name+hash+key` (C2SP signed-note).
    #[must_use]
    pub fn verifier_key(&self) -> String {
        format!("{}+{:08x}+{}", self.name, self.id, BASE64.encode(public(&self.pair)))
    }
}

fn public(pair: &Ed25519KeyPair) -> Vec<u8> {
    [&[ED25519], pair.public_key().as_ref()].concat()
}

impl signed_note::Signer for LogSigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.pair.sign(message).as_ref().to_vec())
    }
}
