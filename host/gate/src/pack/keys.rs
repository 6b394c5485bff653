//! The keys whose signatures are believed on packs. It doesn't know who chose them.

use casemate_keys::PublicKey;

use super::PackError;
use super::signature::Signature;

/// Most keys of a host.
const KEYS: usize = 64;

/// Public keys of those who may sign packs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedKeys {
    keys: Vec<PublicKey>,
    /// Keys that were trusted, so that a pack of theirs is refused with the reason.
    retired: Vec<PublicKey>,
}

impl TrustedKeys {
    /// These keys.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self { keys: keys.into_iter().collect(), retired: Vec::new() }
    }

    /// Reads one key a line, `name+hash+key`. Empty lines and those that start with `#` are nothing.
    ///
    /// # Errors
    /// [`PackError::TrustedKeys`], naming the line, from 1; also for more than 64 keys.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            if keys.len() >= KEYS {
                return Err(PackError::TrustedKeys(number));
            }
            keys.push(line.parse().map_err(|_| PackError::TrustedKeys(number))?);
        }
        Ok(Self { keys, retired: Vec::new() })
    }

    /// Trusts one more key.
    pub fn add(&mut self, key: PublicKey) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    /// Notes a key that signs no packs any more.
    pub fn retire(&mut self, key: PublicKey) {
        self.retired.push(key);
    }

    /// The same, with those that sign no more: what they signed while they did still stands.
    #[must_use]
    pub fn with_retired(&self) -> Self {
        Self { keys: self.keys.iter().chain(&self.retired).cloned().collect(), retired: Vec::new() }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter()
    }

    /// The same without a key.
    #[must_use]
    pub fn without(mut self, key: &PublicKey) -> Self {
        self.keys.retain(|other| other != key);
        self
    }

    /// Whether a key is among them.
    #[must_use]
    pub fn has(&self, key: &PublicKey) -> bool {
        self.keys.contains(key)
    }

    /// The key that made a signature over these bytes. An id has 32 bits, so two keys may share one.
    pub(super) fn signer(&self, signature: &Signature, message: &[u8]) -> Result<&PublicKey, PackError> {
        let mut named = self.keys.iter().filter(|key| signature.is_by(key)).peekable();
        if named.peek().is_none() && self.retired.iter().any(|key| signature.is_by(key)) {
            return Err(PackError::KeyRetired(signature.key_id().to_owned()));
        }
        if named.peek().is_none() {
            return Err(PackError::KeyUnknown(signature.key_id().to_owned()));
        }
        named.find(|key| key.verify(message, signature.bytes()).is_ok()).ok_or(PackError::Signature)
    }
}
