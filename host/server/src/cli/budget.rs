//! `casemate budget`: what a tenant and its agents used of their budgets, and the operator's own limits. It doesn't know
//! how use is counted.

mod amount;
mod show;
mod told;

use casemate_gate::budget::{Resource, Span};
use casemate_gate::{AgentName, TenantId};
use clap::ValueEnum;

use super::exit::Exit;
use super::{CliError, Global};
use crate::app::{App, Database, Office, Tenants};
use crate::config::Config;
use crate::dispatch::{Book, Budgets, SetLimits};

/// Show and set budgets.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Budget {
    /// What is used, held and left, and which runs hold it
    Show(show::Show),
    /// Set limits of your own, which stand beside the policy's: the smaller one holds
    Set(Set),
    /// What was used in each hour, day and month, and how the limits changed
    History {
        /// Whose
        tenant: String,
    },
}

/// Set limits.
#[derive(Debug, clap::Args)]
pub(super) struct Set {
    /// Whose
    tenant: String,
    /// Only what this agent of the tenant uses
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// What the limits are for
    #[arg(long, value_enum)]
    window: Window,
    /// Such as `fuel=2G`, `log-bytes=64MiB`, `wall-clock=30s`, `calls=none`
    #[arg(required = true, value_name = "RESOURCE=AMOUNT", value_parser = amount::limit)]
    limits: Vec<(Resource, Option<u64>)>,
}

/// A span, as it is written on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Window {
    /// An hour of the UTC calendar.
    Hour,
    /// A day of the UTC calendar.
    Day,
    /// A month of the UTC calendar.
    Month,
    /// What runs use at the same time.
    AtOnce,
}

impl From<Window> for Span {
    fn from(window: Window) -> Self {
        match window {
            Window::Hour => Self::Hour,
            Window::Day => Self::Day,
            Window::Month => Self::Month,
            Window::AtOnce => Self::AtOnce,
        }
    }
}

impl Budget {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        match self {
            Self::Show(show) => show.carry_out(global).await,
            Self::Set(set) => set.carry_out(global).await,
            Self::History { tenant } => {
                let config = global.config()?;
                let id = Tenants::look_up(&config, &tenant)?;
                told::history(global.format, &tenant, id, &book(&config, id).await?);
                Ok(Exit::Done)
            }
        }
    }
}

impl Set {
    async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let span = Span::from(self.window);
        if span != Span::AtOnce && self.limits.iter().any(|(resource, _)| *resource == Resource::Memory) {
            let message = "limit memory with --window at-once: it comes back, so no hour adds it up";
            return Err(CliError::new("input-budget", message).with_exit(Exit::Usage));
        }
        let agent = self.agent.map(agent_name).transpose()?;
        let config = global.config()?;
        let tenant = Tenants::look_up(&config, &self.tenant)?;
        let app = App::open(&config, Database::NotNeeded).await?;
        let policy = app.packs.digest(tenant)?;
        let set = SetLimits { tenant, name: self.tenant.clone(), agent, span, limits: self.limits, policy };
        let changed = app.dispatcher.set_limits(set).await;
        let closed = app.close().await;
        let change = changed?;
        closed?;
        told::changed(global.format, &self.tenant, &change);
        Ok(Exit::Done)
    }
}

/// What is used and held: what this host's record says and, where hosts share a database, what that says.
async fn book(config: &Config, tenant: TenantId) -> Result<Book, CliError> {
    let book = Budgets::look(&config.budgets())?;
    if config.database_host.is_none() {
        return Ok(book);
    }
    let office = Office::open(config).await?;
    let shared = office.desk.budgets(tenant, book).await;
    office.close().await?;
    Ok(shared?)
}

fn agent_name(name: String) -> Result<AgentName, CliError> {
    AgentName::try_from(name).map_err(|error| CliError::new("input-agent", error.to_string()).with_exit(Exit::Usage))
}
