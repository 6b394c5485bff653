//! Signing: a pack's sources, checked, get their manifest and signature. It doesn't know whose key it is.

use casemate_keys::SigningKey;

use super::manifest::{MANIFEST, Manifest};
use super::signature::{SIGNATURE, Signature};
use super::{Files, PackError, Source};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The same files with manifest and signature; those that were there before are replaced. The pack holds from now on for
/// as many days as its pack.toml says.
///
/// # Errors
/// [`PackError`], the first: nobody signs what nobody could apply.
pub fn sign(files: &Files, key: &SigningKey, now_ms: u64) -> Result<Files, PackError> {
    let mut signed = files.without(&[MANIFEST, SIGNATURE]);
    let source = Source::parse(&signed)?;
    // Times are written to the second.
    let created_ms = now_ms - now_ms % 1_000;
    let expires_ms = created_ms.saturating_add(source.valid_days.saturating_mul(DAY_MS));
    let manifest = Manifest::of(&signed, source.id, source.version, created_ms, expires_ms).bytes();
    // What is written must be what is read, also at the calendar's end.
    Manifest::parse(&manifest)?;
    let signature = Signature::make(key, &manifest).text();
    signed.add(MANIFEST, manifest)?;
    signed.add(SIGNATURE, signature.into_bytes())?;
    Ok(signed)
}
