//! How a tenant transaction begins: one message with the signed claim, the deadline and the role. It doesn't know what
//! is done in it.

use std::time::{Duration, Instant};

use casemate_gate::rls::Scope;

use super::Db;
use super::error::SqlError;
use crate::wire;

/// Longest transaction, whatever its caller's deadline.
const LONGEST: Duration = Duration::from_secs(300);

/// Whether a transaction may change rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// READ ONLY, in one snapshot, that of its beginning: its journal rows are appended in a transaction of their own right
    /// after it.
    Read,
    /// Its journal rows commit with what it changed.
    Write,
}

/// Which of the two logins a transaction uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The host's own tables: `kv`, runs. No text of an agent is run.
    Records,
    /// An agent's statements, as the role that the scope names.
    Sql,
}

/// A transaction's message, and when it has to be over.
pub(super) struct Opening {
    pub(super) message: String,
    pub(super) deadline: Instant,
}

impl Opening {
    pub(super) fn new(db: &Db, scope: &Scope, access: Access, door: Door, deadline: Instant) -> Result<Self, SqlError> {
        let left = deadline.saturating_duration_since(Instant::now()).min(LONGEST);
        if left < Duration::from_millis(1) {
            return Err(SqlError::Deadline);
        }
        let message = message(db, scope, access, door, left)?;
        Ok(Self { message, deadline: Instant::now() + left })
    }
}

/// Everything that opens a transaction. The token is base64url, hex and dots; the role is checked.
pub(super) fn message(db: &Db, scope: &Scope, access: Access, door: Door, left: Duration) -> Result<String, SqlError> {
    let token = db.keyring().token(scope, left).map_err(SqlError::unavailable)?;
    let mode = if access == Access::Read { " ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "" };
    let milliseconds = left.as_millis().max(1);
    let open = format!("BEGIN{mode}; SELECT app.open('{token}'); SET LOCAL statement_timeout = {milliseconds}");
    match (door, scope.role()) {
        // The host's own statements are few and find by keys: their plans are made once for a connection. One that takes hints
        // is planned for a millisecond, over every slot of the queue, and runs for a tenth of one.
        (Door::Records, _) => Ok(format!("{open}; SET LOCAL plan_cache_mode = force_generic_plan")),
        (Door::Sql, Some(role)) if crate::roles::is_agent_role(role) => {
            Ok(format!("{open}; SET LOCAL ROLE {}", wire::identifier(role)))
        }
        (Door::Sql, _) => Err(SqlError::Door),
    }
}
