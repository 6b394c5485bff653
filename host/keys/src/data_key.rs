//! Keys that seal data: AES-256-GCM (NIST SP 800-38D), each record bound to its tenant, purpose and id, so that a
//! record can't be moved to another place. It doesn't know where records are kept.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest;
use uuid::Uuid;

use crate::envelope::{self, KeyId};
use crate::error::KeyError;
use crate::secret::{Secret, random};

/// What a sealed record is for. Part of what is authenticated; the text never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A frame of a run's journal and ledger.
    Frame,
    /// A data key under the host's key.
    DataKey,
    /// The seed of a signing key.
    SigningSeed,
    /// Login secrets of the host's own database.
    DatabaseSecret,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Frame => b"frame",
            Self::DataKey => b"data-key",
            Self::SigningSeed => b"signing-seed",
            Self::DatabaseSecret => b"database-secret",
        }
    }
}

/// Where a sealed record belongs: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The tenant; nil for the host's own records.
    pub tenant: Uuid,
    /// What it is for.
    pub purpose: Purpose,
    /// Which of its kind.
    pub id: Uuid,
    /// Its place among records with one id; 0 where there is one only.
    pub part: u64,
}

/// A key that seals and opens records.
pub struct DataKey {
    secret: Secret,
    id: KeyId,
    key: LessSafeKey,
}

impl DataKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Self::new(Secret::generate()?)
    }

    /// The key with these 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        Self::new(Secret::parse(bytes)?)
    }

    pub(crate) fn new(secret: Secret) -> Result<Self, KeyError> {
        let fingerprint =
            digest::digest(&digest::SHA256, &[b"casemate/key-id/v1".as_slice(), secret.expose()].concat());
        let id = fingerprint.as_ref().first_chunk::<8>().copied().ok_or(KeyError::Library)?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, secret.expose())?);
        Ok(Self { secret, id, key })
    }

    /// The same key once more, for another owner in this process.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the library fails.
    pub fn duplicate(&self) -> Result<Self, KeyError> {
        Self::new(self.secret.clone())
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Seals a record for one place.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn seal(&self, context: &Context, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce = random()?;
        let header = envelope::header(self.id, nonce);
        let mut sealed = Vec::with_capacity(header.len() + plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&header);
        let mut body = plain.to_vec();
        let aad = Aad::from(associated(context, &header));
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body)?;
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens a record that was sealed for this place.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for anything else.
    pub fn open(&self, context: &Context, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let parts = envelope::parse(sealed)?;
        if parts.key_id != self.id {
            return Err(KeyError::DoesNotOpen);
        }
        let aad = Aad::from(associated(context, parts.header));
        let mut body = parts.body.to_vec();
        let nonce = Nonce::assume_unique_for_key(parts.nonce);
        let plain = self.key.open_in_place(nonce, aad, &mut body).map_err(|_| KeyError::DoesNotOpen)?.len();
        body.truncate(plain);
        Ok(body)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// Tenant ‖ purpose ‖ id ‖ part ‖ header; the purpose is led by its length, all else has a fixed one.
fn associated(context: &Context, header: &[u8]) -> Vec<u8> {
    let label = context.purpose.label();
    let mut aad = Vec::with_capacity(16 + 8 + label.len() + 16 + 8 + header.len());
    aad.extend_from_slice(context.tenant.as_bytes());
    aad.extend_from_slice(&(label.len() as u64).to_be_bytes());
    aad.extend_from_slice(label);
    aad.extend_from_slice(context.id.as_bytes());
    aad.extend_from_slice(&context.part.to_be_bytes());
    aad.extend_from_slice(header);
    aad
}
