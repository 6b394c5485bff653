//! `casemate tenant`: add, list, suspend, reinstate, export and delete. It doesn't know what tenants do.

mod show;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::exit::Exit;
use super::{CliError, Format, Global, output};
use crate::app::{App, AppError, Database, Office, Tenants};
use crate::config::Config;

/// Most characters of a reason.
const REASON: usize = 200;

/// Tenants: who there is, and who may work.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Tenant {
    /// Add a tenant
    Add {
        /// 1 to 64 of a-z, 0-9 and '-'
        name: String,
    },
    /// List the tenants, also while a host is up
    List {
        /// How many runs each has, by state; starts the database, so that no host may be up
        #[arg(long)]
        runs: bool,
    },
    /// Refuse every further call of a tenant's runs, and begin none, also while a host is up
    Suspend {
        /// Whose
        name: String,
        /// Why: a line that is put on record as it is
        #[arg(long, value_name = "WORDS", value_parser = reason)]
        reason: Option<String>,
    },
    /// Let a suspended tenant's runs begin again; those that were refused have ended
    Reinstate {
        /// Whose
        name: String,
    },
    /// Say what part of the hosts' slots a tenant's jobs get beside others', also while hosts are up
    Share {
        /// Whose
        name: String,
        /// Its part where all have work: one with 3 gets three times what one with 1 gets
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
        weight: Option<u32>,
        /// Most of its runs at once, over all hosts; 0 for no cap
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
        concurrency: Option<u32>,
    },
    /// Write everything of a tenant into a directory: rows, runs, policy, budgets, components, and its log
    Export {
        /// Whose
        name: String,
        /// A directory that is not there yet
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Delete everything of a suspended tenant but its log, and destroy its keys
    Delete {
        /// Which
        name: String,
        /// The same once more: what is deleted can't be brought back
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
}

/// A line that can stand in a record.
fn reason(words: &str) -> Result<String, String> {
    let fits = (1..=REASON).contains(&words.chars().count()) && !words.chars().any(char::is_control);
    if fits { Ok(words.to_owned()) } else { Err(format!("give a reason in one line of 1 to {REASON} characters")) }
}

impl Tenant {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        match self {
            Self::Add { name } => {
                let mut app = App::open(&config, Database::NotNeeded).await?;
                let added = app.add_tenant(&name).await;
                let closed = app.close().await;
                let id = added?;
                closed?;
                show::added(global.format, &name, id);
            }
            Self::List { runs: false } => show::tenants(global.format, list(&config).await?.standings()),
            Self::List { runs: true } => {
                let app = App::open(&config, Database::of(&config)).await?;
                let counted = counted(&app).await;
                let closed = app.close().await;
                let counted = counted?;
                closed?;
                show::with_runs(global.format, &counted);
            }
            Self::Suspend { name, reason } => {
                let tenant = Tenants::suspend(&config, &name, reason).await?;
                show::tenants(global.format, std::iter::once((name.as_str(), &tenant)));
                told(global.format, "its runs end at their next call, and none is begun");
            }
            Self::Reinstate { name } => {
                let tenant = Tenants::reinstate(&config, &name).await?;
                show::tenants(global.format, std::iter::once((name.as_str(), &tenant)));
                told(global.format, "its runs can begin again; those that were refused have ended");
            }
            Self::Share { name, weight, concurrency } => {
                let office = Office::open(&config).await?;
                let shared = share(&office, &name, weight, concurrency).await;
                let closed = office.close().await;
                let (weight, cap) = shared?;
                closed?;
                show::share(global.format, &name, weight, cap);
            }
            Self::Export { name, to } => {
                Tenants::look_up(&config, &name)?;
                let app = App::open(&config, Database::of(&config)).await?;
                let shows = global.format == Format::Human && std::io::stderr().is_terminal();
                let mut told = |file: &str, bytes: u64| {
                    if shows {
                        output::error_line(&output::dim(&format!("{bytes:>12} bytes {}", output::printable(file))));
                    }
                };
                let exported = Box::pin(app.export_tenant(&config, &name, &to, &mut told)).await;
                let closed = app.close().await;
                let exported = exported?;
                closed?;
                show::exported(global.format, &name, &to, &exported);
            }
            Self::Delete { name, confirm } => {
                if name != confirm {
                    let message = "give the tenant's name once more with `--confirm`: the two are not the same";
                    return Err(CliError::new("tenant-confirm", message).with_exit(Exit::Usage));
                }
                Tenants::look_up(&config, &name)?;
                let mut app = App::open(&config, Database::of(&config)).await?;
                let deleted = app.delete_tenant(&name).await;
                let closed = app.close().await;
                let deleted = deleted?;
                closed?;
                show::deleted(global.format, &name, &deleted);
            }
        }
        Ok(Exit::Done)
    }
}

/// Changes what is named of a tenant's share; what it is then.
async fn share(
    office: &Office,
    name: &str,
    weight: Option<u32>,
    concurrency: Option<u32>,
) -> Result<(u32, Option<u32>), CliError> {
    let tenant = office.tenant(name)?;
    let (old_weight, old_cap) = office.desk.share(tenant).await?;
    if weight.is_some() || concurrency.is_some() {
        let cap = concurrency.map_or(old_cap, |cap| (cap > 0).then_some(cap));
        office.desk.set_share(tenant, weight.unwrap_or(old_weight), cap).await?;
    }
    Ok(office.desk.share(tenant).await?)
}

/// The tenants with how many runs they have.
async fn counted(app: &App) -> Result<Vec<show::Counted>, CliError> {
    let mut counted = Vec::new();
    for (name, tenant) in app.tenants.standings() {
        // Without a database there are no runs but those under way.
        let runs = match app.database {
            Some(_) => app.dispatcher.count_runs(tenant.id).await?,
            None => Vec::new(),
        };
        counted.push((name.to_owned(), tenant.clone(), runs));
    }
    Ok(counted)
}

/// The tenants, as a host finds them, or as one that is up has them.
async fn list(config: &Config) -> Result<Tenants, CliError> {
    match App::open(config, Database::NotNeeded).await {
        Ok(app) => app.close().await?,
        Err(AppError::Locked(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Tenants::look(config)?)
}

fn told(format: Format, words: &str) {
    if format == Format::Human {
        output::line(&output::good(words));
    }
}
