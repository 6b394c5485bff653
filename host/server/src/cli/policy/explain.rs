//! `casemate policy explain`: which clauses decide a call, one that was made or one that might be. It doesn't know how
//! clauses decide.

mod show;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use casemate_gate::authz::{Action, Circumstances, Principal, Question, RoleName, Verdict};
use casemate_gate::budget::moment;
use casemate_gate::pack::{MANIFEST, SIGNATURE, Source, builtin};
use casemate_gate::policy::{Manifest, Policy, Rule};
use casemate_gate::{TenantId, Verb};

use super::super::exit::Exit;
use super::super::run::recorded;
use super::super::{CliError, Global, input};
use crate::app::{App, Database, Packs, Tenants, read_pack};
use crate::clock;
use crate::dispatch::Past;
use crate::sandbox::Candidate;

/// Say which clauses decide.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Explain {
    /// Whose policy
    #[arg(long, value_name = "NAME", required_unless_present = "policy")]
    tenant: Option<String>,
    /// This policy instead of the tenant's: a file, or the directory of a pack
    #[arg(long, value_name = "PATH", conflicts_with = "entry")]
    policy: Option<PathBuf>,
    /// A call that was made: the index of its entry in the tenant's log
    #[arg(long, value_name = "INDEX", requires = "tenant", conflicts_with_all = ["does", "at"])]
    entry: Option<u64>,
    /// Who asks: `agent:NAME`, `person:NAME`, `key:ID`, `service:NAME`, `role:NAME`
    #[arg(long = "as", value_name = "WHO", required_unless_present = "entry")]
    who: Option<Principal>,
    /// A role that they have; several are named one by one
    #[arg(long, value_name = "NAME", value_parser = role)]
    role: Vec<RoleName>,
    /// What they do, such as `kv.read`
    #[arg(long, value_name = "TOOL.VERB", required_unless_present = "entry")]
    does: Option<Action>,
    /// On what
    #[arg(long, value_name = "RESOURCE")]
    on: Option<String>,
    /// When, as 2026-11-24T10:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<u64>,
    /// They proved to be there by a second factor
    #[arg(long)]
    mfa: bool,
    /// Where the request came from
    #[arg(long, value_name = "ADDRESS")]
    network: Option<IpAddr>,
    /// The agent's component or manifest, so that what it asks for at most counts too
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// Print the whole policy set in Cedar's language as well
    #[arg(long)]
    cedar: bool,
}

/// What is explained.
struct Explained {
    question: Question,
    verdict: Verdict,
    policy: Policy,
    /// Whether a manifest was looked at.
    ceiling: bool,
    past: Option<(u64, Past)>,
    set: String,
}

impl Explain {
    pub(in crate::cli) async fn carry_out(self, global: &Global) -> Result<Exit, CliError> {
        let explained = match self.entry {
            Some(index) => self.of_entry(global, index).await?,
            None => self.of_question(global)?,
        };
        explained.iter().for_each(|one| show::explained(global.format, one, self.cedar));
        Ok(Exit::Done)
    }

    /// What might be asked.
    fn of_question(&self, global: &Global) -> Result<Vec<Explained>, CliError> {
        let policy = match (&self.policy, &self.tenant) {
            // The directory of a pack, signed or not, with its Cedar policies.
            (Some(path), _) if path.is_dir() => {
                Source::parse(&read_pack(path)?.without(&[MANIFEST, SIGNATURE]))?.policy
            }
            (Some(path), _) => input::policy(path)?.0,
            (None, Some(name)) => {
                let config = global.config()?;
                match Packs::look(&config)?.active(Tenants::look_up(&config, name)?)? {
                    Some(pack) => pack.source.policy,
                    None => builtin()?.0,
                }
            }
            (None, None) => return Err(self.incomplete("name a tenant with --tenant, or a policy with --policy")),
        };
        let (Some(principal), Some(action)) = (self.who.clone(), self.does) else {
            return Err(self.incomplete("say who asks with --as, and for what with --does"));
        };
        let manifest = self.agent.as_deref().map(manifest_of).transpose()?;
        self.put(policy, manifest.as_ref(), (principal, action), (self.on.clone(), self.at), None)
    }

    /// What was asked.
    async fn of_entry(&self, global: &Global, index: u64) -> Result<Vec<Explained>, CliError> {
        let name = self.tenant.as_deref().unwrap_or_default();
        let config = global.config()?;
        let tenant = Tenants::look_up(&config, name)?;
        // A host that never had a database has no runs in one.
        let database = if config.has_database() { Database::Needed } else { Database::NotNeeded };
        let app = App::open(&config, database).await?;
        let found = found(&app, tenant, index).await;
        let closed = app.close().await;
        let (past, policy, manifest) = found?;
        closed?;
        let operation = past.operation;
        let action = Action::of(operation.tool(), operation.verb())
            .ok_or_else(|| self.incomplete("name the entry of an agent's call"))?;
        let agent = past.agent.as_ref().map(|(agent, _)| Principal::Agent(Some(agent.clone())));
        let Some(who) = agent.or_else(|| self.who.clone()) else {
            let words = "say whose call it was with --as: its run was kept in memory, and only the log remembers it";
            return Err(self.incomplete(words));
        };
        let given = self.agent.as_deref().map(manifest_of).transpose()?;
        let (on, at) = (past.resource.clone().or_else(|| self.on.clone()), Some(past.at_ms));
        self.put(policy, manifest.or(given).as_ref(), (who, action), (on, at), Some((index, past)))
    }

    /// Puts the question, for each resource that it may be about.
    fn put(
        &self,
        policy: Policy,
        manifest: Option<&Manifest>,
        (principal, action): (Principal, Action),
        (on, at): (Option<String>, Option<u64>),
        past: Option<(u64, Past)>,
    ) -> Result<Vec<Explained>, CliError> {
        // Of a call that was made, the tables that its run was given; else those that the agent asks for.
        let made = past.is_some();
        let tables = |manifest: &Manifest| -> Vec<String> {
            let verb = if action == Action::SqlRead { Verb::Read } else { Verb::Write };
            let given: Vec<String> = policy.grants(manifest).given(verb).collect();
            if made && !given.is_empty() {
                return given;
            }
            let own = manifest.rules().iter().filter(|rule| rule.verb() == verb);
            own.filter(|rule| matches!(rule, Rule::Table { .. })).filter_map(Rule::name).collect()
        };
        let resources = match (on, action, manifest) {
            (Some(on), ..) => vec![on],
            _ if !action.resource().is_named() => vec![String::new()],
            // Which tables a statement touches is Postgres's to know: each that the agent asks for is explained.
            (None, Action::SqlRead | Action::SqlWrite, Some(manifest)) => tables(manifest),
            _ => return Err(self.incomplete("say on what with --on")),
        };
        let grants = manifest.map(|manifest| policy.grants(manifest));
        let set = grants
            .as_ref()
            .map(|grants| grants.set(&policy))
            .transpose()
            .map_err(|error| CliError::new("policy-cedar", error.to_string()))?;
        let one = |resource: String| {
            let circumstances =
                Circumstances { now_ms: at.unwrap_or_else(clock::now_ms), mfa: self.mfa, network: self.network };
            let question =
                Question { principal: principal.clone(), roles: self.role.clone(), action, resource, circumstances };
            let verdict = set.as_ref().map_or_else(|| policy.decide(&question), |set| set.decide(&question));
            let text = set.as_ref().map_or_else(|| policy.cedar(), casemate_gate::authz::Authorizer::text);
            let (policy, past, ceiling) = (policy.clone(), past.clone(), manifest.is_some());
            Explained { question, verdict, policy, ceiling, past, set: text }
        };
        Ok(resources.into_iter().map(one).collect())
    }

    fn incomplete(&self, words: &str) -> CliError {
        CliError::new("input-question", words).with_exit(Exit::Usage)
    }
}

/// The call, the policy under which it was made, and its agent's manifest.
async fn found(app: &App, tenant: TenantId, index: u64) -> Result<(Past, Policy, Option<Manifest>), CliError> {
    let past = app.dispatcher.past_call(tenant, index).await?;
    let policy = recorded(&app.packs, &app.artefacts, past.policy)?;
    let manifest = match &past.agent {
        Some((_, component)) => {
            Some(Candidate::read(app.artefacts.get(*component)?).map_err(CliError::from)?.manifest().clone())
        }
        None => None,
    };
    Ok((past, policy, manifest))
}

/// The manifest in a component, or in a file of its own.
fn manifest_of(path: &Path) -> Result<Manifest, CliError> {
    if path.extension().is_some_and(|extension| extension == "toml") {
        return Ok(Manifest::parse(&input::manifest(path)?)?);
    }
    Ok(Candidate::read(input::component(path)?).map_err(CliError::from)?.manifest().clone())
}

fn role(name: &str) -> Result<RoleName, String> {
    RoleName::try_from(name.to_owned()).map_err(|error| error.to_string())
}

fn time(text: &str) -> Result<u64, String> {
    moment(text).ok_or_else(|| "write it as 2026-11-24T10:00:00Z, in UTC".to_owned())
}
