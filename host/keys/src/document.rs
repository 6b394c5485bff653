//! What is kept of all keys: names, versions, times, counts, and the keys themselves as they are wrapped. Nothing in it
//! is secret in the clear. It doesn't know how a key is used.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::data_key::WrappedKey;
use crate::error::KeyError;
use crate::id::KeyId;
use crate::purpose::Use;
use crate::signing_keys::SigningRecord;
use crate::store::{DOCUMENT_BYTES, KeyStore};

/// The form of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Form {
    #[serde(rename = "casemate keys v1")]
    V1,
}

/// All keys of a host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) form: Form,
    /// The host's id, in the names of its signing keys.
    pub(crate) host: Uuid,
    /// The wrapper's keys as they were met, the active one last.
    pub(crate) roots: Vec<RootRecord>,
    pub(crate) tenants: BTreeMap<Uuid, TenantRecord>,
    pub(crate) signing: Vec<SigningRecord>,
    /// What has changed and is not on record yet. It is written in one with the change, so that none is lost.
    pub(crate) unrecorded: Vec<KeyChange>,
}

/// A key of the wrapper's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RootRecord {
    pub(crate) id: KeyId,
    pub(crate) version: u32,
    pub(crate) met_ms: u64,
    pub(crate) sealed: u64,
}

/// The keys of a tenant.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantRecord {
    /// Its own, the active one last.
    pub(crate) versions: Vec<KeyRecord>,
    /// Its data keys, the active epoch last.
    pub(crate) data: BTreeMap<Use, Vec<KeyRecord>>,
}

/// One version of a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRecord {
    pub(crate) version: u32,
    pub(crate) id: KeyId,
    pub(crate) created_ms: u64,
    /// Seals that it was charged for: as many as it has made, or more.
    pub(crate) sealed: u64,
    pub(crate) wrapped: WrappedKey,
}

/// Which key: a tenant's own, or one of its data keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) tenant: Uuid,
    pub(crate) data: Option<Use>,
}

impl Slot {
    pub(crate) const fn tenant(tenant: Uuid) -> Self {
        Self { tenant, data: None }
    }

    pub(crate) const fn data(tenant: Uuid, data: Use) -> Self {
        Self { tenant, data: Some(data) }
    }

    /// Whether it seals records; keys for MACs don't.
    pub(crate) const fn seals(self) -> bool {
        matches!(self.data, None | Some(Use::SigningSeed))
    }

    pub(crate) fn kind(self) -> String {
        self.data.map_or_else(|| "tenant".to_owned(), |data| format!("data/{}", data.as_str()))
    }
}

/// Something that happened to a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// Whose key; nil for the host's own.
    pub tenant: Uuid,
    /// What was active before; `None` for the first key of its kind.
    pub before: Option<KeyRef>,
    /// What is active now.
    pub after: KeyRef,
}

/// A key, named for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRef {
    /// What it is: `root`, `tenant`, `data/PURPOSE` or `signing/KIND`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its version or epoch, from 1.
    pub version: u32,
}

impl Document {
    pub(crate) const fn new(host: Uuid) -> Self {
        Self {
            form: Form::V1,
            host,
            roots: Vec::new(),
            tenants: BTreeMap::new(),
            signing: Vec::new(),
            unrecorded: Vec::new(),
        }
    }

    pub(crate) fn read(store: &dyn KeyStore) -> Result<Option<Self>, KeyError> {
        store.read()?.map(|bytes| Self::parse(&bytes, store)).transpose()
    }

    pub(crate) fn parse(bytes: &[u8], store: &dyn KeyStore) -> Result<Self, KeyError> {
        serde_json::from_slice(bytes).map_err(|_| KeyError::Damaged(store.place()))
    }

    /// Replaces what was read last; returns the bytes that are there now.
    pub(crate) fn replace(&self, store: &dyn KeyStore, last: Option<&[u8]>) -> Result<Vec<u8>, KeyError> {
        let bytes = serde_json::to_vec_pretty(self).map_err(|_| KeyError::Library)?;
        // What couldn't be read back is not written.
        if bytes.len() as u64 > DOCUMENT_BYTES {
            return Err(KeyError::Full);
        }
        store.replace(last, &bytes)?;
        Ok(bytes)
    }

    pub(crate) fn records(&self, slot: Slot) -> &[KeyRecord] {
        let tenant = self.tenants.get(&slot.tenant);
        let records = tenant.and_then(|tenant| match slot.data {
            None => Some(&tenant.versions),
            Some(data) => tenant.data.get(&data),
        });
        records.map_or(&[], Vec::as_slice)
    }

    pub(crate) fn records_mut(&mut self, slot: Slot) -> &mut Vec<KeyRecord> {
        let tenant = self.tenants.entry(slot.tenant).or_default();
        match slot.data {
            None => &mut tenant.versions,
            Some(data) => tenant.data.entry(data).or_default(),
        }
    }

    /// Adds a version, and that it was added. The first data keys of a tenant come with the tenant's key and are not
    /// news.
    pub(crate) fn push(&mut self, slot: Slot, record: KeyRecord) {
        let named =
            |record: &KeyRecord| KeyRef { kind: slot.kind(), id: record.id.to_string(), version: record.version };
        let before = self.records(slot).last().map(named);
        if slot.data.is_none() || before.is_some() {
            self.unrecorded.push(KeyChange { tenant: slot.tenant, before, after: named(&record) });
        }
        self.records_mut(slot).push(record);
    }
}

impl Serialize for WrappedKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for WrappedKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}
