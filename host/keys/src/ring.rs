//! The ring of keys: the wrapper protects a key of each tenant, and that one the tenant's data keys and the keys of its
//! runs and subjects. Whoever needs a key asks here, and says for which tenant and use. It doesn't know what is sealed,
//! nor where its own document is kept. The nil tenant is the host itself.

mod entries;
mod held;
mod rotation;
mod signers;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::data_key::{DataKey, WrappedKey};
use crate::document::{Document, KeyChange, Slot};
use crate::envelope;
use crate::error::KeyError;
use crate::local::LocalKeyFile;
use crate::mac::MacKey;
use crate::purpose::{Context, Purpose, Use};
use crate::seals::Limits;
use crate::signing::SigningKey;
use crate::signing_keys::{SigningKeys, SigningKind};
use crate::store::{KeyStore, MemoryStore};
use crate::wrapper::KeyWrapper;
pub use entries::KeyEntry;
pub(crate) use entries::entries;
pub(crate) use held::Held;

/// How often a change is tried that others get before.
const TRIES: u32 = 64;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Clock = fn() -> u64;

/// All keys of a host.
pub struct KeyRing {
    // Held for one look-up, or one write of the document.
    held: Mutex<Held>,
    has_news: AtomicBool,
}

/// The keys of one run.
#[derive(Debug)]
pub struct RunKey {
    /// Seals its frames.
    pub key: DataKey,
    /// The epoch of the tenant's token key with which it began, so that its tokens are what they were.
    pub token_epoch: u32,
}

impl KeyRing {
    /// Reads the ring, or makes a new one; finishes a rotation that was cut off, all but the new key
    /// of the host's own tenant: the next rotation makes it. Several processes may have it open.
    ///
    /// # Errors
    /// Those of store and wrapper.
    pub fn open(
        store: Box<dyn KeyStore>,
        wrapper: Box<dyn KeyWrapper>,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, KeyError> {
        let last = store.read()?;
        let document = match &last {
            Some(bytes) => Document::parse(bytes, &*store)?,
            None => Document::new(uuid::Builder::from_random_bytes(crate::secret::random()?).into_uuid()),
        };
        let held = Held::new((document, last), store, wrapper, limits, clock);
        let ring = Self { held: Mutex::new(held), has_news: AtomicBool::new(false) };
        ring.with(Held::follow_root)?;
        for kind in SigningKind::ALL {
            ring.with(|held| held.ensure_signer(kind))?;
        }
        Ok(ring)
    }

    /// The document of a new ring, which is nowhere kept yet: whole, so that of several that are made at once one is taken as
    /// it is.
    ///
    /// # Errors
    /// Those of the wrapper.
    pub fn make(wrapper: Box<dyn KeyWrapper>, limits: Limits, clock: Clock) -> Result<Vec<u8>, KeyError> {
        let ring = Self::open(Box::new(MemoryStore::default()), wrapper, limits, clock)?;
        ring.lock().bytes().map(<[u8]>::to_vec).ok_or(KeyError::Library)
    }

    /// Takes note of what other processes have changed. Whether they had.
    ///
    /// # Errors
    /// Those of the store.
    pub fn refresh(&self) -> Result<bool, KeyError> {
        let mut held = self.lock();
        let changed = held.refresh()?;
        self.has_news.store(held.has_news(), Ordering::Release);
        Ok(changed)
    }

    /// A ring that ends with the process, for runs that keep nothing.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the system has no randomness.
    pub fn ephemeral(clock: Clock) -> Result<Self, KeyError> {
        let wrapper = Box::new(LocalKeyFile::ephemeral()?);
        Self::open(Box::new(MemoryStore::default()), wrapper, Limits::default(), clock)
    }

    /// Acts on the ring as it is: again, where another process has changed it meanwhile, or knows a key that this one
    /// doesn't.
    fn with<T>(&self, act: impl Fn(&mut Held) -> Result<T, KeyError>) -> Result<T, KeyError> {
        let mut held = self.lock();
        let mut tries = 0;
        let done = loop {
            match act(&mut held) {
                Err(KeyError::Stale) if tries < TRIES => drop(held.refresh()?),
                Err(KeyError::DoesNotOpen) if tries == 0 && held.refresh()? => {}
                done => break done,
            }
            tries += 1;
        };
        self.has_news.store(held.has_news(), Ordering::Release);
        done
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host's id, which its signing keys are named after.
    #[must_use]
    pub fn host(&self) -> Uuid {
        self.lock().document().host
    }

    /// Makes a tenant's key, if it has none.
    ///
    /// # Errors
    /// Those of store and wrapper.
    pub fn ensure_tenant(&self, tenant: Uuid) -> Result<(), KeyError> {
        self.with(|held| held.current(Slot::tenant(tenant)).map(drop))
    }

    /// A new key for a run of a tenant.
    ///
    /// # Errors
    /// Those of store and wrapper.
    pub fn run_key(&self, tenant: Uuid) -> Result<RunKey, KeyError> {
        let token_epoch = self.epoch(tenant, Use::Token)?;
        let seals = self.lock().limits().seals;
        Ok(RunKey { key: DataKey::generate_within(1, seals)?, token_epoch })
    }

    /// Wraps a run's key under the tenant's, to be kept beside the run.
    ///
    /// # Errors
    /// [`KeyError::Exhausted`], and those of store and wrapper.
    pub fn wrap_run(&self, tenant: Uuid, run: Uuid, key: &RunKey) -> Result<WrappedKey, KeyError> {
        let context = Context { tenant, purpose: Purpose::RunKey, id: run, part: 0 };
        let active = self.with(|held| held.active(Slot::tenant(tenant), 1))?;
        active.wrap(&context, &key.key, &key.token_epoch.to_be_bytes())
    }

    /// Gives a run's key back. Whoever kept the run's records says by [`DataKey::spend`] how many there are.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for a key of another run or tenant.
    pub fn unwrap_run(&self, tenant: Uuid, run: Uuid, wrapped: &WrappedKey) -> Result<RunKey, KeyError> {
        let context = Context { tenant, purpose: Purpose::RunKey, id: run, part: 0 };
        let (key, epoch) = self.unwrap::<4>(tenant, &context, wrapped)?;
        Ok(RunKey { key, token_epoch: u32::from_be_bytes(epoch) })
    }

    /// Wraps the key of one subject's data under the tenant's, to be kept beside the data: whoever drops it has erased
    /// the data.
    ///
    /// # Errors
    /// [`KeyError::Exhausted`], and those of store and wrapper.
    pub fn wrap_subject(&self, tenant: Uuid, subject: Uuid, key: &DataKey) -> Result<WrappedKey, KeyError> {
        let context = Context { tenant, purpose: Purpose::SubjectKey, id: subject, part: 0 };
        self.with(|held| held.active(Slot::tenant(tenant), 1))?.wrap(&context, key, &[])
    }

    /// Gives a subject's key back.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for a key of another subject or tenant.
    pub fn unwrap_subject(&self, tenant: Uuid, subject: Uuid, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        let context = Context { tenant, purpose: Purpose::SubjectKey, id: subject, part: 0 };
        Ok(self.unwrap::<0>(tenant, &context, wrapped)?.0)
    }

    fn unwrap<const N: usize>(
        &self,
        tenant: Uuid,
        context: &Context,
        wrapped: &WrappedKey,
    ) -> Result<(DataKey, [u8; N]), KeyError> {
        let (_, version) = wrapped.under()?;
        self.with(|held| {
            let (key, beside) = held.key(Slot::tenant(tenant), version)?.unwrap(context, wrapped, 1)?;
            key.seals().add(held.limits().seals);
            Ok((key, beside))
        })
    }

    /// Seals a record under the tenant's active data key for a use.
    ///
    /// # Errors
    /// [`KeyError::Exhausted`], and those of store and wrapper.
    pub fn seal(&self, tenant: Uuid, data: Use, id: Uuid, part: u64, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let context = Context { tenant, purpose: Purpose::Data(data), id, part };
        self.with(|held| held.active(Slot::data(tenant, data), 1)?.seal(&context, plain))
    }

    /// Opens a record of [`KeyRing::seal`], whatever the epoch that it was sealed in.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for anything else.
    pub fn open_record(
        &self,
        tenant: Uuid,
        data: Use,
        id: Uuid,
        part: u64,
        sealed: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let context = Context { tenant, purpose: Purpose::Data(data), id, part };
        let version = envelope::parse(sealed)?.key_version;
        self.with(|held| held.key(Slot::data(tenant, data), version)?.open(&context, sealed))
    }

    /// The active epoch of a tenant's data key, which is made if there is none.
    ///
    /// # Errors
    /// Those of store and wrapper.
    pub fn epoch(&self, tenant: Uuid, data: Use) -> Result<u32, KeyError> {
        self.with(|held| held.current(Slot::data(tenant, data)))
    }

    /// The key for MACs of a tenant's data key in an epoch.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for an epoch that never was.
    pub fn mac_key(&self, tenant: Uuid, data: Use, epoch: u32) -> Result<MacKey, KeyError> {
        self.with(|held| held.key(Slot::data(tenant, data), epoch)?.mac_key(&[b"mac"]))
    }

    /// Gives the host a new key: the wrapper's, under which every tenant's key is wrapped anew, and the host's own.
    ///
    /// # Errors
    /// Those of store and wrapper. Whatever it was that failed, everything can be read that could be before.
    pub fn rotate_host(&self) -> Result<(), KeyError> {
        // Once, whatever others do to the document meanwhile.
        self.lock().wrapper.rotate()?;
        self.with(Held::follow_root)?;
        self.with(|held| held.rotate_tenant(Uuid::nil()))
    }

    /// Gives a tenant a new key and each of its data keys a new epoch.
    ///
    /// # Errors
    /// Those of store and wrapper; then nothing has changed.
    pub fn rotate_tenant(&self, tenant: Uuid) -> Result<(), KeyError> {
        self.with(|held| held.rotate_tenant(tenant))
    }

    /// Destroys every key of a tenant, and returns how many there were: what was sealed under them, here or in a copy, opens
    /// no more, but with a copy of this document. Durable on return; twice is as once. The nil tenant is the host, which has
    /// keys for as long as it is there.
    ///
    /// # Errors
    /// Those of the store; then nothing has changed.
    pub fn destroy_tenant(&self, tenant: Uuid) -> Result<usize, KeyError> {
        if tenant.is_nil() {
            return Err(KeyError::DoesNotOpen);
        }
        self.with(|held| held.destroy(tenant))
    }

    /// Makes a new active signing key. The old one signs too for so many milliseconds, and verifies for ever.
    ///
    /// # Errors
    /// [`KeyError::Full`] when too many keys of the kind sign at once; those of store and wrapper.
    pub fn rotate_signing(&self, kind: SigningKind, overlap_ms: u64) -> Result<(), KeyError> {
        self.with(|held| held.rotate_signer(kind, overlap_ms))
    }

    /// The keys of a kind that sign now, the active one first.
    ///
    /// # Errors
    /// [`KeyError`] when a seed doesn't open.
    pub fn signers(&self, kind: SigningKind) -> Result<Vec<SigningKey>, KeyError> {
        self.lock().signers(kind)
    }

    /// The public halves of all signing keys.
    #[must_use]
    pub fn signing(&self) -> SigningKeys {
        self.lock().signing()
    }

    /// Every key, with what may be known of it.
    #[must_use]
    pub fn list(&self) -> Vec<KeyEntry> {
        self.lock().entries()
    }

    /// Whether there are changes that are not on record. Costs one look at a flag.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.has_news.load(Ordering::Acquire)
    }

    /// The changes that are not on record, the oldest first.
    #[must_use]
    pub fn news(&self) -> Vec<KeyChange> {
        self.lock().document().unrecorded.clone()
    }

    /// Notes that these changes are on record now.
    ///
    /// # Errors
    /// Those of the store.
    pub fn recorded(&self, changes: &[KeyChange]) -> Result<(), KeyError> {
        self.with(|held| held.recorded(changes))
    }
}

/// Whether this wrapper has the key under which the keys of a document are wrapped.
///
/// # Errors
/// [`KeyError::Damaged`].
pub fn is_under(document: &[u8], store: &dyn KeyStore, wrapper: &dyn KeyWrapper) -> Result<bool, KeyError> {
    let document = Document::parse(document, store)?;
    let known = wrapper.describe().roots;
    Ok(document.roots.last().is_none_or(|last| known.iter().any(|root| root.id == last.id)))
}

/// The host's id in a document, by which rings are told apart; none for what is no document.
#[must_use]
pub fn ring_id(document: &[u8]) -> Option<Uuid> {
    serde_json::from_slice::<Document>(document).ok().map(|document| document.host)
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing(…)")
    }
}
