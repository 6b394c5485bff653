//! The tenants by name, in a file of the data directory and, where there is a database, in its table. The file is
//! there so that a host without a database knows its tenants. It doesn't know what a tenant may do.

mod book;
mod delete;
mod export;
mod standing;
mod suspend;

use casemate_gate::registry::{Change, Happened, Subject};
use casemate_gate::{AgentName, TenantId};
use casemate_store::Db;
use serde_json::Value;
use uuid::Uuid;

pub use book::{Suspended, Tenant};
pub use delete::Deleted;
pub use export::Export;
pub(super) use standing::Standings;

use super::shared::Shared;
use super::{App, AppError};
use crate::config::Config;
use crate::dispatch::registry::record;
use book::{Book, Held};

/// The tenants of this host.
#[derive(Debug)]
pub struct Tenants {
    config: Config,
    book: Book,
    shared: Shared,
    database: Option<Db>,
}

impl Tenants {
    /// Looks up a tenant for whoever doesn't hold the data directory's lock.
    ///
    /// # Errors
    /// [`AppError::TenantUnknown`], or the file.
    pub fn look_up(config: &Config, name: &str) -> Result<TenantId, AppError> {
        Self::look(config)?.named(name)
    }

    /// All tenants by name, for whoever doesn't hold the data directory's lock.
    ///
    /// # Errors
    /// [`AppError`] naming the file.
    pub fn all(config: &Config) -> Result<Vec<(String, TenantId)>, AppError> {
        Ok(Self::look(config)?.iter().map(|(name, id)| (name.to_owned(), id)).collect())
    }

    /// The tenants, for whoever doesn't hold the data directory's lock and changes nothing.
    ///
    /// # Errors
    /// The file's.
    pub fn look(config: &Config) -> Result<Self, AppError> {
        let (book, shared) = (Book::read(&config.tenants())?, Shared::none(config));
        Ok(Self { book, config: config.clone(), shared, database: None })
    }

    /// Reads the file and brings the database's table in line with it.
    pub(super) async fn open(config: &Config, shared: &Shared, database: Option<&Db>) -> Result<Self, AppError> {
        let tenants = Self { database: database.cloned(), shared: shared.clone(), ..Self::look(config)? };
        if let Some(database) = database {
            // Of one that is being deleted the database may have nothing any more.
            for (name, tenant) in tenants.book.iter().filter(|(_, tenant)| tenant.leaving_ms.is_none()) {
                let suspended = tenant.suspended.is_some();
                if database.ensure_tenant(tenant.id, name).await?.suspended != suspended {
                    database.suspend_tenant(tenant.id, suspended).await?;
                }
            }
        }
        Ok(tenants)
    }

    /// An id for a tenant of this name, if it can have that name.
    fn new_id(&self, name: &str) -> Result<TenantId, AppError> {
        // A tenant's name has the same form as an agent's.
        AgentName::try_from(name.to_owned()).map_err(|_| AppError::TenantName)?;
        if self.book.get(name).is_some() {
            return Err(AppError::TenantExists(name.to_owned()));
        }
        Ok(TenantId::from(Uuid::now_v7()))
    }

    async fn add(&mut self, name: &str, id: TenantId) -> Result<TenantId, AppError> {
        // Read anew: others may have changed a standing since the host was opened.
        self.book = Held::take(&self.config, &self.shared).await?.add(name, Tenant::new(id))?;
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
        self.get(name).map(|tenant| tenant.id)
    }

    /// The same with its standing.
    ///
    /// # Errors
    /// [`AppError::TenantUnknown`].
    pub fn get(&self, name: &str) -> Result<&Tenant, AppError> {
        self.book.get(name).ok_or_else(|| AppError::TenantUnknown(name.to_owned()))
    }

    /// All tenants by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, TenantId)> {
        self.book.iter().map(|(name, tenant)| (name, tenant.id))
    }

    /// The same with their standings.
    pub fn standings(&self) -> impl Iterator<Item = (&str, &Tenant)> {
        self.book.iter()
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
