//! New keys in the place of old ones. Each rotation is one write of the document; the host's has the wrapper's own write
//! before it, and what was cut off between them is finished at the next opening. It doesn't know who asked for it.

use uuid::Uuid;

use super::held::{Held, context};
use crate::document::{KeyChange, KeyRecord, KeyRef, RootRecord, Slot};
use crate::error::KeyError;
use crate::wrapper::Root;

impl Held {
    /// Wraps every tenant's keys under the wrapper's active key, where they are not.
    pub(crate) fn follow_root(&mut self) -> Result<(), KeyError> {
        let described = self.wrapper.describe();
        let active = described.roots.first().cloned().ok_or(KeyError::Library)?;
        let last = self.document().roots.last();
        if last.is_some_and(|last| (last.id, last.version) == (active.id, active.version)) {
            return Ok(());
        }
        let mut draft = self.document().clone();
        let named = |id: String, version| KeyRef { kind: "root".to_owned(), id, version };
        let before = last.map(|last| named(last.id.to_string(), last.version));
        let Root { id, version } = active;
        let after = named(id.to_string(), version);
        draft.unrecorded.push(KeyChange { tenant: Uuid::nil(), before, after });
        draft.roots.push(RootRecord { id, version, met_ms: self.now_ms(), sealed: 0 });
        let mut rewrapped = 0;
        for (tenant, record) in &mut draft.tenants {
            for key in record.versions.iter_mut().filter(|key| !self.wrapper.is_current(&key.wrapped)) {
                key.wrapped = self.wrapper.rewrap(*tenant, key.version, &key.wrapped)?;
                rewrapped += 1;
            }
        }
        if let Some(root) = draft.roots.last_mut() {
            root.sealed = rewrapped;
        }
        self.commit(draft)
    }

    /// Gives a tenant a new key, wraps its data keys under it and gives each a new epoch.
    pub(super) fn rotate_tenant(&mut self, tenant: Uuid) -> Result<(), KeyError> {
        let own = Slot::tenant(tenant);
        self.current(own)?;
        let mut draft = self.document().clone();
        let keys = draft.tenants.get(&tenant).map(|keys| &keys.data);
        let uses: Vec<_> = keys.into_iter().flat_map(|data| data.keys().copied()).collect();
        let old: usize = keys.into_iter().flat_map(|data| data.values()).map(Vec::len).sum();
        let (key, record) = self.next(own, old.saturating_add(uses.len()) as u64)?;
        let mut fresh = Vec::new();
        for data in uses {
            let slot = Slot::data(tenant, data);
            for old in draft.records_mut(slot) {
                let moved = self.key(slot, old.version)?;
                old.wrapped = key.wrap(&context(slot, old.version), &moved, &[])?;
            }
            let (next, record) = self.next(slot, 0)?;
            let wrapped = key.wrap(&context(slot, next.version()), &next, &[])?;
            draft.push(slot, KeyRecord { wrapped, ..record });
            fresh.push((slot, next));
        }
        let wrapped = self.wrap_tenant(&mut draft, tenant, &key)?;
        draft.push(own, KeyRecord { wrapped, ..record });
        self.commit(draft)?;
        self.keep(own, key);
        for (slot, key) in fresh {
            self.keep(slot, key);
        }
        Ok(())
    }
}
