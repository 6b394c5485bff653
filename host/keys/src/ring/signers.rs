//! The ring's signing keys: seeds under a data key of the host's, one active key of each kind, old ones that still sign
//! for a while. It doesn't know what is signed.

use uuid::Uuid;

use super::held::Held;
use crate::data_key::WrappedKey;
use crate::document::{KeyChange, KeyRef, Slot};
use crate::envelope;
use crate::error::KeyError;
use crate::purpose::{Context, Purpose, Use};
use crate::signing::{PublicKey, SigningKey};
use crate::signing_keys::{SIGNING_AT_ONCE, SigningKeyState, SigningKeys, SigningKind, SigningRecord};

const SLOT: Slot = Slot::data(Uuid::nil(), Use::SigningSeed);

impl Held {
    pub(super) fn signing(&self) -> SigningKeys {
        SigningKeys::of(&self.document().signing, self.now_ms())
    }

    pub(super) fn ensure_signer(&mut self, kind: SigningKind) -> Result<(), KeyError> {
        if self.signing().active(kind).is_some() { Ok(()) } else { self.rotate_signer(kind, 0) }
    }

    pub(super) fn rotate_signer(&mut self, kind: SigningKind, overlap_ms: u64) -> Result<(), KeyError> {
        let seed = SigningKey::new_seed()?;
        let name = kind.name_of(self.document().host);
        let public = SigningKey::from_seed(&name, seed.as_slice())?.public().clone();
        let sealed = self.active(SLOT, 1)?.seal(&place(&public), seed.as_slice())?;
        let now_ms = self.now_ms();
        let mut draft = self.document().clone();
        let mut of_kind = draft.signing.iter_mut().filter(|record| record.kind == kind);
        let version = of_kind.by_ref().map(|record| record.version).max().unwrap_or_default();
        let version = version.checked_add(1).ok_or(KeyError::Full)?;
        let named = |public: &PublicKey, version| KeyRef {
            kind: format!("signing/{}", kind.as_str()),
            id: format!("{:08x}", public.id()),
            version,
        };
        let mut before = None;
        let ends_ms = now_ms.saturating_add(overlap_ms);
        for record in draft.signing.iter_mut().filter(|record| record.kind == kind) {
            if record.until_ms.is_none() {
                before = Some(named(&record.public, record.version));
            }
            // A shorter overlap, as after a theft, ends those of older keys as well.
            record.until_ms = Some(record.until_ms.map_or(ends_ms, |until_ms| until_ms.min(ends_ms)));
        }
        let signing = draft.signing.iter().filter(|record| record.kind == kind);
        if signing.filter(|record| record.state(now_ms) != SigningKeyState::Retired).count() >= SIGNING_AT_ONCE {
            return Err(KeyError::Full);
        }
        let after = named(&public, version);
        draft.unrecorded.push(KeyChange { tenant: Uuid::nil(), before, after });
        let seed = WrappedKey(sealed);
        draft.signing.push(SigningRecord { kind, version, public, created_ms: now_ms, until_ms: None, seed });
        self.commit(draft)
    }

    /// The keys of a kind that sign now, the active one first.
    pub(crate) fn signers(&mut self, kind: SigningKind) -> Result<Vec<SigningKey>, KeyError> {
        let now_ms = self.now_ms();
        let signs = |record: &&SigningRecord| record.kind == kind && record.state(now_ms) != SigningKeyState::Retired;
        let records: Vec<_> = self.document().signing.iter().rev().filter(signs).cloned().collect();
        records.iter().map(|record| self.signer(record)).collect()
    }

    fn signer(&mut self, record: &SigningRecord) -> Result<SigningKey, KeyError> {
        let epoch = envelope::parse(&record.seed.0)?.key_version;
        let seed = zeroize::Zeroizing::new(self.key(SLOT, epoch)?.open(&place(&record.public), &record.seed.0)?);
        let signer = SigningKey::from_seed(record.public.name(), &seed)?;
        // The public half stands in the clear; it has to be this seed's.
        if *signer.public() == record.public { Ok(signer) } else { Err(KeyError::DoesNotOpen) }
    }
}

/// A seed opens for its own public key only.
fn place(public: &PublicKey) -> Context {
    let id = public.bytes().first_chunk::<16>().copied().map_or_else(Uuid::nil, Uuid::from_bytes);
    Context { tenant: Uuid::nil(), purpose: Purpose::Data(Use::SigningSeed), id, part: u64::from(public.id()) }
}
