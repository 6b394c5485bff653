//! The desk for jobs, for whoever doesn't run a host: beside one that is up on the same data directory, on a Postgres that
//! others use, or alone. It doesn't know what is asked of it.

use std::sync::Arc;

use casemate_gate::{Digest, TenantId};
use casemate_store::{ConnectInfo, Db};
use uuid::Uuid;

use super::shared::{Link, Shared};
use super::{App, AppError, Artefacts, Database, Packs, Tenants, database, signing};
use crate::config::Config;
use crate::dispatch::{Desk, Scribe};

/// A desk, and what stands behind it.
pub struct Office {
    /// Where jobs are handed over.
    pub desk: Desk,
    /// The tenants by name.
    pub tenants: Tenants,
    /// Policy packs, and which is active for whom.
    pub packs: Packs,
    /// Components and policies by digest.
    pub artefacts: Artefacts,
    /// This process as a host, where there was none on the embedded Postgres.
    alone: Option<Box<App>>,
    db: Db,
}

impl Office {
    /// Opens a desk. Where the embedded Postgres is not up, it is for as long as this takes.
    ///
    /// # Errors
    /// [`AppError`]: what the operator has to do.
    pub async fn open(config: &Config) -> Result<Self, AppError> {
        if config.database_host.is_some() {
            super::lock::make(config)?;
        }
        if let Some(info) = database::beside(config, &format!("desk-{}", Uuid::new_v4().simple())).await? {
            return Self::over(config, &info).await;
        }
        let mut locked = None;
        for _ in 0..2 {
            match Box::pin(App::open(config, Database::Needed)).await {
                Ok(app) => return Self::alone(config, app),
                // A host came up meanwhile.
                Err(error @ AppError::Locked(_)) => locked = Some(error),
                Err(error) => return Err(error),
            }
            if let Some(info) = database::beside(config, &format!("desk-{}", Uuid::new_v4().simple())).await? {
                return Self::over(config, &info).await;
            }
        }
        Err(locked.unwrap_or(AppError::Interrupted))
    }

    async fn over(config: &Config, info: &ConnectInfo) -> Result<Self, AppError> {
        let link = match config.database_host {
            Some(_) => Some(Arc::new(Link::open(config, info)?)),
            None => None,
        };
        let keys = Arc::new(signing::open(config, link.as_ref())?);
        Shared::open(config, link, &keys)?;
        let db = Db::visit(info).await?;
        let tenants = Tenants::look(config)?;
        Ok(Self {
            desk: Desk::new(db.clone(), Scribe::new(keys)),
            tenants,
            packs: Packs::look(config)?,
            artefacts: Artefacts::new(config.artefacts()),
            alone: None,
            db,
        })
    }

    fn alone(config: &Config, app: App) -> Result<Self, AppError> {
        let db = app.database.clone().ok_or(AppError::Interrupted)?;
        Ok(Self {
            desk: Desk::new(db.clone(), Scribe::new(Arc::clone(&app.keys))),
            tenants: Tenants::look(config)?,
            packs: Packs::look(config)?,
            artefacts: app.artefacts.clone(),
            alone: Some(Box::new(app)),
            db,
        })
    }

    /// The tenant with this name.
    ///
    /// # Errors
    /// [`AppError::TenantUnknown`].
    pub fn tenant(&self, name: &str) -> Result<TenantId, AppError> {
        self.tenants.named(name)
    }

    /// Has a policy or component here that another host keeps.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fetch(&self, tenant: TenantId, digest: Digest) -> Result<(), AppError> {
        if self.artefacts.get(digest).is_err() {
            self.artefacts.keep(&self.desk.artefact(tenant, digest).await?)?;
        }
        Ok(())
    }

    /// Whether a host would have to be started for what was submitted.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        self.alone.is_some()
    }

    /// Takes down what was opened.
    ///
    /// # Errors
    /// The first part that could not be closed cleanly.
    pub async fn close(self) -> Result<(), AppError> {
        match self.alone {
            Some(app) => app.close().await,
            None => {
                self.db.close().await;
                Ok(())
            }
        }
    }
}
