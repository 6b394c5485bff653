//! The tenants by name, in a file of the data directory and, where there is a database, in its table. The file is
//! there so that a host without a database knows its tenants. It doesn't know what a tenant may do.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use casemate_gate::registry::{Change, Happened, Subject};
use casemate_gate::{AgentName, TenantId};
use casemate_store::Db;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{App, AppError, signing};
use crate::config::Config;
use crate::dispatch::registry::record;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
}

/// The tenants of this host.
#[derive(Debug)]
pub struct Tenants {
    path: PathBuf,
    by_name: BTreeMap<String, Tenant>,
    database: Option<Db>,
}

impl Tenants {
    /// Looks up a tenant for whoever doesn't hold the data directory's lock.
    ///
    /// # Errors
    /// [`AppError::TenantUnknown`], or the file.
    pub fn look_up(config: &Config, name: &str) -> Result<TenantId, AppError> {
        let found = read(&config.tenants())?.get(name).map(|tenant| tenant.id);
        found.ok_or_else(|| AppError::TenantUnknown(name.to_owned()))
    }

    /// All tenants by name, for whoever doesn't hold the data directory's lock.
    ///
    /// # Errors
    /// [`AppError`] naming the file.
    pub fn all(config: &Config) -> Result<Vec<(String, TenantId)>, AppError> {
        Ok(read(&config.tenants())?.into_iter().map(|(name, tenant)| (name, tenant.id)).collect())
    }

    /// The tenants, for whoever doesn't hold the data directory's lock and changes nothing.
    ///
    /// # Errors
    /// The file's.
    pub fn look(config: &Config) -> Result<Self, AppError> {
        let path = config.tenants();
        Ok(Self { by_name: read(&path)?, path, database: None })
    }

    /// Reads the file and brings the database's table in line with it.
    pub(super) async fn open(path: PathBuf, database: Option<&Db>) -> Result<Self, AppError> {
        let by_name = read(&path)?;
        if let Some(database) = database {
            for (name, tenant) in &by_name {
                database.ensure_tenant(tenant.id, name).await?;
            }
        }
        Ok(Self { path, by_name, database: database.cloned() })
    }

    /// An id for a tenant of this name, if it can have that name.
    fn new_id(&self, name: &str) -> Result<TenantId, AppError> {
        // A tenant's name has the same form as an agent's.
        AgentName::try_from(name.to_owned()).map_err(|_| AppError::TenantName)?;
        if self.by_name.contains_key(name) {
            return Err(AppError::TenantExists(name.to_owned()));
        }
        Ok(TenantId::from(Uuid::now_v7()))
    }

    async fn add(&mut self, name: &str, id: TenantId) -> Result<TenantId, AppError> {
        self.by_name.insert(name.to_owned(), Tenant { id });
        let text = serde_json::to_vec_pretty(&self.by_name).map_err(|_| AppError::Damaged(self.path.clone()))?;
        signing::write(&self.path, &text)?;
        if let Some(database) = &self.database {
            database.ensure_tenant(id, name).await?;
        }
        Ok(id)
    }

    /// The tenant with this name.
    ///
    /// # Errors
    /// [`AppError::TenantUnknown`].
    pub fn named(&self, name: &str) -> Result<TenantId, AppError> {
        let found = self.by_name.get(name).map(|tenant| tenant.id);
        found.ok_or_else(|| AppError::TenantUnknown(name.to_owned()))
    }

    /// All tenants by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, TenantId)> {
        self.by_name.iter().map(|(name, tenant)| (name.as_str(), tenant.id))
    }
}

impl App {
    /// Adds a tenant: first in its own log, then among the tenants. Until it has a pack, the built-in policy holds for it.
    ///
    /// # Errors
    /// [`AppError::TenantName`], [`AppError::TenantExists`], the ledger, or the file.
    pub async fn add_tenant(&mut self, name: &str) -> Result<TenantId, AppError> {
        let id = self.tenants.new_id(name)?;
        let change = Change::new(Subject::Tenant, name, Happened::Added, Value::Null, id.to_string());
        record(&self.ledger, id, self.packs.digest(id)?, &[change]).await?;
        self.tenants.add(name, id).await?;
        // Its key goes on record when the host closes, if not before.
        self.keys.ensure_tenant(id.as_uuid())?;
        Ok(id)
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Tenant>, AppError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| AppError::Damaged(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(cause) => Err(AppError::File { path: path.to_owned(), cause }),
    }
}
