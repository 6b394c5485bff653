//! The signing keys of a host by kind, with their states: what an auditor pins, and what is still signed with. Their
//! public halves can be read by whoever may read the document, without any secret. It doesn't know what is signed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::data_key::WrappedKey;
use crate::document::Document;
use crate::error::KeyError;
use crate::local::LocalKeyFile;
use crate::ring::{Clock, Held, KeyEntry, entries};
use crate::seals::Limits;
use crate::signing::{PublicKey, SigningKey};
use crate::store::KeyStore;

/// Keys of one kind that may sign at the same time: the active one, and old ones in their overlap.
pub(crate) const SIGNING_AT_ONCE: usize = 8;

/// How long an old key goes on signing, if nothing else is said: thirty days, in milliseconds.
pub const OVERLAP_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// What a signing key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SigningKind {
    /// Checkpoints of the ledger.
    Checkpoint,
    /// Tokens of people and services.
    Token,
    /// Policy packs.
    Pack,
}

impl SigningKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Checkpoint, Self::Token, Self::Pack];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Token => "token",
            Self::Pack => "pack",
        }
    }

    /// The name of a host's keys of this kind. A key of one kind can't pass for one of another.
    pub(crate) fn name_of(self, host: Uuid) -> String {
        match self {
            Self::Checkpoint => format!("casemate/{host}"),
            Self::Token | Self::Pack => format!("casemate/{host}/{}", self.as_str()),
        }
    }
}

/// Whether a key is used for what is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKeyState {
    /// It is.
    Active,
    /// It has a successor and signs beside it until then, in milliseconds since 1970-01-01T00:00:00Z.
    Retiring {
        /// Until when.
        until_ms: u64,
    },
    /// It is not; it verifies and opens what is old.
    Retired,
}

impl SigningKeyState {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retiring { .. } => "retiring",
            Self::Retired => "retired",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningRecord {
    pub(crate) kind: SigningKind,
    pub(crate) version: u32,
    pub(crate) public: PublicKey,
    pub(crate) created_ms: u64,
    /// Until when it signs; `None` for the active key.
    pub(crate) until_ms: Option<u64>,
    /// Its seed, under a data key of the host's.
    pub(crate) seed: WrappedKey,
}

impl SigningRecord {
    pub(crate) fn state(&self, now_ms: u64) -> SigningKeyState {
        match self.until_ms {
            None => SigningKeyState::Active,
            Some(until_ms) if until_ms > now_ms => SigningKeyState::Retiring { until_ms },
            Some(_) => SigningKeyState::Retired,
        }
    }
}

/// The public half of a signing key, and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicSigningKey {
    /// What it signs.
    pub kind: SigningKind,
    /// Its version, from 1.
    pub version: u32,
    /// The key.
    pub key: PublicKey,
    /// Whether it still signs.
    pub state: SigningKeyState,
    /// When it was made, in milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: u64,
}

/// The public halves of a host's signing keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SigningKeys(Vec<PublicSigningKey>);

impl SigningKeys {
    /// Reads them without a lock and without any secret.
    ///
    /// # Errors
    /// [`KeyError::None`] where there are none yet, or those of the store.
    pub fn look(store: &dyn KeyStore, now_ms: u64) -> Result<Self, KeyError> {
        Ok(Self::of(&document(store)?.signing, now_ms))
    }

    pub(crate) fn of(records: &[SigningRecord], now_ms: u64) -> Self {
        let public = |record: &SigningRecord| PublicSigningKey {
            kind: record.kind,
            version: record.version,
            key: record.public.clone(),
            state: record.state(now_ms),
            created_ms: record.created_ms,
        };
        Self(records.iter().rev().map(public).collect())
    }

    /// The active key of a kind.
    #[must_use]
    pub fn active(&self, kind: SigningKind) -> Option<&PublicSigningKey> {
        self.all(kind).find(|key| key.state == SigningKeyState::Active)
    }

    /// Whether a public key is one of them, whatever it signs.
    #[must_use]
    pub fn has(&self, key: &PublicKey) -> bool {
        self.0.iter().any(|own| own.key == *key)
    }

    /// All keys of a kind, the active one first: whatever any of them signed can be verified.
    pub fn all(&self, kind: SigningKind) -> impl Iterator<Item = &PublicSigningKey> {
        self.0.iter().filter(move |key| key.kind == kind)
    }
}

/// The active signing key of a kind, for whoever doesn't hold the ring: nothing is written and no lock is needed.
/// The wrapper is opened after the document was read, so that it has every key that the document needs.
///
/// # Errors
/// [`KeyError::None`] where there are no keys yet, and those of store and wrapper.
pub fn signing_key(
    store: Box<dyn KeyStore>,
    key_file: &std::path::Path,
    kind: SigningKind,
    clock: Clock,
) -> Result<SigningKey, KeyError> {
    let document = document(&*store)?;
    let place = store.place();
    let wrapper = Box::new(LocalKeyFile::open(key_file)?);
    let signers = Held::new((document, None), store, wrapper, Limits::default(), clock).signers(kind)?;
    signers.into_iter().next().ok_or(KeyError::None(place))
}

/// Every key, with what may be known of it, for whoever doesn't hold the ring.
///
/// # Errors
/// [`KeyError::None`] where there are no keys yet, and those of the store.
pub fn list(store: &dyn KeyStore, now_ms: u64) -> Result<Vec<KeyEntry>, KeyError> {
    Ok(entries(&document(store)?, now_ms))
}

fn document(store: &dyn KeyStore) -> Result<Document, KeyError> {
    Document::read(store)?.ok_or_else(|| KeyError::None(store.place()))
}
