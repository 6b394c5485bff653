//! A host that is up and its tenants' standings: it watches the tenants' file, lets a change come into force in memory, in
//! the log and in the database, and says how far it is, so that whoever made the change can wait for it. It doesn't know
//! who changes the file.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::TenantId;
use casemate_gate::budget::written;
use casemate_gate::registry::{Change, Happened, Subject};
use casemate_ledger::Ledger;
use casemate_store::Db;
use serde_json::{Value, json};

use super::book::{Book, Tenant};
use crate::app::shared::{Part, Shared};
use crate::app::{AppError, Packs, signing};
use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::dispatch::registry::record;

/// How often the file is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How often it is read although it looks as before.
const REREAD: Duration = Duration::from_secs(5);
/// How long the watch rests after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// The change of each tenant's standing that is on record and in force.
pub(super) type InForce = BTreeMap<TenantId, u64>;

/// What is in force, as the last host of this data directory noted it.
pub(super) fn in_force(config: &Config) -> Result<InForce, AppError> {
    let path = config.standing();
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| AppError::Damaged(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(InForce::new()),
        Err(cause) => Err(AppError::file(path)(cause)),
    }
}

/// The standings of a host's tenants.
pub(in crate::app) struct Standings {
    config: Config,
    ledger: Arc<Ledger>,
    dispatcher: Arc<Dispatcher>,
    database: Option<Db>,
    shared: Shared,
    in_force: InForce,
    /// The version of the file that others know to be in force here.
    noted: i64,
}

impl Standings {
    /// Lets every tenant's standing come into force; what changed while no host was up goes on record now.
    pub(in crate::app) async fn open(
        config: &Config,
        ledger: Arc<Ledger>,
        dispatcher: Arc<Dispatcher>,
        database: Option<Db>,
        shared: Shared,
    ) -> Result<Self, AppError> {
        // Once more, now that this host is on the list of those that a change waits for.
        shared.pull(Part::Tenants)?;
        let (config, in_force) = (config.clone(), in_force(config)?);
        let mut standings = Self { config, ledger, dispatcher, database, shared, in_force, noted: 0 };
        standings.apply().await?;
        Ok(standings)
    }

    /// Follows the file for as long as the host is up.
    pub(in crate::app) async fn watch(mut self) {
        let path = self.config.tenants();
        let (mut seen, mut read) = (None, Instant::now());
        loop {
            tokio::time::sleep(POLL).await;
            // Taken before the file is read: a change meanwhile gives another one.
            let stamp = stamp(&path);
            let is_known = self.shared.tenants_version() == self.noted;
            if stamp == seen && is_known && read.elapsed() < REREAD {
                continue;
            }
            match self.apply().await {
                Ok(()) => (seen, read) = (stamp, Instant::now()),
                Err(error) => {
                    tracing::error!(%error, code = error.code(), "a tenant's standing could not be put on record");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn apply(&mut self) -> Result<(), AppError> {
        // Before the file is read, which may be newer.
        let version = self.shared.tenants_version();
        let book = Book::read(&self.config.tenants())?;
        // Refused first, told afterwards.
        for (_, tenant) in book.iter().filter(|(_, tenant)| tenant.suspended.is_some()) {
            self.dispatcher.suspend(tenant.id);
        }
        for (name, tenant) in book.iter() {
            if self.in_force.get(&tenant.id).copied().unwrap_or_default() != tenant.revision {
                self.change(name, tenant).await?;
            }
        }
        if version != self.noted {
            self.shared.tenants_in_force(version).await?;
            self.noted = version;
        }
        Ok(())
    }

    /// Lets one change come into force. A reinstated tenant may work when everybody else knows.
    async fn change(&mut self, name: &str, tenant: &Tenant) -> Result<(), AppError> {
        let (happened, now) = match &tenant.suspended {
            Some(suspended) => {
                let (since, reason) = (written(suspended.since_ms), suspended.reason.as_deref());
                (Happened::Suspended, json!({"since": since, "reason": reason}))
            }
            None => (Happened::Reinstated, Value::Null),
        };
        let policy = Packs::look(&self.config)?.digest(tenant.id)?;
        record(&self.ledger, tenant.id, policy, &[Change::new(Subject::Tenant, name, happened, Value::Null, now)])
            .await?;
        // Of one that is being deleted the database may have nothing any more.
        if let Some(database) = self.database.as_ref().filter(|_| tenant.leaving_ms.is_none()) {
            database.suspend_tenant(tenant.id, tenant.suspended.is_some()).await?;
        }
        if tenant.suspended.is_none() {
            // A suspension that was over before it was seen ends the runs that began before it, too.
            self.dispatcher.suspend(tenant.id);
            self.dispatcher.reinstate(tenant.id);
        }
        self.in_force.insert(tenant.id, tenant.revision);
        let text = serde_json::to_vec(&self.in_force).map_err(|_| AppError::Damaged(self.config.standing()))?;
        signing::write(&self.config.standing(), &text)
    }
}

/// What tells a file from the one that was in its place before.
type Stamp = (u64, u64, i64, i64, i64, i64);

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some((about.ino(), about.len(), about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec()))
}
