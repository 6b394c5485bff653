//! Deleting a tenant: rows, runs, keys, budgets, packs, components, and its name. Each step can be done again, and the
//! tenant's file says that it has begun, so a host that died in the middle is finished by deleting once more. What stays is
//! the tenant's log and the host's, which say what went. It doesn't know who may ask for it.

use std::collections::BTreeSet;

use casemate_gate::TenantId;
use casemate_gate::registry::{Change, Happened, Subject};
use casemate_ledger::Kind;
use serde_json::{Value, json};
use uuid::Uuid;

use super::book::Held;
use crate::app::{App, AppError};
use crate::clock;
use crate::dispatch::registry::record_all;

/// What was deleted.
#[derive(Debug)]
pub struct Deleted {
    /// The tenant's id, which no other will have.
    pub id: TenantId,
    /// How many rows of which table.
    pub rows: Vec<(String, u64)>,
    /// How many keys.
    pub keys: usize,
}

impl App {
    /// Deletes a suspended tenant. What has begun is never taken back, and is finished by deleting again.
    ///
    /// # Errors
    /// [`AppError::TenantUnknown`]; [`AppError::TenantActive`] for one that is not suspended; those of database, ledger and
    /// files.
    pub async fn delete_tenant(&mut self, name: &str) -> Result<Deleted, AppError> {
        let tenant = self.tenants.get(name)?.clone();
        let id = tenant.id;
        if tenant.suspended.is_none() {
            return Err(AppError::TenantActive(name.to_owned()));
        }
        // Asked before anything has begun: whether all rows can go.
        let erasure = self.dispatcher.erase(id).await?;
        let held = Held::take(&self.tenants.config, &self.shared).await?;
        if tenant.leaving_ms.is_none() {
            let leaving_ms = Some(clock::now_ms());
            self.tenants.book = held.put(name, super::Tenant { leaving_ms, ..tenant })?;
        }
        let unused = self.unused_without(id).await?;
        // Nothing of the tenant's keys comes on record after the tenant's end.
        super::super::on_record(&self.ledger, &self.keys, &self.packs).await?;
        let rows = erasure.as_ref().map(|erasure| erasure.counts().to_vec()).unwrap_or_default();
        self.removal_on_record(name, id, &rows).await?;
        if let Some(erasure) = erasure {
            erasure.commit().await.map_err(AppError::from)?;
        }
        for digest in unused {
            self.artefacts.remove(digest)?;
        }
        self.packs.forget(id)?;
        self.dispatcher.forget(id).await?;
        let keys = self.keys.destroy_tenant(id.as_uuid())?;
        self.tenants.book = held.remove(name)?;
        Ok(Deleted { id, rows, keys })
    }

    /// Components and policies that only this tenant's runs began with.
    async fn unused_without(&self, id: TenantId) -> Result<BTreeSet<casemate_gate::Digest>, AppError> {
        let mut unused = self.dispatcher.artefacts_of(id).await?;
        for (_, other) in self.tenants.iter().filter(|(_, other)| *other != id) {
            let used = self.dispatcher.artefacts_of(other).await?;
            unused.retain(|digest| !used.contains(digest));
        }
        Ok(unused)
    }

    /// The last entry of the tenant's log, and the host's own, in one. Where a host died after it, it is there already: with
    /// the same rows, which were not gone then, or with those that are gone by now.
    async fn removal_on_record(&self, name: &str, id: TenantId, rows: &[(String, u64)]) -> Result<(), AppError> {
        let counts: Value = rows.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
        let nothing = rows.iter().all(|(_, rows)| *rows == 0);
        if self.is_removal_on_record(id, |told| nothing || *told == counts)? {
            return Ok(());
        }
        let (before, after) = (Value::from(id.to_string()), json!({"rows": counts}));
        let change = Change::new(Subject::Tenant, name, Happened::Removed, before, after);
        let host = TenantId::from(Uuid::nil());
        let (in_its_own, in_the_hosts) = (self.packs.digest(id)?, self.packs.digest(host)?);
        let changes = [(id, in_its_own, &change), (host, in_the_hosts, &change)];
        record_all(&self.ledger, changes.into_iter()).await?;
        Ok(())
    }

    /// Whether the tenant's log says that these rows went.
    fn is_removal_on_record(&self, id: TenantId, rows: impl Fn(&Value) -> bool) -> Result<bool, AppError> {
        for entry in self.dispatcher.log_of(id)? {
            let entry = entry?;
            let change = (entry.leaf.kind == Kind::Registry).then(|| Change::parse(&entry.payload)).flatten();
            let is_removal =
                |change: &Change| (change.subject, change.happened) == (Subject::Tenant, Happened::Removed);
            if change.filter(is_removal).is_some_and(|change| change.after.get("rows").is_some_and(&rows)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
