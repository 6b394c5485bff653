//! The manifest of a signed pack: which pack in which version, how long it holds, and the SHA-256 of every file. It has one
//! spelling, so that what was signed is what is read. It doesn't know the signature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Files, PackError};
use crate::budget::{moment, written};
use crate::id::{AgentName, Digest};

/// Name of its file.
pub const MANIFEST: &str = "manifest.json";

/// What stands in it, in the order of the keys.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    created: String,
    expires: String,
    files: BTreeMap<String, String>,
    id: AgentName,
    #[serde(rename = "type")]
    kind: Kind,
    version: u64,
}

#[derive(Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "casemate-pack-v1")]
    PackV1,
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which pack.
    pub id: AgentName,
    /// In which version, from 1.
    pub version: u64,
    /// When it was signed, in milliseconds since 1970-01-01T00:00:00Z, to the second.
    pub created_ms: u64,
    /// From when on it holds no more.
    pub expires_ms: u64,
    files: BTreeMap<String, Digest>,
}

impl Manifest {
    /// The manifest of these files.
    pub(super) fn of(files: &Files, id: AgentName, version: u64, created_ms: u64, expires_ms: u64) -> Self {
        let files = files.iter().map(|(name, bytes)| (name.to_owned(), Digest::of(bytes))).collect();
        Self { id, version, created_ms, expires_ms, files }
    }

    /// Reads the one spelling that a manifest has.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, PackError> {
        let form = PackError::Manifest("its manifest is not in the form of `casemate-pack-v1`");
        let Ok(Written { created, expires, files, id, version, .. }) = serde_json::from_slice(bytes) else {
            return Err(form);
        };
        let time = |text: &str| moment(text).ok_or(PackError::Manifest("its manifest has a time that is none"));
        let (created_ms, expires_ms) = (time(&created)?, time(&expires)?);
        if version == 0 || created_ms >= expires_ms {
            return Err(PackError::Manifest("its manifest has version 0 or expires before it was made"));
        }
        let digest = |(name, text): (String, String)| Some((name, text.parse().ok()?));
        let files: Option<BTreeMap<String, Digest>> = files.into_iter().map(digest).collect();
        let read = Self { id, version, created_ms, expires_ms, files: files.ok_or(form)? };
        let same = read.bytes() == bytes;
        if same { Ok(read) } else { Err(PackError::Manifest("its manifest is spelled otherwise than it was signed")) }
    }

    /// Its spelling: JSON (RFC 8259) without spaces, keys sorted, one newline at the end.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let written = Written {
            created: written(self.created_ms),
            expires: written(self.expires_ms),
            files: self.files.iter().map(|(name, digest)| (name.clone(), digest.to_string())).collect(),
            id: self.id.clone(),
            kind: Kind::PackV1,
            version: self.version,
        };
        let mut bytes = serde_json::to_vec(&written).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Checks that these are its files, all of them and no others.
    pub(super) fn covers(&self, files: &Files) -> Result<(), PackError> {
        if let Some((extra, _)) = files.iter().find(|(name, _)| !self.files.contains_key(*name)) {
            return Err(PackError::FileExtra(extra.to_owned()));
        }
        for (name, digest) in &self.files {
            let bytes = files.get(name).ok_or_else(|| PackError::FileMissing(name.clone()))?;
            if Digest::of(bytes) != *digest {
                return Err(PackError::FileChanged(name.clone()));
            }
        }
        Ok(())
    }
}
