//! The vocabulary of the crossing: what a guest can ask for and what it can be answered, as owned, serialisable
//! values in closed enums. It doesn't know wasm (the sandbox translates) nor how a tool does its work.

use serde::{Deserialize, Serialize};

use crate::budget::HOSTED_VALUE;
use crate::id::{AgentName, RunId, Seq, TenantId};

/// Who a run belongs to. Fixed by dispatch when the run starts: a guest can't state who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whose rows, budget and log.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentName,
    /// Which run of it.
    pub run: RunId,
}

/// One request of a guest, with its place in the run.
#[derive(Debug, Clone)]
pub struct Call {
    /// Ordinal within the run.
    pub seq: Seq,
    /// What is asked for.
    pub request: Request,
}

/// A parameter of a statement or a cell of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `smallint`, `integer`, `bigint`.
    Integer(i64),
    /// `real`, `double precision`.
    Float(f64),
    /// Text, and every type that is not listed, in Postgres's notation.
    Text(String),
    /// A UUID in its usual notation (RFC 9562).
    Uuid(String),
    /// A JSON document (RFC 8259).
    Json(String),
    /// `bytea`.
    Bytes(Vec<u8>),
}

impl Value {
    /// Bytes that the value takes, for budgets.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Boolean(_) => 1,
            Self::Integer(_) | Self::Float(_) => 8,
            Self::Text(text) | Self::Uuid(text) | Self::Json(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// Severity of a log message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// For the agent's author.
    Debug,
    /// Ordinary progress.
    Info,
    /// Something the operator may want to know.
    Warn,
    /// Something went wrong.
    Error,
}

/// What a guest asks for. Variants are appended, never reordered: the journal stores their position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Read rows.
    SqlQuery {
        /// One SELECT or VALUES.
        statement: String,
        /// `$1` … `$n`.
        parameters: Vec<Value>,
    },
    /// Change rows.
    SqlExecute {
        /// One INSERT, UPDATE, DELETE or MERGE.
        statement: String,
        /// `$1` … `$n`.
        parameters: Vec<Value>,
    },
    /// Read a value.
    KvGet {
        /// Its key.
        key: String,
    },
    /// Write a value.
    KvSet {
        /// Its key.
        key: String,
        /// The new value.
        value: Vec<u8>,
    },
    /// Remove a value.
    KvDelete {
        /// Its key.
        key: String,
    },
    /// Add to a counter.
    KvAdd {
        /// Its key.
        key: String,
        /// What is added.
        delta: i64,
    },
    /// Write a line to the run's log.
    LogEmit {
        /// Severity.
        level: Level,
        /// The line.
        message: String,
    },
    /// Read the run's virtual clock.
    ClockNow,
    /// Wait.
    ClockSleep {
        /// For at least this long, in milliseconds.
        milliseconds: u64,
    },
    /// Take bytes from the run's seed.
    RandomBytes {
        /// How many.
        length: u32,
    },
}

/// What a tool answers. Variants are appended, never reordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// Nothing but success.
    Unit,
    /// Rows of a query.
    Rows {
        /// Names of the columns.
        columns: Vec<String>,
        /// Row by row, cell by cell.
        rows: Vec<Vec<Value>>,
    },
    /// Number of rows changed.
    Changed(u64),
    /// A value, or none under that key.
    Bytes(Option<Vec<u8>>),
    /// Whether there was a value to delete.
    Existed(bool),
    /// The counter's new value.
    Counter(i64),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(u64),
    /// Random bytes.
    Random(Vec<u8>),
}

impl Reply {
    /// Bytes that the host holds for the reply, with what it needs for each value.
    #[must_use]
    pub fn hosted(&self) -> u64 {
        let values = match self {
            Self::Rows { columns, rows } => columns.len() + rows.iter().map(Vec::len).sum::<usize>(),
            _ => 0,
        };
        (self.size() as u64).saturating_add((values as u64).saturating_mul(HOSTED_VALUE))
    }

    /// Bytes that the reply takes, for budgets.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Unit | Self::Existed(_) => 1,
            Self::Changed(_) | Self::Counter(_) | Self::Time(_) => 8,
            Self::Bytes(value) => value.as_ref().map_or(1, Vec::len),
            Self::Random(bytes) => bytes.len(),
            Self::Rows { columns, rows } => {
                columns.iter().map(String::len).sum::<usize>() + rows.iter().flatten().map(Value::size).sum::<usize>()
            }
        }
    }
}

/// A family of operations with one implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// Rows in Postgres.
    Sql,
    /// Values by key.
    Kv,
    /// The run's log.
    Log,
    /// The virtual clock.
    Clock,
    /// The run's randomness.
    Random,
}

impl Tool {
    /// Its name in manifests, policies and imports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Kv => "kv",
            Self::Log => "log",
            Self::Clock => "clock",
            Self::Random => "random",
        }
    }

    /// The tool with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Sql, Self::Kv, Self::Log, Self::Clock, Self::Random].into_iter().find(|tool| tool.name() == name)
    }

    /// Whether it works on the tenant's data in Postgres.
    #[must_use]
    pub const fn needs_database(self) -> bool {
        matches!(self, Self::Sql | Self::Kv)
    }
}

/// What an operation does to its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Looks.
    Read,
    /// Changes.
    Write,
    /// Passes time.
    Wait,
}

impl Verb {
    /// The verb with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Wait].into_iter().find(|verb| verb.name() == name)
    }

    /// Its name in manifests and policies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Wait => "wait",
        }
    }
}

/// What the world sees of a call, which decides what must be on record before it and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// None: its record rides with the next one that has an effect.
    Pure,
    /// Rows in Postgres, committed together with the journal's outcome.
    Transactional,
}

/// One operation, with its stable name and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Operation {
    /// `sql.query`
    SqlQuery = 1,
    /// `sql.execute`
    SqlExecute = 2,
    /// `kv.get`
    KvGet = 16,
    /// `kv.set`
    KvSet = 17,
    /// `kv.delete`
    KvDelete = 18,
    /// `kv.add`
    KvAdd = 19,
    /// `log.emit`
    LogEmit = 32,
    /// `clock.now`
    ClockNow = 48,
    /// `clock.sleep`
    ClockSleep = 49,
    /// `random.bytes`
    RandomBytes = 64,
}

impl Operation {
    /// Every operation, in rising order of its number.
    pub const ALL: [Self; 10] = [
        Self::SqlQuery,
        Self::SqlExecute,
        Self::KvGet,
        Self::KvSet,
        Self::KvDelete,
        Self::KvAdd,
        Self::LogEmit,
        Self::ClockNow,
        Self::ClockSleep,
        Self::RandomBytes,
    ];

    /// Its number in the ledger.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The operation with this number.
    #[must_use]
    pub fn numbered(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.number() == number)
    }

    /// Its name, `tool.operation`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SqlQuery => "sql.query",
            Self::SqlExecute => "sql.execute",
            Self::KvGet => "kv.get",
            Self::KvSet => "kv.set",
            Self::KvDelete => "kv.delete",
            Self::KvAdd => "kv.add",
            Self::LogEmit => "log.emit",
            Self::ClockNow => "clock.now",
            Self::ClockSleep => "clock.sleep",
            Self::RandomBytes => "random.bytes",
        }
    }

    /// The tool that carries it out.
    #[must_use]
    pub const fn tool(self) -> Tool {
        match self {
            Self::SqlQuery | Self::SqlExecute => Tool::Sql,
            Self::KvGet | Self::KvSet | Self::KvDelete | Self::KvAdd => Tool::Kv,
            Self::LogEmit => Tool::Log,
            Self::ClockNow | Self::ClockSleep => Tool::Clock,
            Self::RandomBytes => Tool::Random,
        }
    }

    /// What it does.
    #[must_use]
    pub const fn verb(self) -> Verb {
        match self {
            Self::SqlQuery | Self::KvGet | Self::ClockNow | Self::RandomBytes => Verb::Read,
            Self::SqlExecute | Self::KvSet | Self::KvDelete | Self::KvAdd | Self::LogEmit => Verb::Write,
            Self::ClockSleep => Verb::Wait,
        }
    }

    /// What the world sees of it.
    #[must_use]
    pub const fn effect(self) -> Effect {
        match self {
            Self::SqlExecute | Self::KvSet | Self::KvDelete | Self::KvAdd => Effect::Transactional,
            Self::SqlQuery | Self::KvGet | Self::LogEmit | Self::ClockNow | Self::ClockSleep | Self::RandomBytes => {
                Effect::Pure
            }
        }
    }
}

impl Request {
    /// Which operation it asks for.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::SqlQuery { .. } => Operation::SqlQuery,
            Self::SqlExecute { .. } => Operation::SqlExecute,
            Self::KvGet { .. } => Operation::KvGet,
            Self::KvSet { .. } => Operation::KvSet,
            Self::KvDelete { .. } => Operation::KvDelete,
            Self::KvAdd { .. } => Operation::KvAdd,
            Self::LogEmit { .. } => Operation::LogEmit,
            Self::ClockNow => Operation::ClockNow,
            Self::ClockSleep { .. } => Operation::ClockSleep,
            Self::RandomBytes { .. } => Operation::RandomBytes,
        }
    }

    /// The resource that capability decides on, where the arguments name one. Tables don't stand here: Postgres
    /// itself holds a run to the tables that it was granted.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        match self {
            Self::KvGet { key } | Self::KvSet { key, .. } | Self::KvDelete { key } | Self::KvAdd { key, .. } => {
                Some(key)
            }
            _ => None,
        }
    }

    /// Bytes that the host holds for the arguments, with what it needs for each value.
    #[must_use]
    pub fn hosted(&self) -> u64 {
        let values = match self {
            Self::SqlQuery { parameters, .. } | Self::SqlExecute { parameters, .. } => parameters.len(),
            _ => 0,
        };
        (self.size() as u64).saturating_add((values as u64).saturating_mul(HOSTED_VALUE))
    }

    /// Bytes that the arguments take, for budgets.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::SqlQuery { statement, parameters } | Self::SqlExecute { statement, parameters } => {
                statement.len() + parameters.iter().map(Value::size).sum::<usize>()
            }
            Self::KvGet { key } | Self::KvDelete { key } => key.len(),
            Self::KvSet { key, value } => key.len() + value.len(),
            Self::KvAdd { key, .. } => key.len() + 8,
            Self::LogEmit { message, .. } => message.len(),
            Self::ClockNow => 0,
            Self::ClockSleep { .. } => 8,
            Self::RandomBytes { .. } => 4,
        }
    }
}
