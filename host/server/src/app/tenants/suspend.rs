//! Suspending a tenant and ending it, from a process of its own: the change is written down, and then waited for until the
//! host that is up has it in force. Where none is up, this process is the host for so long. It doesn't know what a
//! suspended tenant's runs are told.

use std::time::{Duration, Instant};

use super::book::{Held, Suspended, Tenant};
use super::{Tenants, standing};
use crate::app::shared::Shared;
use crate::app::{App, AppError, Database};
use crate::clock;
use crate::config::Config;

/// How long a running host may take.
const WAIT: Duration = Duration::from_secs(10);
/// How often its note is looked at.
const POLL: Duration = Duration::from_millis(10);
/// How often it is tried whether there is no host any more.
const TRY: Duration = Duration::from_millis(200);

impl Tenants {
    /// Suspends a tenant. On return no call of its runs passes any more that begins from now on, and none of its runs is
    /// begun. One that is suspended stays so, and is only waited for.
    ///
    /// # Errors
    /// [`AppError::TenantUnknown`]; [`AppError::TenantWaits`] when the host that is up doesn't say within ten seconds that
    /// it is so.
    pub async fn suspend(config: &Config, name: &str, reason: Option<String>) -> Result<Tenant, AppError> {
        let suspended = Suspended { since_ms: clock::now_ms(), reason };
        Self::stand(config, name, Some(suspended)).await
    }

    /// Lets a suspended tenant's runs begin again.
    ///
    /// # Errors
    /// As [`Tenants::suspend`]; [`AppError::TenantLeaving`].
    pub async fn reinstate(config: &Config, name: &str) -> Result<Tenant, AppError> {
        Self::stand(config, name, None).await
    }

    async fn stand(config: &Config, name: &str, suspended: Option<Suspended>) -> Result<Tenant, AppError> {
        let shared = Shared::visit(config).await?;
        // Before anything is made: a directory that isn't there has no tenants.
        Self::look_up(config, name)?;
        // Held until the change is in force, so that changes come one by one.
        let held = Held::take(config, &shared).await?;
        let book = held.read()?;
        let mut tenant = book.get(name).cloned().ok_or_else(|| AppError::TenantUnknown(name.to_owned()))?;
        if tenant.leaving_ms.is_some() {
            return Err(AppError::TenantLeaving(name.to_owned()));
        }
        if tenant.suspended.is_some() != suspended.is_some() {
            tenant.revision = tenant.revision.saturating_add(1);
            tenant.suspended = suspended;
            held.put(name, tenant.clone())?;
        }
        in_force(config, name, &tenant).await?;
        shared.in_force_everywhere(name).await?;
        Ok(tenant)
    }
}

/// Waits until the change is in force.
async fn in_force(config: &Config, name: &str, tenant: &Tenant) -> Result<(), AppError> {
    let deadline = Instant::now() + WAIT;
    let mut tried: Option<Instant> = None;
    loop {
        let noted = standing::in_force(config)?.get(&tenant.id).copied().unwrap_or_default();
        if noted >= tenant.revision {
            return Ok(());
        }
        if tried.is_none_or(|tried| tried.elapsed() >= TRY) {
            // A host that opens has every standing in force.
            match Box::pin(App::open(config, Database::of(config))).await {
                Ok(app) => return app.close().await,
                Err(AppError::Locked(_)) => tried = Some(Instant::now()),
                Err(error) => return Err(error),
            }
        }
        if Instant::now() >= deadline {
            return Err(AppError::TenantWaits(name.to_owned()));
        }
        tokio::time::sleep(POLL).await;
    }
}
