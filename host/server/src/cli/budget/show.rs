//! `casemate budget show`: one line for each owner, window and resource. It reads the record as it is, also while another
//! process runs agents: what these may use at most counts as held. It doesn't know what is used at once in that process.

use std::path::PathBuf;

use casemate_gate::AgentName;
use casemate_gate::budget::{Amounts, Caps, Period, Resource, Span, written};
use casemate_gate::policy::Policy;

use super::super::exit::Exit;
use super::super::{CliError, Global, input};
use super::{agent_name, told};
use crate::app::{Packs, Tenants};
use crate::clock;
use crate::dispatch::{Book, Whose};

/// Show budgets.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    /// Whose
    tenant: String,
    /// Only this agent's
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// The policy whose limits are shown beside your own [default: the tenant's active pack]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// One line.
pub(super) struct Line {
    pub(super) agent: Option<AgentName>,
    pub(super) span: Span,
    pub(super) resource: Resource,
    /// Not known for what is used at once.
    pub(super) used: Option<u64>,
    pub(super) held: Option<u64>,
    pub(super) limit: Option<u64>,
    /// Who set the limit.
    pub(super) from: Option<&'static str>,
    pub(super) ends: Option<String>,
}

impl Line {
    pub(super) fn left(&self) -> Option<u64> {
        let gone = self.used?.saturating_add(self.held.unwrap_or_default());
        self.limit.map(|limit| limit.saturating_sub(gone))
    }
}

impl Show {
    pub(super) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let config = global.config()?;
        let tenant = Tenants::look_up(&config, &self.tenant)?;
        let policy = match self.policy.as_deref() {
            Some(path) => Some(input::policy(path)?.0),
            None => Packs::look(&config)?.active(tenant)?.map(|pack| pack.source.policy),
        };
        let agent = self.agent.map(agent_name).transpose()?;
        let book = super::book(&config, tenant).await?;
        let mut owners = book.owners_of(tenant);
        if let Some(agent) = agent {
            owners = vec![(tenant, Some(agent))];
        }
        let now_ms = clock::now_ms();
        let lines = owners.iter().flat_map(|whose| of_owner(&book, whose, policy.as_ref(), now_ms)).collect::<Vec<_>>();
        told::shown(global.format, &self.tenant, &lines, &book.holds(tenant).collect::<Vec<_>>());
        Ok(Exit::Done)
    }
}

/// The lines of one owner: what is used or held, and what has a limit.
fn of_owner(book: &Book, whose: &Whose, policy: Option<&Policy>, now_ms: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    for span in Span::ALL {
        let period = Period::of(span, now_ms);
        let summed = span != Span::AtOnce;
        let (used, held) = match summed {
            true => (book.spent(whose, span, period), book.held(whose, period)),
            false => (Amounts::default(), Amounts::default()),
        };
        let own = book.kept(whose).map(|kept| *kept.bounds.get(span)).unwrap_or_default();
        let granted = policy.map_or_else(Caps::default, |policy| {
            let budget = &policy.budget;
            *(if whose.1.is_some() { &budget.agent } else { &budget.tenant }).get(span)
        });
        for resource in Resource::ALL {
            let (used, held) = (*used.get(resource), *held.get(resource));
            let (limit, from) = smaller(*granted.get(resource), *own.get(resource));
            if limit.is_none() && used == 0 && held == 0 {
                continue;
            }
            let known = |amount| summed.then_some(amount);
            let ends = summed.then(|| written(period.ends_ms));
            let agent = whose.1.clone();
            lines.push(Line { agent, span, resource, used: known(used), held: known(held), limit, from, ends });
        }
    }
    lines
}

/// The limit that holds, and who set it.
fn smaller(policy: Option<u64>, operator: Option<u64>) -> (Option<u64>, Option<&'static str>) {
    match (policy, operator) {
        (Some(policy), Some(operator)) if policy <= operator => (Some(policy), Some("policy")),
        (Some(policy), None) => (Some(policy), Some("policy")),
        (_, Some(operator)) => (Some(operator), Some("operator")),
        (None, None) => (None, None),
    }
}
