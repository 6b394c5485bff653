//! Signatures: Ed25519 (RFC 8032) under named keys in the form of C2SP signed notes, so that whoever pins a key pins a
//! line of text. It doesn't know what is signed.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::secret::random;

/// Signature type of Ed25519 in signed notes (C2SP signed-note v1.0.0).
const NOTE_ED25519: u8 = 1;

/// Signs under one name.
#[derive(Debug)]
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// A new random seed.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn new_seed() -> Result<Zeroizing<[u8; 32]>, KeyError> {
        random().map(Zeroizing::new)
    }

    /// The key with this name and seed.
    ///
    /// # Errors
    /// [`KeyError::KeyName`] for a name that notes can't carry, [`KeyError::Library`] for a seed that is none.
    pub fn from_seed(name: &str, seed: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Library)?;
        let key = <[u8; 32]>::try_from(pair.public_key().as_ref()).map_err(|_| KeyError::Library)?;
        let public = PublicKey::new(name, key)?;
        Ok(Self { pair, public })
    }

    /// What others verify with.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature of these bytes: 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl signed_note::Signer for SigningKey {
    fn name(&self) -> &str {
        self.public.name()
    }

    fn key_id(&self) -> u32 {
        self.public.id()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(Self::sign(self, message))
    }
}

/// The public half of a signing key. Its text is `name+hash+key` (C2SP signed-note): a line that people pin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    name: String,
    id: u32,
    key: [u8; 32],
}

impl PublicKey {
    fn new(name: &str, key: [u8; 32]) -> Result<Self, KeyError> {
        if !signed_note::is_key_name_valid(name) {
            return Err(KeyError::KeyName);
        }
        Ok(Self { name: name.to_owned(), id: signed_note::key_id(name, &typed(&key)), key })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id: the first four bytes of a hash over name and key (C2SP signed-note).
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The key itself: 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// Checks a signature of these bytes.
    ///
    /// # Errors
    /// [`KeyError::Signature`] when it is none of this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, signature).map_err(|_| KeyError::Signature)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:08x}+{}", self.name, self.id, BASE64.encode(typed(&self.key)))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.trim().split_once('+').ok_or(KeyError::PublicKey)?;
        let (_, key) = rest.split_once('+').ok_or(KeyError::PublicKey)?;
        let typed = BASE64.decode(key).map_err(|_| KeyError::PublicKey)?;
        let key = match typed.split_first() {
            Some((&NOTE_ED25519, key)) => <[u8; 32]>::try_from(key).map_err(|_| KeyError::PublicKey)?,
            _ => return Err(KeyError::PublicKey),
        };
        let parsed = Self::new(name, key)?;
        // The hash must be this key's, and there is one spelling of a key.
        if parsed.to_string() == text.trim() { Ok(parsed) } else { Err(KeyError::PublicKey) }
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

fn typed(key: &[u8; 32]) -> Vec<u8> {
    [&[NOTE_ED25519], key.as_slice()].concat()
}
