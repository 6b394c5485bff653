//! The one form of a sealed record: `version 1 ‖ algorithm 1 ‖ key id 8 ‖ nonce 12 ‖ ciphertext ‖ tag 16`. It doesn't
//! know keys, only where the fields stand.

use crate::error::KeyError;

/// Bytes before the ciphertext.
pub(crate) const HEADER: usize = 1 + 1 + 8 + NONCE;
/// Bytes of an AES-GCM nonce (NIST SP 800-38D).
pub(crate) const NONCE: usize = 12;

const VERSION: u8 = 1;
const AES_256_GCM: u8 = 1;

/// Identifies the key of a record, so that a rotated key's records are found. Not secret.
pub(crate) type KeyId = [u8; 8];

/// The parsed header of a record, and what follows it.
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a [u8; HEADER],
    pub(crate) key_id: KeyId,
    pub(crate) nonce: [u8; NONCE],
    pub(crate) body: &'a [u8],
}

/// The header of a new record.
pub(crate) fn header(key_id: KeyId, nonce: [u8; NONCE]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let fields = [VERSION, AES_256_GCM].into_iter().chain(key_id).chain(nonce);
    for (to, from) in header.iter_mut().zip(fields) {
        *to = from;
    }
    header
}

/// Parses a record.
pub(crate) fn parse(sealed: &[u8]) -> Result<Parts<'_>, KeyError> {
    let (header, body) = sealed.split_first_chunk::<HEADER>().ok_or(KeyError::DoesNotOpen)?;
    let (kind, rest) = header.split_first_chunk::<2>().ok_or(KeyError::DoesNotOpen)?;
    let (key_id, rest) = rest.split_first_chunk::<8>().ok_or(KeyError::DoesNotOpen)?;
    let nonce = <[u8; NONCE]>::try_from(rest).map_err(|_| KeyError::DoesNotOpen)?;
    if *kind != [VERSION, AES_256_GCM] {
        return Err(KeyError::DoesNotOpen);
    }
    Ok(Parts { header, key_id: *key_id, nonce, body })
}
