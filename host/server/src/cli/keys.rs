//! `casemate keys`: what keys there are, new ones in their place, and the public ones for others to verify with. It
//! doesn't know what is sealed under what; docs/keys.md shows it.

mod show;

use casemate_keys::{OVERLAP_MS, SigningKind};
use clap::ValueEnum;
use uuid::Uuid;

use super::exit::Exit;
use super::{CliError, Global};
use crate::app::{App, AppError, Database, Signing, Tenants};
use crate::config::Config;

/// Milliseconds of a day.
const DAY_MS: u64 = OVERLAP_MS / 30;

/// List, rotate and export keys.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Keys {
    /// What keys there are; nothing secret
    List {
        /// Only this tenant's
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
    },
    /// Put a new key in the place of an old one, which is kept for what it sealed
    Rotate(Rotate),
    /// Print public keys, for others to keep and verify with
    ExportPublic {
        /// Only keys of this kind
        #[arg(long, value_enum, value_name = "KIND")]
        signing: Option<Kind>,
    },
}

/// Which key gets a successor.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// The host's own: the key file, and what lies under the host's key
    #[arg(long)]
    host: bool,
    /// A tenant's, and each of its data keys
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// A signing key
    #[arg(long, value_enum, value_name = "KIND")]
    signing: Option<Kind>,
}

/// Rotate a key.
#[derive(Debug, clap::Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    what: What,
    /// For how many days the old signing key signs as well
    #[arg(long, value_name = "DAYS", default_value_t = OVERLAP_MS / DAY_MS, requires = "signing",
          value_parser = clap::value_parser!(u64).range(0..=3650))]
    overlap: u64,
}

/// A kind of signing key, as it is written on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// Signs checkpoints of the audit log.
    Checkpoint,
    /// Signs tokens of people and services.
    Token,
    /// Signs policy packs.
    Pack,
}

impl From<Kind> for SigningKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Checkpoint => Self::Checkpoint,
            Kind::Token => Self::Token,
            Kind::Pack => Self::Pack,
        }
    }
}

impl Keys {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        match self {
            Self::List { tenant } => {
                let tenant = tenant.map(|name| Tenants::look_up(&config, &name)).transpose()?;
                let mut entries = Signing::list(&config)?;
                entries.retain(|entry| tenant.is_none_or(|tenant| entry.tenant == tenant.as_uuid()));
                show::list(global.format, &config, &entries)?;
            }
            Self::Rotate(Rotate { what, overlap }) => {
                let before = Signing::list(&config).unwrap_or_default();
                rotate(&config, what, overlap.saturating_mul(DAY_MS)).await?;
                let mut after = Signing::list(&config)?;
                after.retain(|entry| !before.iter().any(|old| (old.kind, &old.id) == (entry.kind, &entry.id)));
                show::list(global.format, &config, &after)?;
            }
            Self::ExportPublic { signing } => {
                show::public(global.format, &Signing::public(&config)?, signing.map(SigningKind::from));
            }
        }
        Ok(Exit::Done)
    }
}

async fn rotate(config: &Config, what: What, overlap_ms: u64) -> Result<(), AppError> {
    let tenant = what.tenant.as_deref().map(|name| Tenants::look_up(config, name)).transpose()?;
    let app = App::open(config, Database::NotNeeded).await?;
    let rotated = match (tenant, what.signing) {
        (Some(tenant), _) => app.keys.rotate_tenant(tenant.as_uuid()).map_err(AppError::from),
        (None, Some(kind)) => app.keys.rotate_signing(kind.into(), overlap_ms).map_err(AppError::from),
        (None, None) => app.rotate_host_key().await,
    };
    let told = app.keys_changed(config).await;
    let closed = app.close().await;
    rotated?;
    told?;
    closed?;
    if what.signing.is_some_and(|kind| matches!(kind, Kind::Checkpoint)) {
        // Opened anew the host signs every log with the new key as well, so that it can be verified from now on.
        App::open(config, Database::NotNeeded).await?.close().await?;
    }
    Ok(())
}

/// Whose a key is, for people.
pub(super) fn owner(tenant: Uuid, names: &Tenants) -> String {
    let named = names.iter().find(|(_, id)| id.as_uuid() == tenant).map(|(name, _)| name.to_owned());
    named.unwrap_or_else(|| if tenant.is_nil() { "the host".to_owned() } else { tenant.to_string() })
}
