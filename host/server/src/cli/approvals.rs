//! `casemate approvals`: calls of agents that wait for a person's word; looked at and decided, beside hosts that are up. It
//! doesn't know which host goes on with the run.

mod show;
mod who;

use casemate_store::ApprovalFilter;
use uuid::Uuid;

use super::exit::Exit;
use super::{CliError, Format, Global};
use crate::app::Office;
use crate::dispatch::{ApprovalError, Decision, DispatchError};

/// Longest reason, in bytes.
const REASON: usize = 1000;

/// Calls of agents that wait for a person's word.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Approvals {
    /// List what waits for a decision, the newest first
    List {
        /// Whose
        #[arg(long, value_name = "NAME")]
        tenant: String,
        /// What was decided or is over as well
        #[arg(long)]
        all: bool,
        /// Only what was asked before this one: the last of a page gives the next
        #[arg(long, value_name = "ID")]
        before: Option<Uuid>,
        /// How many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Show what exactly is asked for, and what was decided
    Show(Which),
    /// Let the call happen: this one, with these arguments, under the policy that holds now
    Approve(Decide),
    /// Refuse the call; the agent is told that it was denied
    Deny(Decide),
}

/// One approval.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The approval
    id: Uuid,
    /// Whose
    #[arg(long, value_name = "NAME")]
    tenant: String,
}

/// A decision.
#[derive(Debug, clap::Args)]
pub(super) struct Decide {
    #[command(flatten)]
    which: Which,
    /// Why; it stands in the tenant's log, and the agent is not told
    #[arg(long, value_name = "WORDS", value_parser = reason)]
    reason: Option<String>,
}

impl Approvals {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let office = Office::open(&global.config()?).await?;
        let done = Box::pin(self.with(global.format, &office)).await;
        let closed = office.close().await;
        done?;
        closed?;
        Ok(Exit::Done)
    }

    async fn with(self, format: Format, office: &Office) -> Result<(), CliError> {
        match self {
            Self::List { tenant, all, before, limit } => {
                let filter = ApprovalFilter { all, before, limit };
                show::list(format, &office.desk.approvals(office.tenant(&tenant)?, filter).await?);
            }
            Self::Show(Which { id, tenant }) => {
                show::one(format, &office.desk.approval(office.tenant(&tenant)?, id).await?)?;
            }
            Self::Approve(decide) => decide.put(format, office, true).await?,
            Self::Deny(decide) => decide.put(format, office, false).await?,
        }
        Ok(())
    }
}

impl Decide {
    async fn put(self, format: Format, office: &Office, approved: bool) -> Result<(), CliError> {
        let Self { which: Which { id, tenant }, reason } = self;
        let standing = office.tenants.get(&tenant)?;
        if standing.suspended.is_some() {
            return Err(DispatchError::from(ApprovalError::Suspended).into());
        }
        let decision = Decision { approved, by: who::asks(), reason };
        let decided = office.desk.decide(standing.id, id, decision).await?;
        show::decided(format, &decided);
        Ok(())
    }
}

fn reason(words: &str) -> Result<String, String> {
    match words.trim() {
        "" => Err("say why, or leave it out".to_owned()),
        words if words.len() > REASON => Err(format!("say it in at most {REASON} bytes")),
        words => Ok(words.to_owned()),
    }
}
