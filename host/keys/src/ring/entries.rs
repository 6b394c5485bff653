//! The list of all keys, for people. It doesn't know how they are shown.

use uuid::Uuid;

use super::held::Held;
use crate::document::{Document, KeyRecord, Slot};
use crate::signing_keys::SigningKeyState;

/// What may be known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// What it is: `root`, `tenant`, `data` or `signing`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Whose; nil for the host's own.
    pub tenant: Uuid,
    /// What a data or signing key is for; empty for others.
    pub purpose: &'static str,
    /// Its version or epoch, from 1.
    pub version: u32,
    /// Whether new data is sealed with it. Of keys that are no signing keys the older ones only open.
    pub state: SigningKeyState,
    /// When it was made or first met, in milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: u64,
    /// Records that it sealed, at most; `None` for signing keys, which seal none.
    pub sealed: Option<u64>,
}

impl Held {
    pub(super) fn entries(&self) -> Vec<KeyEntry> {
        entries(self.document(), self.now_ms())
    }
}

/// The active key of each kind comes first.
pub(crate) fn entries(document: &Document, now_ms: u64) -> Vec<KeyEntry> {
    let mut entries = Vec::new();
    let active = |first: bool| if first { SigningKeyState::Active } else { SigningKeyState::Retired };
    for (number, root) in document.roots.iter().rev().enumerate() {
        entries.push(KeyEntry {
            kind: "root",
            id: root.id.to_string(),
            tenant: Uuid::nil(),
            purpose: "",
            version: root.version,
            state: active(number == 0),
            created_ms: root.met_ms,
            sealed: Some(root.sealed),
        });
    }
    for (&tenant, keys) in &document.tenants {
        let own = std::iter::once(Slot::tenant(tenant));
        for slot in own.chain(keys.data.keys().map(|data| Slot::data(tenant, *data))) {
            for (number, record) in document.records(slot).iter().rev().enumerate() {
                entries.push(of(slot, record, active(number == 0)));
            }
        }
    }
    for record in document.signing.iter().rev() {
        entries.push(KeyEntry {
            kind: "signing",
            id: format!("{:08x}", record.public.id()),
            tenant: Uuid::nil(),
            purpose: record.kind.as_str(),
            version: record.version,
            state: record.state(now_ms),
            created_ms: record.created_ms,
            sealed: None,
        });
    }
    entries
}

fn of(slot: Slot, record: &KeyRecord, state: SigningKeyState) -> KeyEntry {
    KeyEntry {
        kind: if slot.data.is_some() { "data" } else { "tenant" },
        id: record.id.to_string(),
        tenant: slot.tenant,
        purpose: slot.data.map_or("", |data| data.as_str()),
        version: record.version,
        state,
        created_ms: record.created_ms,
        sealed: Some(record.sealed),
    }
}
