//! Names of keys in headers, lists and logs: eight bytes of a hash over the key. Not secret, and they don't know what
//! the key is for.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::error::KeyError;
use crate::secret::Secret;

/// Identifies a key, so that a rotated key's records find it. Not secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(pub(crate) [u8; 8]);

impl KeyId {
    /// The first bytes of SHA-256 over a label and the key: 256 random bits can't be guessed from it.
    pub(crate) fn of(secret: &Secret) -> Result<Self, KeyError> {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"casemate/key-id/v1");
        context.update(secret.expose());
        context.finish().as_ref().first_chunk::<8>().copied().map(Self).ok_or(KeyError::Library)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let plain = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = plain.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(|number| Self(number.to_be_bytes())).ok_or(KeyError::DoesNotOpen)
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}
