//! Message authentication: HMAC-SHA-256 (RFC 2104) and keys derived by HKDF (RFC 5869). It doesn't know what is
//! authenticated.

use aws_lc_rs::{constant_time, hkdf, hmac};
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::secret::Secret;

/// A key for HMAC-SHA-256.
#[derive(Clone)]
pub struct MacKey {
    secret: Secret,
    key: hmac::Key,
}

impl MacKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Secret::generate().map(Self::new)
    }

    /// The key with these 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        Secret::parse(bytes).map(Self::new)
    }

    fn new(secret: Secret) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        Self { secret, key }
    }

    /// The key's bytes, for the one peer that must check tags.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.secret.expose()
    }

    /// The tag of the parts, one after the other. A caller whose parts can have any length must delimit them.
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(part);
        }
        let mut tag = [0; 32];
        for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        tag
    }

    /// Whether this is the tag of the parts, in a time that doesn't depend on how much of it is.
    #[must_use]
    pub fn is_tag(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.tag(parts), tag).is_ok()
    }

    /// Another key for another purpose: HKDF-SHA-256 with the labels as info, each led by its length.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the library fails.
    pub fn derive(&self, labels: &[&[u8]]) -> Result<Self, KeyError> {
        let lengths: Vec<[u8; 8]> = labels.iter().map(|label| (label.len() as u64).to_be_bytes()).collect();
        let info: Vec<&[u8]> =
            lengths.iter().zip(labels).flat_map(|(length, label)| [length.as_slice(), label]).collect();
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"casemate/derive/v1").extract(self.secret.expose());
        let mut bytes = Zeroizing::new([0; 32]);
        root.expand(&info, hkdf::HKDF_SHA256)?.fill(bytes.as_mut_slice())?;
        Secret::parse(bytes.as_slice()).map(Self::new)
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(…)")
    }
}
