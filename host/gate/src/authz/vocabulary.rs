//! The vocabulary: every action, as tool and verb, the kind of resource that it is done to, and who can be granted it.
//! docs/capabilities.md is its page. It doesn't know any policy.

use std::fmt;
use std::str::FromStr;

use crate::call::{Tool, Verb};

/// What actions are done to. Every kind is an entity type of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A table, as `schema.table`.
    Table,
    /// A key of `kv`.
    Key,
    /// A tool as a whole: there is nothing smaller to name.
    Tool,
    /// An agent by its name: its runs and its budget too.
    Agent,
    /// A policy pack by its id.
    Pack,
}

impl Resource {
    /// Its entity type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "Table",
            Self::Key => "Key",
            Self::Tool => "Tool",
            Self::Agent => "Agent",
            Self::Pack => "Pack",
        }
    }

    /// Whether a grant names which ones.
    #[must_use]
    pub const fn is_named(self) -> bool {
        !matches!(self, Self::Tool)
    }

    /// Whether a grant may name them by a prefix that ends in `*`. Postgres holds a run to its tables, and knows none.
    #[must_use]
    pub const fn has_patterns(self) -> bool {
        matches!(self, Self::Key | Self::Agent | Self::Pack)
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $tool:literal $verb:literal on $resource:ident by $by:ident;)+) => {
        /// What can be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])* $action,)+
        }

        impl Action {
            /// Every action, tool by tool.
            pub const ALL: &'static [Self] = &[$(Self::$action),+];

            /// Its tool's name.
            #[must_use]
            pub const fn tool(self) -> &'static str {
                match self { $(Self::$action => $tool,)+ }
            }

            /// Its verb's name.
            #[must_use]
            pub const fn verb(self) -> &'static str {
                match self { $(Self::$action => $verb,)+ }
            }

            /// Its name, `tool.verb`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$action => concat!($tool, ".", $verb),)+ }
            }

            /// What it is done to.
            #[must_use]
            pub const fn resource(self) -> Resource {
                match self { $(Self::$action => Resource::$resource,)+ }
            }

            /// Whether agents do it. What agents do nobody else does, and the other way round.
            #[must_use]
            pub const fn is_agents(self) -> bool {
                match self { $(Self::$action => by::$by,)+ }
            }
        }
    };
}

/// Who does an action.
#[expect(non_upper_case_globals, reason = "they stand in the table as words")]
mod by {
    pub(super) const agents: bool = true;
    pub(super) const people: bool = false;
}

actions! {
    /// SELECT.
    SqlRead = "sql" "read" on Table by agents;
    /// INSERT, UPDATE, DELETE and MERGE.
    SqlWrite = "sql" "write" on Table by agents;
    /// Look a value up.
    KvRead = "kv" "read" on Key by agents;
    /// Set, delete, or add to a value.
    KvWrite = "kv" "write" on Key by agents;
    /// Write a line to the run's log.
    LogWrite = "log" "write" on Tool by agents;
    /// Read the run's clock.
    ClockRead = "clock" "read" on Tool by agents;
    /// Sleep.
    ClockWait = "clock" "wait" on Tool by agents;
    /// Take random bytes.
    RandomRead = "random" "read" on Tool by agents;
    /// See an agent and its component.
    AgentRead = "agent" "read" on Agent by people;
    /// Register, change or withdraw an agent.
    AgentWrite = "agent" "write" on Agent by people;
    /// See runs of an agent, their transcripts and results.
    RunRead = "run" "read" on Agent by people;
    /// Start or resume a run of an agent.
    RunStart = "run" "start" on Agent by people;
    /// Stop a run of an agent.
    RunStop = "run" "stop" on Agent by people;
    /// See what an agent used and may use.
    BudgetRead = "budget" "read" on Agent by people;
    /// Set what an agent may use.
    BudgetWrite = "budget" "write" on Agent by people;
    /// See a pack.
    PolicyRead = "policy" "read" on Pack by people;
    /// Apply a pack, or go back to the one before.
    PolicyWrite = "policy" "write" on Pack by people;
    /// Read and verify the audit log.
    AuditRead = "audit" "read" on Tool by people;
    /// List keys and see public ones.
    KeyRead = "key" "read" on Tool by people;
    /// Rotate keys.
    KeyWrite = "key" "write" on Tool by people;
    /// See the tenant.
    TenantRead = "tenant" "read" on Tool by people;
    /// Suspend the tenant, or let it go on.
    TenantWrite = "tenant" "write" on Tool by people;
}

impl Action {
    /// The action of an operation.
    #[must_use]
    pub const fn of(tool: Tool, verb: Verb) -> Option<Self> {
        match (tool, verb) {
            (Tool::Sql, Verb::Read) => Some(Self::SqlRead),
            (Tool::Sql, Verb::Write) => Some(Self::SqlWrite),
            (Tool::Kv, Verb::Read) => Some(Self::KvRead),
            (Tool::Kv, Verb::Write) => Some(Self::KvWrite),
            (Tool::Log, Verb::Write) => Some(Self::LogWrite),
            (Tool::Clock, Verb::Read) => Some(Self::ClockRead),
            (Tool::Clock, Verb::Wait) => Some(Self::ClockWait),
            (Tool::Random, Verb::Read) => Some(Self::RandomRead),
            _ => None,
        }
    }

    /// Its bit in a set of actions.
    pub(crate) const fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

/// Not the name of an action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("name an action as a tool and what is done with it, such as `kv.read` or `log.write`: there is no `{0}`")]
pub struct NotAnAction(pub String);

impl FromStr for Action {
    type Err = NotAnAction;

    fn from_str(name: &str) -> Result<Self, NotAnAction> {
        Self::ALL.iter().copied().find(|action| action.name() == name).ok_or_else(|| NotAnAction(name.to_owned()))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
