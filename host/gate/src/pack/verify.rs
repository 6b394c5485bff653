//! From bytes that nobody vouches for to a pack: signature file, key, signature, manifest, file set, time, and only then
//! what the files say. It doesn't know which versions were active before; [`super::Known`] does.

use super::manifest::{MANIFEST, Manifest};
use super::signature::{SIGNATURE, Signature};
use super::{Files, PackError, Source, TrustedKeys};
use crate::id::{AgentName, Digest};
use crate::policy::Policy;

/// By how much the clocks of signer and host may differ, in milliseconds.
const CLOCKS_DIFFER: u64 = 5 * 60 * 1_000;

/// Files of which nothing is believed yet.
#[derive(Debug, Clone)]
pub struct Unverified {
    files: Files,
}

/// A pack that somebody trusted has signed, as a whole, and that holds now: the proof of it.
#[derive(Debug, Clone)]
pub struct Verified {
    files: Files,
    signer: String,
    pack: Pack,
}

/// What a pack says.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Which pack.
    pub id: AgentName,
    /// In which version.
    pub version: u64,
    /// SHA-256 of its manifest: names this version in every entry of the ledger.
    pub digest: Digest,
    /// From when on it holds no more, in milliseconds since 1970-01-01T00:00:00Z.
    pub expires_ms: u64,
    /// What its files say. The policy's digest is the pack's.
    pub source: Source,
}

impl Pack {
    /// Its policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.source.policy
    }

    /// Whether its time is over.
    ///
    /// # Errors
    /// [`PackError::Expired`].
    pub const fn holds_at(&self, now_ms: u64) -> Result<(), PackError> {
        if now_ms >= self.expires_ms { Err(PackError::Expired(self.expires_ms)) } else { Ok(()) }
    }
}

impl Verified {
    /// The pack.
    #[must_use]
    pub const fn pack(&self) -> &Pack {
        &self.pack
    }

    /// The key that signed it, `name+hash`.
    #[must_use]
    pub fn signer(&self) -> &str {
        &self.signer
    }

    /// All its files, as they were verified.
    #[must_use]
    pub const fn files(&self) -> &Files {
        &self.files
    }
}

impl Unverified {
    /// These files.
    #[must_use]
    pub const fn of(files: Files) -> Self {
        Self { files }
    }

    /// Verifies all of it.
    ///
    /// # Errors
    /// [`PackError`]: the first reason to refuse it.
    pub fn verify(self, keys: &TrustedKeys, now_ms: u64) -> Result<Verified, PackError> {
        let (bytes, signature) = match (self.files.get(MANIFEST), self.files.get(SIGNATURE)) {
            (Some(bytes), Some(signature)) => (bytes, signature),
            (None, None) => return Err(PackError::Unsigned),
            (Some(_), None) => return Err(PackError::SignatureRemoved),
            (None, Some(_)) => return Err(PackError::ManifestRemoved),
        };
        let signature = Signature::parse(signature)?;
        keys.signer(&signature, bytes)?;
        let digest = Digest::of(bytes);
        let manifest = Manifest::parse(bytes)?;
        let contents = self.contents();
        manifest.covers(&contents)?;
        if now_ms >= manifest.expires_ms {
            return Err(PackError::Expired(manifest.expires_ms));
        }
        if now_ms.saturating_add(CLOCKS_DIFFER) < manifest.created_ms {
            return Err(PackError::NotYet(manifest.created_ms));
        }
        let pack = read(&contents, manifest, digest)?;
        Ok(Verified { signer: signature.key_id().to_owned(), files: self.files, pack })
    }

    /// Reads a pack that was verified when it was activated, by the digest that is on record: whatever its age, it is
    /// byte for byte what was activated.
    ///
    /// # Errors
    /// [`PackError::Other`], and [`PackError`] for a file that isn't what the manifest says.
    pub fn recorded_as(self, digest: Digest) -> Result<Pack, PackError> {
        let bytes = self.files.get(MANIFEST).filter(|bytes| Digest::of(bytes) == digest);
        let manifest = Manifest::parse(bytes.ok_or(PackError::Other(digest))?)?;
        let contents = self.contents();
        manifest.covers(&contents)?;
        read(&contents, manifest, digest)
    }

    fn contents(&self) -> Files {
        self.files.without(&[MANIFEST, SIGNATURE])
    }
}

/// What files say that are the manifest's.
fn read(contents: &Files, manifest: Manifest, digest: Digest) -> Result<Pack, PackError> {
    let mut source = Source::parse(contents)?;
    if source.id != manifest.id || source.version != manifest.version {
        return Err(PackError::Manifest("its manifest has another id or version than its pack.toml"));
    }
    source.policy.digest = digest;
    let Manifest { id, version, expires_ms, .. } = manifest;
    Ok(Pack { id, version, digest, expires_ms, source })
}
