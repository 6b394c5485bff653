//! Why a tenant transaction or a statement in it failed. SQLSTATEs are kept; Postgres's messages stay inside as
//! sources, because they may quote rows. It doesn't know how a guest is told.

use std::error::Error;

use crate::error::sqlstate;

/// See the file's head.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// Not one statement of the permitted kinds, or not SQL.
    #[error("send one statement: SELECT, VALUES, INSERT, UPDATE, DELETE or MERGE")]
    Statement {
        /// Postgres's code.
        sqlstate: String,
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Postgres refused the statement while planning or running it.
    #[error("correct the statement or its grant: Postgres refused it with SQLSTATE {sqlstate}")]
    Refused {
        /// Postgres's code.
        sqlstate: String,
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A statement, a parameter or their number is over the limit, or holds a NUL.
    #[error("send at most {bytes} bytes of statement and parameters without NUL, and {parameters} parameters")]
    Input {
        /// The limit of bytes.
        bytes: usize,
        /// The limit of parameters.
        parameters: usize,
    },
    /// More rows than asked for; the transaction is over.
    #[error("ask for fewer rows: the limit is {limit}")]
    TooManyRows {
        /// The limit.
        limit: usize,
    },
    /// More bytes than asked for; the transaction is over.
    #[error("ask for less: the limit is {limit} bytes")]
    TooManyBytes {
        /// The limit.
        limit: usize,
    },
    /// As much is open as may be.
    #[error("close what is open first: a tenant has at most {tenant} transactions and queries open")]
    Crowded {
        /// Most that a tenant holds.
        tenant: usize,
    },
    /// The deadline passed; the transaction may be over.
    #[error("make the statement faster or give the run more time")]
    Deadline,
    /// `sql` without granted tables, or something that this door doesn't have.
    #[error("grant the agent a table, and use this transaction for what it was opened for")]
    Door,
    /// A write in a transaction that was opened for reading.
    #[error("open the transaction for writing")]
    ReadOnly,
    /// The value under the key isn't a counter.
    #[error("choose another key: its value is not a counter")]
    NotACounter,
    /// The counter would pass 64 bits.
    #[error("choose a smaller delta: the counter would overflow")]
    Overflow,
    /// A key or value over its limit.
    #[error("use a key of 1 to {key} bytes without NUL and a value of at most {value} bytes")]
    KeyValue {
        /// Limit of a key.
        key: usize,
        /// Limit of a value.
        value: usize,
    },
    /// The database refused the host's claim: another start has replaced its keys.
    #[error("restart this host: another one has taken over its database")]
    Claim,
    /// The transaction ended with an earlier error.
    #[error("open another transaction: this one ended with an earlier error")]
    Over,
    /// No connection, or it broke; nothing was committed.
    #[error("check that Postgres runs, then try again")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl SqlError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Statement { .. } => "store-statement",
            Self::Refused { .. } => "store-sql-refused",
            Self::Input { .. } => "store-sql-input",
            Self::TooManyRows { .. } => "store-too-many-rows",
            Self::TooManyBytes { .. } => "store-too-many-bytes",
            Self::Crowded { .. } => "store-crowded",
            Self::Deadline => "store-deadline",
            Self::Door => "store-door",
            Self::ReadOnly => "store-read-only",
            Self::NotACounter => "store-not-a-counter",
            Self::Overflow => "store-counter-overflow",
            Self::KeyValue { .. } => "store-key-value",
            Self::Claim => "store-claim",
            Self::Over => "store-transaction-over",
            Self::Unavailable(_) => "store-unreachable",
        }
    }

    /// Postgres's code, where the statement was at fault.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Statement { sqlstate, .. } | Self::Refused { sqlstate, .. } => Some(sqlstate),
            _ => None,
        }
    }

    pub(crate) fn unavailable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into())
    }

    /// What went wrong in a statement that had passed the filter.
    pub(crate) fn from_postgres(error: sqlx::Error) -> Self {
        match sqlstate(&error).as_deref() {
            // query_canceled, idle_in_transaction_session_timeout, lock_not_available
            Some("57014" | "25P03" | "55P03") => Self::Deadline,
            // Connection exceptions, operator intervention, and what isn't an answer of Postgres.
            Some(code) if code.starts_with("08") || code.starts_with("57P") => Self::unavailable(error),
            Some("42601" | "42P14") => Self::statement(error),
            Some(code) => Self::Refused { sqlstate: code.to_owned(), source: error.into() },
            None => Self::unavailable(error),
        }
    }

    /// What went wrong at the filter: its grammar is the statement's only judge.
    pub(crate) fn statement(error: sqlx::Error) -> Self {
        Self::Statement { sqlstate: sqlstate(&error).unwrap_or_default(), source: error.into() }
    }

    /// Whether the transaction can go on without the statement. Where a resource ran out it can't be relied on:
    /// Postgres may need the same resource to take the statement back.
    pub(crate) fn is_recoverable(&self) -> bool {
        match self {
            Self::Statement { .. } | Self::Input { .. } | Self::Deadline => true,
            Self::Refused { sqlstate, .. } => !sqlstate.starts_with("53") && !sqlstate.starts_with("XX"),
            _ => false,
        }
    }
}
