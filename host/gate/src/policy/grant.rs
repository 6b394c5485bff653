//! One `[[grant]]` of a policy: who may do what to what, and when; or, with `effect = "forbid"`, who may not, whatever
//! else grants it. It doesn't know the agents' manifests.

use std::time::Duration;

use serde::Deserialize;

use super::PolicyError;
use super::Unenforceable;
use super::approve::{self, ApproveTable};
use super::rule::{self, Rule, RuleTable};
use super::when::{When, WhenTable};
use crate::authz::{Action, Principal, Statement};
use crate::call::{Tool, Verb};
use crate::id::AgentName;

/// A grant as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantTable {
    tool: String,
    verbs: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    effect: Effect,
    when: Option<WhenTable>,
    approve: Option<ApproveTable>,
}

/// What a grant does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Effect {
    #[default]
    Permit,
    Forbid,
}

/// A grant that can be enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its number in the policy, from 1.
    pub number: usize,
    /// Whether it permits; else it forbids.
    pub permits: bool,
    /// To whom.
    pub to: Vec<Principal>,
    /// What.
    pub actions: Vec<Action>,
    /// To what: names, or prefixes that end in `*`. Empty for tools as a whole.
    pub names: Vec<String>,
    /// Under which conditions.
    pub when: When,
    /// How long a call that it permits waits for an approval; none where it asks for none.
    pub approve: Option<Duration>,
    /// The same as rules, one for each verb and resource, where it is agents that it is for.
    pub(super) rules: Vec<Rule>,
}

impl Grant {
    /// Whether it speaks of an agent.
    pub(super) fn concerns(&self, agent: &AgentName) -> bool {
        self.to.iter().any(|who| match who {
            Principal::Agent(None) => true,
            Principal::Agent(Some(name)) => name == agent,
            _ => false,
        })
    }

    /// The grant in Cedar: one policy for each of those that it is for.
    pub(super) fn statements(&self) -> impl Iterator<Item = Statement> {
        let conditions = self.when.conditions();
        self.to.iter().map(move |who| {
            let id = match self.to.as_slice() {
                [_] => format!("grant {}", self.number),
                _ => format!("grant {} {who}", self.number),
            };
            Statement::new(id, self.permits, who, &self.actions, &self.names, &conditions)
        })
    }
}

/// Parses all grants of a policy.
pub(super) fn parse_all(tables: Vec<GrantTable>) -> Result<Vec<Grant>, PolicyError> {
    let numbered = tables.into_iter().enumerate();
    let grants = numbered.map(|(index, table)| {
        let number = index + 1;
        parse(number, table).map_err(|cause| PolicyError::Rule { file: "policy", number, cause })
    });
    grants.collect()
}

fn parse(number: usize, table: GrantTable) -> Result<Grant, Unenforceable> {
    let GrantTable { tool, verbs, resources, to, effect, when, approve } = table;
    if verbs.is_empty() {
        return Err(Unenforceable::NoVerbs);
    }
    if !Action::ALL.iter().any(|action| action.tool() == tool) {
        return Err(Unenforceable::Tool(tool));
    }
    let action = |verb: &String| {
        let named = |action: &&Action| action.tool() == tool && action.verb() == verb;
        Action::ALL.iter().find(named).copied().ok_or_else(|| Unenforceable::Verb(tool.clone(), verb.clone()))
    };
    let mut actions = verbs.iter().map(action).collect::<Result<Vec<_>, _>>()?;
    actions.sort_unstable();
    actions.dedup();
    let agents = actions.iter().all(|action| action.is_agents());
    let to = principals(&tool, agents, to)?;
    let permits = effect == Effect::Permit;
    let when = When::parse(when, agents, permits)?;
    let approve = approve::parse(approve, agents, permits)?;
    let rules = match Tool::named(&tool) {
        Some(tool) if agents => {
            let verbs = verbs.iter().filter_map(|verb| Verb::named(verb)).collect();
            rule::parse(RuleTable { tool, verbs, resources: resources.clone() })?
        }
        _ => {
            managed(&actions, &resources)?;
            Vec::new()
        }
    };
    Ok(Grant { number, permits, to, actions, names: resources, when, approve, rules })
}

/// Whom it is for: every agent, where nobody is named and agents do it.
fn principals(tool: &str, agents: bool, to: Vec<String>) -> Result<Vec<Principal>, Unenforceable> {
    if to.is_empty() {
        return if agents { Ok(vec![Principal::Agent(None)]) } else { Err(Unenforceable::Nobody(tool.to_owned())) };
    }
    let mut parsed = Vec::new();
    for who in to {
        let who: Principal = who.parse()?;
        if who.is_agent() != agents {
            return Err(Unenforceable::NotTheirs(tool.to_owned(), who.to_string()));
        }
        parsed.push(who);
    }
    parsed.sort();
    parsed.dedup();
    Ok(parsed)
}

/// Checks the names of what is managed: agents and packs.
fn managed(actions: &[Action], names: &[String]) -> Result<(), Unenforceable> {
    let Some(action) = actions.first() else { return Err(Unenforceable::NoVerbs) };
    match (action.resource().is_named(), names.is_empty()) {
        (true, true) => return Err(Unenforceable::NoResources(action.tool().to_owned())),
        (false, false) => return Err(Unenforceable::Resources(action.tool().to_owned())),
        _ => {}
    }
    names.iter().try_for_each(|name| rule::parse_pattern(name).map(drop))
}
