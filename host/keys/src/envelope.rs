//! The one form of a sealed record: `version 1 ‖ algorithm 1 ‖ key id 8 ‖ key version 4 ‖ nonce 12 ‖ ciphertext ‖
//! tag 16`, numbers with their highest byte first. It doesn't know keys, only where the fields stand.

use crate::error::KeyError;
use crate::id::KeyId;

/// Bytes before the ciphertext.
pub(crate) const HEADER: usize = 1 + 1 + 8 + 4 + NONCE;
/// Bytes of an AES-GCM nonce (NIST SP 800-38D).
pub(crate) const NONCE: usize = 12;

const VERSION: u8 = 1;
const AES_256_GCM: u8 = 1;

/// The parsed header of a record, and what follows it.
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a [u8; HEADER],
    pub(crate) key_id: KeyId,
    pub(crate) key_version: u32,
    pub(crate) nonce: [u8; NONCE],
    pub(crate) body: &'a [u8],
}

/// The header of a new record.
pub(crate) fn header(key_id: KeyId, key_version: u32, nonce: [u8; NONCE]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let fields = [VERSION, AES_256_GCM].into_iter().chain(key_id.0).chain(key_version.to_be_bytes()).chain(nonce);
    for (to, from) in header.iter_mut().zip(fields) {
        *to = from;
    }
    header
}

/// Parses a record: any bytes, never a panic, one error.
pub(crate) fn parse(sealed: &[u8]) -> Result<Parts<'_>, KeyError> {
    let (header, body) = sealed.split_first_chunk::<HEADER>().ok_or(KeyError::DoesNotOpen)?;
    let (kind, rest) = header.split_first_chunk::<2>().ok_or(KeyError::DoesNotOpen)?;
    let (key_id, rest) = rest.split_first_chunk::<8>().ok_or(KeyError::DoesNotOpen)?;
    let (key_version, rest) = rest.split_first_chunk::<4>().ok_or(KeyError::DoesNotOpen)?;
    let nonce = <[u8; NONCE]>::try_from(rest).map_err(|_| KeyError::DoesNotOpen)?;
    if *kind != [VERSION, AES_256_GCM] {
        return Err(KeyError::DoesNotOpen);
    }
    Ok(Parts { header, key_id: KeyId(*key_id), key_version: u32::from_be_bytes(*key_version), nonce, body })
}
