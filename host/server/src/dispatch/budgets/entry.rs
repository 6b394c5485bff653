//! One line of the budget record: what it says, and the sum by which a line that was cut short or changed is known. It
//! doesn't know the lines around it.

use casemate_gate::budget::{Amounts, Caps, Span};
use casemate_gate::{AgentName, RunId, TenantId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Hexadecimal digits of a line's sum: the first half of its SHA-256.
const SUM: usize = 32;

/// Most bytes of a line.
pub(super) const LINE_BYTES: usize = 4096;

/// What a line says. Kinds are added, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub(super) enum Entry {
    /// A stretch of a run begins: it may use so much.
    Hold(Hold),
    /// It ended, having used so much.
    Settle {
        /// Which run's.
        run: RunId,
        /// What it used.
        spent: Amounts,
    },
    /// The operator set limits.
    Change(Change),
    /// What was used of one window by stretches whose own lines are not kept any more.
    Total {
        /// Whose.
        tenant: TenantId,
        /// Whose of the tenant's, if an agent's.
        agent: Option<AgentName>,
        /// Hour, day or month.
        span: Span,
        /// Its first millisecond.
        begins_ms: u64,
        /// What was used.
        spent: Amounts,
    },
}

/// A stretch of a run that is under way, or whose host died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which run's.
    pub run: RunId,
    /// Whose.
    pub tenant: TenantId,
    /// Which agent's.
    pub agent: AgentName,
    /// When it began, in milliseconds since 1970-01-01T00:00:00Z: it counts in the windows of that moment.
    pub at_ms: u64,
    /// What the run had used before.
    pub before: Amounts,
    /// The most that it may use.
    pub held: Amounts,
}

/// Limits of one span, as the operator set them: they stand beside a policy's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name at that time.
    pub name: String,
    /// Which agent's, if not the tenant's own.
    pub agent: Option<AgentName>,
    /// At once, or an hour, day or month.
    pub span: Span,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: u64,
    /// All limits of the span from then on.
    pub caps: Caps,
    /// What they were before.
    pub before: Caps,
    /// Index of the change in the tenant's log.
    pub ledger_index: u64,
}

impl Entry {
    /// The line: sum, space, JSON, newline.
    pub(super) fn line(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        Ok(format!("{} {json}\n", sum(json.as_bytes())))
    }

    /// What a line says, without its newline; none where it is not what was written.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let (stated, json) = line.split_at_checked(SUM)?;
        let json = json.strip_prefix(b" ")?;
        if sum(json).as_bytes() != stated {
            return None;
        }
        serde_json::from_slice(json).ok()
    }
}

fn sum(bytes: &[u8]) -> String {
    let mut sum = hex::encode(Sha256::digest(bytes));
    sum.truncate(SUM);
    sum
}
