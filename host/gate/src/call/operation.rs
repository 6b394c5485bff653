//! The operations: each call's name, number, tool, verb, and what the world sees of it. It doesn't know arguments.

use serde::Deserialize;

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
    /// None yet: a change in a transaction that is open. Its record rides as a pure call's does, and so is durable before
    /// the commit makes the change real.
    Prepared,
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
    /// `sql.returning`
    SqlReturning = 3,
    /// `sql.open`: a query whose rows are read in pieces.
    SqlOpen = 4,
    /// `sql.next`: the next of them.
    SqlNext = 5,
    /// `sql.begin`
    SqlBegin = 6,
    /// `sql.commit`
    SqlCommit = 7,
    /// `sql.transaction-query`: a query in a transaction.
    SqlTransactionQuery = 8,
    /// `sql.transaction-execute`
    SqlTransactionExecute = 9,
    /// `sql.transaction-returning`
    SqlTransactionReturning = 10,
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
    pub const ALL: [Self; 18] = [
        Self::SqlQuery,
        Self::SqlExecute,
        Self::SqlReturning,
        Self::SqlOpen,
        Self::SqlNext,
        Self::SqlBegin,
        Self::SqlCommit,
        Self::SqlTransactionQuery,
        Self::SqlTransactionExecute,
        Self::SqlTransactionReturning,
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
            Self::SqlReturning => "sql.returning",
            Self::SqlOpen => "sql.open",
            Self::SqlNext => "sql.next",
            Self::SqlBegin => "sql.begin",
            Self::SqlCommit => "sql.commit",
            Self::SqlTransactionQuery => "sql.transaction-query",
            Self::SqlTransactionExecute => "sql.transaction-execute",
            Self::SqlTransactionReturning => "sql.transaction-returning",
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
            Self::SqlQuery
            | Self::SqlExecute
            | Self::SqlReturning
            | Self::SqlOpen
            | Self::SqlNext
            | Self::SqlBegin
            | Self::SqlCommit
            | Self::SqlTransactionQuery
            | Self::SqlTransactionExecute
            | Self::SqlTransactionReturning => Tool::Sql,
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
            Self::SqlQuery
            | Self::SqlOpen
            | Self::SqlNext
            | Self::SqlTransactionQuery
            | Self::KvGet
            | Self::ClockNow
            | Self::RandomBytes => Verb::Read,
            // Who only reads has no use for a transaction.
            Self::SqlExecute
            | Self::SqlReturning
            | Self::SqlBegin
            | Self::SqlCommit
            | Self::SqlTransactionExecute
            | Self::SqlTransactionReturning
            | Self::KvSet
            | Self::KvDelete
            | Self::KvAdd
            | Self::LogEmit => Verb::Write,
            Self::ClockSleep => Verb::Wait,
        }
    }

    /// What the world sees of it.
    #[must_use]
    pub const fn effect(self) -> Effect {
        match self {
            Self::SqlExecute | Self::SqlReturning | Self::SqlCommit | Self::KvSet | Self::KvDelete | Self::KvAdd => {
                Effect::Transactional
            }
            Self::SqlTransactionExecute | Self::SqlTransactionReturning => Effect::Prepared,
            Self::SqlQuery
            | Self::SqlOpen
            | Self::SqlNext
            | Self::SqlBegin
            | Self::SqlTransactionQuery
            | Self::KvGet
            | Self::LogEmit
            | Self::ClockNow
            | Self::ClockSleep
            | Self::RandomBytes => Effect::Pure,
        }
    }
}
