//! Keys that seal data: AES-256-GCM (NIST SP 800-38D), each record bound to its tenant, purpose and id, so that a
//! record can't be moved to another place. It doesn't know where records are kept.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::envelope::{self, NONCE};
use crate::error::KeyError;
use crate::id::KeyId;
use crate::mac::MacKey;
use crate::purpose::Context;
use crate::seals::{Limits, Seals};
use crate::secret::{Secret, random};

/// A key that seals and opens records.
pub struct DataKey {
    secret: Secret,
    id: KeyId,
    version: u32,
    key: LessSafeKey,
    // Shared by all duplicates: they are one key.
    seals: Arc<Seals>,
}

impl DataKey {
    /// A new random key, the first of its kind.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Self::generate_within(1, Limits::default().seals)
    }

    /// The key with these 32 bytes, the first of its kind.
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        Self::new(Secret::parse(bytes)?, 1, Limits::default().seals)
    }

    /// A new random key with a version and a number of seals.
    pub(crate) fn generate_within(version: u32, seals: u64) -> Result<Self, KeyError> {
        Self::new(Secret::generate()?, version, seals)
    }

    pub(crate) fn new(secret: Secret, version: u32, seals: u64) -> Result<Self, KeyError> {
        let id = KeyId::of(&secret)?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret.expose())?);
        Ok(Self { secret, id, version, key, seals: Arc::new(Seals::new(seals)) })
    }

    /// The same key once more, for another owner in this process. Both seal from one budget.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the library fails.
    pub fn duplicate(&self) -> Result<Self, KeyError> {
        let same = Self::new(self.secret.clone(), self.version, 0)?;
        Ok(Self { seals: Arc::clone(&self.seals), ..same })
    }

    /// Its name, which is no secret.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Its version or epoch, from 1.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Takes away seals that were made with it before this process had it.
    pub fn spend(&self, seals: u64) {
        self.seals.spend(seals);
    }

    /// The key's bytes, for whoever may open what it sealed: an auditor, of one run. With them records can be made, too.
    #[must_use]
    pub fn disclose(&self) -> &[u8; 32] {
        self.secret.expose()
    }

    pub(crate) fn seals(&self) -> &Seals {
        &self.seals
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// A key for MACs with one purpose, which lives as long as this one.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the library fails.
    pub fn mac_key(&self, labels: &[&[u8]]) -> Result<MacKey, KeyError> {
        MacKey::from_bytes(self.secret.expose())?.derive(labels)
    }

    /// Seals a record for one place.
    ///
    /// # Errors
    /// [`KeyError::Exhausted`] when the key has sealed as often as it may, [`KeyError::Library`] when the system has no
    /// randomness.
    pub fn seal(&self, context: &Context, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        if !self.seals.take() {
            return Err(KeyError::Exhausted(self.id));
        }
        self.seal_with(random()?, context, plain)
    }

    /// With a nonce of the caller's, who answers for it being new: random in [`DataKey::seal`], fixed in test vectors.
    pub(crate) fn seal_with(&self, nonce: [u8; NONCE], context: &Context, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let header = envelope::header(self.id, self.version, nonce);
        let mut sealed = Vec::with_capacity(header.len() + plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&header);
        sealed.extend_from_slice(plain);
        let aad = Aad::from(context.associated(&header));
        let (_, body) = sealed.split_at_mut(header.len());
        let tag = self.key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, body)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens a record that was sealed for this place.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for anything else.
    pub fn open(&self, context: &Context, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let parts = envelope::parse(sealed)?;
        if (parts.key_id, parts.key_version) != (self.id, self.version) {
            return Err(KeyError::DoesNotOpen);
        }
        let aad = Aad::from(context.associated(parts.header));
        let mut body = parts.body.to_vec();
        let nonce = Nonce::assume_unique_for_key(parts.nonce);
        let plain = self.key.open_in_place(nonce, aad, &mut body).map_err(|_| KeyError::DoesNotOpen)?.len();
        body.truncate(plain);
        Ok(body)
    }

    /// Seals a key, with what belongs to it.
    pub(crate) fn wrap(&self, context: &Context, key: &Self, beside: &[u8]) -> Result<WrappedKey, KeyError> {
        let plain = Zeroizing::new([key.secret.expose().as_slice(), beside].concat());
        self.seal(context, &plain).map(WrappedKey)
    }

    /// Opens a sealed key of a version: it may not seal anything yet.
    pub(crate) fn unwrap<const N: usize>(
        &self,
        context: &Context,
        wrapped: &WrappedKey,
        version: u32,
    ) -> Result<(Self, [u8; N]), KeyError> {
        let plain = Zeroizing::new(self.open(context, &wrapped.0)?);
        let (secret, beside) = plain.split_first_chunk::<32>().ok_or(KeyError::DoesNotOpen)?;
        let beside = <[u8; N]>::try_from(beside).map_err(|_| KeyError::DoesNotOpen)?;
        Ok((Self::new(Secret::parse(secret)?, version, 0)?, beside))
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({}, {})", self.id, self.version)
    }
}

/// A key, sealed under another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

impl WrappedKey {
    /// The key that it is sealed under.
    pub(crate) fn under(&self) -> Result<(KeyId, u32), KeyError> {
        envelope::parse(&self.0).map(|parts| (parts.key_id, parts.key_version))
    }
}
