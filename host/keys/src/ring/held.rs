//! What the ring holds in memory: the document, and keys that were unwrapped. It makes keys, charges them for seals
//! before they make them, and writes each change before it is used. It doesn't know who asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::Clock;
use crate::data_key::{DataKey, WrappedKey};
use crate::document::{Document, KeyChange, KeyRecord, Slot};
use crate::error::KeyError;
use crate::purpose::{Context, Purpose};
use crate::seals::Limits;
use crate::store::KeyStore;
use crate::wrapper::KeyWrapper;

pub(crate) struct Held {
    document: Document,
    /// The document's bytes as they were read or written last.
    last: Option<Vec<u8>>,
    store: Box<dyn KeyStore>,
    pub(super) wrapper: Box<dyn KeyWrapper>,
    limits: Limits,
    clock: Clock,
    /// Keys by slot and version, with the seals that they may make before they are charged anew.
    keys: BTreeMap<(Slot, u32), Arc<DataKey>>,
    /// Seals that this process charged a key for.
    taken: BTreeMap<(Slot, u32), u64>,
}

impl Held {
    pub(crate) fn new(
        (document, last): (Document, Option<Vec<u8>>),
        store: Box<dyn KeyStore>,
        wrapper: Box<dyn KeyWrapper>,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        Self { document, last, store, wrapper, limits, clock, keys: BTreeMap::new(), taken: BTreeMap::new() }
    }

    /// Reads the document again, if another process has replaced it. Whether it had.
    pub(super) fn refresh(&mut self) -> Result<bool, KeyError> {
        let bytes = self.store.read()?;
        if bytes == self.last {
            return Ok(false);
        }
        let read = bytes.as_deref().ok_or_else(|| KeyError::Missing(self.store.place()))?;
        self.document = Document::parse(read, &*self.store)?;
        self.last = bytes;
        // What is not in it any more was destroyed.
        let document = &self.document;
        let is_known = |slot: Slot, key: &DataKey| document.records(slot).iter().any(|record| record.id == key.id());
        self.keys.retain(|(slot, _), key| is_known(*slot, key));
        Ok(true)
    }

    /// The document's bytes as they were read or written last.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        self.last.as_deref()
    }

    pub(super) const fn document(&self) -> &Document {
        &self.document
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    pub(super) fn has_news(&self) -> bool {
        !self.document.unrecorded.is_empty()
    }

    pub(super) fn recorded(&mut self, changes: &[KeyChange]) -> Result<(), KeyError> {
        let mut draft = self.document.clone();
        draft.unrecorded.retain(|change| !changes.contains(change));
        self.commit(draft)
    }

    /// Writes the document; it holds from then on.
    pub(super) fn commit(&mut self, draft: Document) -> Result<(), KeyError> {
        self.last = Some(draft.replace(&*self.store, self.last.as_deref())?);
        self.document = draft;
        Ok(())
    }

    /// Takes a tenant's keys out of the document, and out of memory.
    pub(super) fn destroy(&mut self, tenant: Uuid) -> Result<usize, KeyError> {
        let mut draft = self.document.clone();
        let keys = draft.tenants.remove(&tenant).unwrap_or_default();
        let known = draft.unrecorded.len();
        draft.unrecorded.retain(|change| change.tenant != tenant);
        let count = keys.versions.len().saturating_add(keys.data.values().map(Vec::len).sum());
        if count > 0 || draft.unrecorded.len() < known {
            self.commit(draft)?;
        }
        self.keys.retain(|(slot, _), _| slot.tenant != tenant);
        self.taken.retain(|(slot, _), _| slot.tenant != tenant);
        Ok(count)
    }

    /// A version of a key. It may seal only what it was charged for.
    pub(super) fn key(&mut self, slot: Slot, version: u32) -> Result<Arc<DataKey>, KeyError> {
        if let Some(key) = self.keys.get(&(slot, version)) {
            return Ok(Arc::clone(key));
        }
        let record = self.document.records(slot).iter().find(|record| record.version == version);
        let KeyRecord { id, wrapped, .. } = record.cloned().ok_or(KeyError::DoesNotOpen)?;
        let key = match slot.data {
            None => self.wrapper.unwrap(slot.tenant, version, &wrapped)?,
            Some(_) => {
                let (_, under) = wrapped.under()?;
                let tenant = self.key(Slot::tenant(slot.tenant), under)?;
                tenant.unwrap::<0>(&context(slot, version), &wrapped, version)?.0
            }
        };
        if key.id() != id {
            return Err(KeyError::DoesNotOpen);
        }
        Ok(self.keep(slot, key))
    }

    pub(super) fn keep(&mut self, slot: Slot, key: DataKey) -> Arc<DataKey> {
        let key = Arc::new(key);
        self.keys.insert((slot, key.version()), Arc::clone(&key));
        key
    }

    /// The active version of a key, which is made if there is none.
    pub(super) fn current(&mut self, slot: Slot) -> Result<u32, KeyError> {
        match self.document.records(slot).last() {
            Some(record) => Ok(record.version),
            None => self.succeed(slot).map(|key| key.version()),
        }
    }

    /// The active version of a key, charged for at least so many seals more; a successor where it has made many.
    pub(super) fn active(&mut self, slot: Slot, seals: u64) -> Result<Arc<DataKey>, KeyError> {
        let version = self.current(slot)?;
        let key = self.key(slot, version)?;
        if key.seals().left() >= seals {
            return Ok(key);
        }
        let charged = self.document.records(slot).last().map_or(0, |record| record.sealed);
        let key = if charged >= self.limits.roll { self.succeed(slot)? } else { key };
        self.charge(slot, &key, seals)?;
        Ok(key)
    }

    fn charge(&mut self, slot: Slot, key: &DataKey, seals: u64) -> Result<(), KeyError> {
        let place = (slot, key.version());
        let taken = self.taken.get(&place).copied().unwrap_or_default();
        let mut draft = self.document.clone();
        let record = draft.records_mut(slot).iter_mut().find(|record| record.version == key.version());
        let record = record.ok_or(KeyError::DoesNotOpen)?;
        let left = self.limits.seals.saturating_sub(record.sealed);
        let lease = self.limits.next_lease(record.sealed, taken).max(seals);
        if lease > left {
            return Err(KeyError::Exhausted(key.id()));
        }
        record.sealed = record.sealed.saturating_add(lease);
        self.commit(draft)?;
        self.taken.insert(place, taken.saturating_add(lease));
        key.seals().add(lease);
        Ok(())
    }

    /// Makes the next version of a key.
    fn succeed(&mut self, slot: Slot) -> Result<Arc<DataKey>, KeyError> {
        let (key, record) = self.next(slot, 0)?;
        // First, since it may have to write the document itself.
        let wrapped = match slot.data {
            None => None,
            Some(_) => Some(self.wrap_data(slot, &key)?),
        };
        let mut draft = self.document.clone();
        let wrapped = match wrapped {
            Some(wrapped) => wrapped,
            None => self.wrap_tenant(&mut draft, slot.tenant, &key)?,
        };
        draft.push(slot, KeyRecord { wrapped, ..record });
        self.commit(draft)?;
        Ok(self.keep(slot, key))
    }

    /// A new key that nothing knows yet, charged for at least so many seals, and its record, which lacks the key.
    pub(super) fn next(&self, slot: Slot, seals: u64) -> Result<(DataKey, KeyRecord), KeyError> {
        let last = self.document.records(slot).last().map_or(0, |record| record.version);
        let version = last.checked_add(1).ok_or(KeyError::Full)?;
        let lease = if slot.seals() { self.limits.next_lease(0, 0) } else { 0 };
        let sealed = lease.max(seals);
        let key = DataKey::generate_within(version, sealed)?;
        let (id, wrapped) = (key.id(), WrappedKey(Vec::new()));
        if sealed > self.limits.seals {
            return Err(KeyError::Exhausted(id));
        }
        Ok((key, KeyRecord { version, id, created_ms: self.now_ms(), sealed, wrapped }))
    }

    fn wrap_data(&mut self, slot: Slot, key: &DataKey) -> Result<WrappedKey, KeyError> {
        self.active(Slot::tenant(slot.tenant), 1)?.wrap(&context(slot, key.version()), key, &[])
    }

    /// Has a tenant's key wrapped. The root's count stands in the draft, which is written before the result is used.
    pub(super) fn wrap_tenant(
        &self,
        draft: &mut Document,
        tenant: Uuid,
        key: &DataKey,
    ) -> Result<WrappedKey, KeyError> {
        let root = draft.roots.last_mut().ok_or(KeyError::DoesNotOpen)?;
        if root.sealed >= self.limits.seals {
            return Err(KeyError::Exhausted(root.id));
        }
        root.sealed = root.sealed.saturating_add(1);
        self.wrapper.wrap(tenant, key)
    }
}

/// Where a wrapped data key belongs.
pub(super) fn context(slot: Slot, version: u32) -> Context {
    let purpose = slot.data.map_or(Purpose::TenantKey, Purpose::DataKey);
    Context { tenant: slot.tenant, purpose, id: Uuid::nil(), part: u64::from(version) }
}
