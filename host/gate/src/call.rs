//! The vocabulary of the crossing: what a guest can ask for and what it can be answered, as owned, serialisable
//! values in closed enums. It doesn't know wasm (the sandbox translates) nor how a tool does its work.

mod operation;
mod value;

use serde::{Deserialize, Serialize};

pub use operation::{Effect, Operation, Tool, Verb};
pub use value::Value;

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
    /// Change rows, and see those that RETURNING names.
    SqlReturning {
        /// One INSERT, UPDATE, DELETE or MERGE.
        statement: String,
        /// `$1` … `$n`.
        parameters: Vec<Value>,
    },
    /// Read rows in pieces. What is opened is known by the number of this call.
    SqlOpen {
        /// One SELECT or VALUES.
        statement: String,
        /// `$1` … `$n`.
        parameters: Vec<Value>,
    },
    /// The next piece.
    SqlNext {
        /// What was opened.
        opened: Seq,
        /// Most rows.
        limit: u32,
    },
    /// Begin a transaction, known by the number of this call.
    SqlBegin,
    /// Make what a transaction changed real.
    SqlCommit {
        /// Which.
        opened: Seq,
    },
    /// Run a statement in a transaction.
    SqlWithin {
        /// Which.
        opened: Seq,
        /// What is wanted of it.
        ask: Ask,
        /// One statement.
        statement: String,
        /// `$1` … `$n`.
        parameters: Vec<Value>,
    },
}

/// What is wanted of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Its rows; it changes nothing.
    Query,
    /// How many rows it changed.
    Execute,
    /// The rows that it changed, as RETURNING has them.
    Returning,
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
    /// Something is open, known by the number of the call that opened it.
    Opened(Seq),
}

impl Reply {
    /// Bytes that the host holds for the reply, with what it needs for each value.
    #[must_use]
    pub fn hosted(&self) -> u64 {
        let values = match self {
            Self::Rows { columns, rows } => columns.len() + rows.iter().flatten().map(Value::count).sum::<usize>(),
            _ => 0,
        };
        (self.size() as u64).saturating_add((values as u64).saturating_mul(HOSTED_VALUE))
    }

    /// Bytes that the reply takes, for budgets.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Unit | Self::Existed(_) => 1,
            Self::Changed(_) | Self::Counter(_) | Self::Time(_) | Self::Opened(_) => 8,
            Self::Bytes(value) => value.as_ref().map_or(1, Vec::len),
            Self::Random(bytes) => bytes.len(),
            Self::Rows { columns, rows } => {
                columns.iter().map(String::len).sum::<usize>() + rows.iter().flatten().map(Value::size).sum::<usize>()
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
            Self::SqlReturning { .. } => Operation::SqlReturning,
            Self::SqlOpen { .. } => Operation::SqlOpen,
            Self::SqlNext { .. } => Operation::SqlNext,
            Self::SqlBegin => Operation::SqlBegin,
            Self::SqlCommit { .. } => Operation::SqlCommit,
            Self::SqlWithin { ask: Ask::Query, .. } => Operation::SqlTransactionQuery,
            Self::SqlWithin { ask: Ask::Execute, .. } => Operation::SqlTransactionExecute,
            Self::SqlWithin { ask: Ask::Returning, .. } => Operation::SqlTransactionReturning,
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

    /// The statement with its parameters, of a request that has one.
    #[must_use]
    pub fn statement(&self) -> Option<(&str, &[Value])> {
        match self {
            Self::SqlQuery { statement, parameters }
            | Self::SqlExecute { statement, parameters }
            | Self::SqlReturning { statement, parameters }
            | Self::SqlOpen { statement, parameters }
            | Self::SqlWithin { statement, parameters, .. } => Some((statement, parameters)),
            // Named one by one: a new request says here whether it has text of a guest that is code.
            Self::KvGet { .. }
            | Self::KvSet { .. }
            | Self::KvDelete { .. }
            | Self::KvAdd { .. }
            | Self::LogEmit { .. }
            | Self::ClockNow
            | Self::ClockSleep { .. }
            | Self::RandomBytes { .. }
            | Self::SqlNext { .. }
            | Self::SqlBegin
            | Self::SqlCommit { .. } => None,
        }
    }

    /// The same, to be changed in place.
    pub const fn statement_mut(&mut self) -> Option<(&mut String, &mut Vec<Value>)> {
        match self {
            Self::SqlQuery { statement, parameters }
            | Self::SqlExecute { statement, parameters }
            | Self::SqlReturning { statement, parameters }
            | Self::SqlOpen { statement, parameters }
            | Self::SqlWithin { statement, parameters, .. } => Some((statement, parameters)),
            // Named one by one: a new request says here whether it has text of a guest that is code.
            Self::KvGet { .. }
            | Self::KvSet { .. }
            | Self::KvDelete { .. }
            | Self::KvAdd { .. }
            | Self::LogEmit { .. }
            | Self::ClockNow
            | Self::ClockSleep { .. }
            | Self::RandomBytes { .. }
            | Self::SqlNext { .. }
            | Self::SqlBegin
            | Self::SqlCommit { .. } => None,
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
        let values = self.statement().map_or(0, |(_, parameters)| parameters.iter().map(Value::count).sum::<usize>());
        (self.size() as u64).saturating_add((values as u64).saturating_mul(HOSTED_VALUE))
    }

    /// Bytes that the arguments take, for budgets.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::SqlQuery { statement, parameters }
            | Self::SqlExecute { statement, parameters }
            | Self::SqlReturning { statement, parameters }
            | Self::SqlOpen { statement, parameters }
            | Self::SqlWithin { statement, parameters, .. } => {
                statement.len() + parameters.iter().map(Value::size).sum::<usize>()
            }
            Self::SqlNext { .. } | Self::SqlCommit { .. } => 8,
            Self::SqlBegin => 0,
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
