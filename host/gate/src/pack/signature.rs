//! The detached signature of a pack: a text with the signer's key id and an Ed25519 signature (RFC 8032) over the exact
//! bytes of the manifest, so that any library verifies it. There is one spelling of each. It doesn't know who is trusted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use casemate_keys::{PublicKey, SigningKey};

use super::PackError;

/// Name of its file.
pub const SIGNATURE: &str = "manifest.sig";

const FIRST_LINE: &str = "casemate-pack-signature-v1";

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    key_id: String,
    bytes: Vec<u8>,
}

impl Signature {
    /// The signature of a manifest.
    pub(super) fn make(key: &SigningKey, manifest: &[u8]) -> Self {
        Self { key_id: key_id(key.public()), bytes: key.sign(manifest) }
    }

    /// Reads its file.
    pub(super) fn parse(file: &[u8]) -> Result<Self, PackError> {
        let text = std::str::from_utf8(file).map_err(|_| PackError::Signature)?;
        let mut lines = text.lines();
        let (_, Some(key_id), Some(bytes)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(PackError::Signature);
        };
        let bytes = BASE64.decode(bytes).map_err(|_| PackError::Signature)?;
        let read = Self { key_id: shown(key_id), bytes };
        if read.text() == text { Ok(read) } else { Err(PackError::Signature) }
    }

    /// What its file holds.
    pub(super) fn text(&self) -> String {
        format!("{FIRST_LINE}\n{}\n{}\n", self.key_id, BASE64.encode(&self.bytes))
    }

    /// Whether it says that this key made it.
    pub(super) fn is_by(&self, key: &PublicKey) -> bool {
        self.key_id == key_id(key)
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `name+hash`: how notes name a key (C2SP signed-note).
fn key_id(key: &PublicKey) -> String {
    format!("{}+{:08x}", key.name(), key.id())
}

/// A stranger's words in an error: what is longer or unreadable is no key's id anyway.
fn shown(key_id: &str) -> String {
    key_id.chars().take(200).filter(|character| !character.is_control()).collect()
}
