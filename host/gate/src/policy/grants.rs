//! The intersection of ceiling and grant: what one agent may do under one policy. Settled when a run starts, as a table
//! that decides without allocating; an action that some grant ties to conditions is decided by Cedar, call by call. It
//! keeps nothing of either file but what decides.

use std::collections::{BTreeMap, BTreeSet};

use super::approve::Asks;
use super::keys::KeyTable;
use super::rule::Rule;
use super::wasi::{Family, Wasi};
use super::{Grant, Manifest, Policy};
use crate::authz::{Action, Authorizer, AuthzError, Circumstances, Principal, Question, Statement};
use crate::call::{Tool, Verb};
use crate::id::AgentName;

/// What a run may do.
#[derive(Debug, Clone)]
pub struct Grants {
    agent: AgentName,
    ceiling: Vec<Rule>,
    granted: Vec<Rule>,
    forbidden: Vec<Rule>,
    tables: Vec<TableGrant>,
    /// For reading and for writing.
    keys: [KeyTable; 2],
    /// Actions on tools as a whole: a bit each.
    tools: u32,
    wasi: Wasi,
    /// Actions that the table doesn't decide, and the set that does.
    live: u32,
    set: Option<Box<Authorizer>>,
    /// What of it asks for an approval.
    asks: Option<Box<Asks>>,
}

/// One table and what a run may do to its rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableGrant {
    /// Schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// SELECT.
    pub read: bool,
    /// INSERT, UPDATE and DELETE.
    pub write: bool,
}

impl TableGrant {
    const fn has(&self, verb: Verb) -> bool {
        match verb {
            Verb::Read => self.read,
            Verb::Write => self.write,
            Verb::Wait => false,
        }
    }
}

/// Why a call is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// Manifest and policy don't both name it.
    NotNamed,
    /// A clause forbids it, a condition doesn't hold, or a policy could not be evaluated: which, for the operator.
    Decided(String),
}

impl Grants {
    /// What an agent with this manifest may do under this policy.
    pub(super) fn of(manifest: &Manifest, policy: &Policy) -> Self {
        let ceiling = manifest.rules.clone();
        let concerning = || policy.grants.iter().filter(|grant| grant.concerns(&manifest.agent));
        let rules = |some: &dyn Fn(&Grant) -> bool| -> Vec<Rule> {
            concerning().filter(|grant| some(grant)).flat_map(|grant| grant.rules.iter().cloned()).collect()
        };
        let granted = rules(&|grant| grant.permits);
        let forbidden = rules(&|grant| !grant.permits && grant.when.is_always());
        let decided_later = |action: &Action| {
            let tied = |grant: &Grant| !grant.when.is_always() && grant.actions.contains(action);
            action.is_agents() && (concerning().any(tied) || policy.authorizer.is_live(*action))
        };
        let live = Action::ALL.iter().filter(|action| decided_later(action)).fold(0, |all, action| all | action.bit());
        let keys = [Verb::Read, Verb::Write].map(|verb| KeyTable::of(&ceiling, &granted, &forbidden, verb));
        let mut made = Self {
            agent: manifest.agent.clone(),
            tables: tables(&ceiling, &granted, &forbidden),
            tools: tools(&ceiling, &granted, &forbidden),
            keys,
            wasi: manifest.wasi.intersect(&policy.wasi),
            live,
            set: None,
            asks: Asks::of(manifest, policy),
            ceiling,
            granted,
            forbidden,
        };
        // Without the set, what it would decide is denied.
        made.set = if live == 0 { None } else { made.with_ceiling(&policy.authorizer).ok().map(Box::new) };
        made
    }

    /// A tenant's set with the agent's ceiling in it.
    fn with_ceiling(&self, set: &Authorizer) -> Result<Authorizer, AuthzError> {
        let agent = Principal::Agent(Some(self.agent.clone()));
        let ceiling = |action: &Action| {
            let named: Vec<&Rule> = self.ceiling.iter().filter(|rule| rule.action() == Some(*action)).collect();
            let names: Vec<String> = named.iter().filter_map(|rule| rule.name()).collect();
            let names = if named.is_empty() { None } else { Some(names.as_slice()) };
            Statement::ceiling(&agent, *action, names)
        };
        let all: Vec<Statement> = Action::ALL.iter().filter(|action| action.is_agents()).filter_map(ceiling).collect();
        set.with(&all)
    }

    /// The tenant's policy set with the ceiling of this agent: what the table was made of, for whoever explains or
    /// checks it.
    ///
    /// # Errors
    /// [`AuthzError::TooMany`].
    pub fn set(&self, policy: &Policy) -> Result<Authorizer, AuthzError> {
        self.with_ceiling(&policy.authorizer)
    }

    /// Whether a call is granted. `now_ms` is milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn allow(&self, tool: Tool, verb: Verb, resource: Option<&str>, now_ms: u64) -> Result<(), Denied> {
        let Some(action) = Action::of(tool, verb) else { return Err(Denied::NotNamed) };
        if !self.covers(action, resource) {
            return Err(Denied::NotNamed);
        }
        // A statement that changes rows may read others as well: the run's role can do both.
        let asked = if action == Action::SqlWrite { Action::SqlRead.bit() | action.bit() } else { action.bit() };
        if self.live & asked == 0 { Ok(()) } else { self.ask(action, resource, now_ms) }
    }

    /// Whether ceiling and grant both name the call and no grant forbids it always. Conditions are not looked at.
    #[must_use]
    pub fn covers(&self, action: Action, resource: Option<&str>) -> bool {
        let [read, write] = &self.keys;
        match action {
            Action::SqlRead => self.tables.iter().any(|table| table.read),
            Action::SqlWrite => self.tables.iter().any(|table| table.write),
            Action::KvRead => resource.is_some_and(|key| read.cover(key)),
            Action::KvWrite => resource.is_some_and(|key| write.cover(key)),
            other => self.tools & other.bit() != 0,
        }
    }

    /// Asks Cedar. A statement's tables are Postgres's to know, so each that the run was given must be granted.
    fn ask(&self, action: Action, resource: Option<&str>, now_ms: u64) -> Result<(), Denied> {
        let Some(set) = &self.set else { return Err(Denied::Decided("the policy set is too large".to_owned())) };
        let one = |action: Action, resource: String| {
            let question = Question {
                principal: Principal::Agent(Some(self.agent.clone())),
                roles: Vec::new(),
                action,
                resource,
                circumstances: Circumstances { now_ms, ..Circumstances::default() },
            };
            let verdict = set.decide(&question);
            if verdict.allowed { Ok(()) } else { Err(Denied::Decided(verdict.to_string())) }
        };
        match action {
            Action::SqlRead => self.given(Verb::Read).try_for_each(|table| one(Action::SqlRead, table)),
            Action::SqlWrite => {
                self.given(Verb::Read).try_for_each(|table| one(Action::SqlRead, table))?;
                self.given(Verb::Write).try_for_each(|table| one(Action::SqlWrite, table))
            }
            _ => one(action, resource.unwrap_or_default().to_owned()),
        }
    }

    /// Names of the tables that are granted for a verb.
    pub fn given(&self, verb: Verb) -> impl Iterator<Item = String> {
        let given = self.tables.iter().filter(move |table| table.has(verb));
        given.map(|table| format!("{}.{}", table.schema, table.table))
    }

    /// Whether another's grants that a call of this verb can make use of are among these: its tables, of which Postgres
    /// alone knows what a statement touches, and what it could import.
    pub(crate) fn hold_what_is_given(&self, other: &Self, tool: Tool, verb: Verb) -> bool {
        let held = |verb: Verb| {
            let own: BTreeSet<String> = self.given(verb).collect();
            other.given(verb).all(|table| own.contains(&table))
        };
        let tables = match (tool, verb) {
            (Tool::Sql, Verb::Write) => held(Verb::Read) && held(Verb::Write),
            (Tool::Sql, verb) => held(verb),
            _ => true,
        };
        tables && Family::ALL.into_iter().all(|family| self.family(family) || !other.family(family))
    }

    /// Whether an import of the tool's interface is granted: whether any operation of it may ever be called.
    #[must_use]
    pub fn import(&self, tool: Tool) -> bool {
        match tool {
            Tool::Sql => !self.tables.is_empty(),
            Tool::Kv => self.keys.iter().any(KeyTable::has_any),
            Tool::Log | Tool::Clock | Tool::Random => {
                let own = |action: &&Action| action.tool() == tool.name();
                Action::ALL.iter().filter(own).any(|action| self.tools & action.bit() != 0)
            }
        }
    }

    pub(super) fn approvals(&self) -> Option<&Asks> {
        self.asks.as_deref()
    }

    pub(super) fn ceiling(&self) -> &[Rule] {
        &self.ceiling
    }

    pub(super) fn granted(&self) -> &[Rule] {
        &self.granted
    }

    pub(super) fn forbidden(&self) -> &[Rule] {
        &self.forbidden
    }

    /// Whether imports of a WASI family are granted.
    #[must_use]
    pub fn family(&self, family: Family) -> bool {
        self.wasi.has(family)
    }

    /// Bytes of the run's scratch directory, where one is granted.
    #[must_use]
    pub fn scratch_bytes(&self) -> Option<u64> {
        self.wasi.scratch()
    }

    /// The tables, each with what may be done to its rows.
    #[must_use]
    pub fn tables(&self) -> &[TableGrant] {
        &self.tables
    }

    /// Whether any granted tool works on the tenant's data in Postgres, or any call may have to wait for an approval, which is
    /// kept there.
    #[must_use]
    pub fn need_database(&self) -> bool {
        self.import(Tool::Sql) || self.import(Tool::Kv) || self.asks.is_some()
    }
}

fn tables(ceiling: &[Rule], granted: &[Rule], forbidden: &[Rule]) -> Vec<TableGrant> {
    let mut tables: BTreeMap<(&str, &str), (bool, bool)> = BTreeMap::new();
    for rule in ceiling.iter().filter(|rule| granted.contains(rule) && !forbidden.contains(rule)) {
        if let Rule::Table { schema, table, verb } = rule {
            let entry = tables.entry((schema, table)).or_default();
            entry.0 |= *verb == Verb::Read;
            entry.1 |= *verb == Verb::Write;
        }
    }
    let grant = |((schema, table), (read, write)): ((&str, &str), (bool, bool))| TableGrant {
        schema: schema.to_owned(),
        table: table.to_owned(),
        read,
        write,
    };
    tables.into_iter().map(grant).collect()
}

fn tools(ceiling: &[Rule], granted: &[Rule], forbidden: &[Rule]) -> u32 {
    let both = ceiling.iter().filter(|rule| granted.contains(rule) && !forbidden.contains(rule));
    let whole = both.filter(|rule| matches!(rule, Rule::Tool { .. }));
    whole.filter_map(Rule::action).fold(0, |all, action| all | action.bit())
}
