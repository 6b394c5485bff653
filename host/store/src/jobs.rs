//! Jobs: what orchestrators hand over, who works on it, and what comes of it. A job is its runs, one for each attempt; the
//! newest says how it stands. What a state allows says `casemate-jobs`, and a test holds the statements here to it. It
//! doesn't know what a run does, nor whose turn it is.

mod approvals;
mod claim;
mod command;
mod ending;
mod hint;
mod record;
mod row;
mod submit;

pub use approvals::{ApprovalFilter, ApprovalRecord, Asked, Decided, Question, Word};
pub use claim::{Claimed, Held as HeldRun};
pub use command::Applied;
pub use hint::{Listening, Place, Waiting};
pub use record::{JobFilter, JobRecord};
pub use submit::Submitted;

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00Z, as Postgres's `to_timestamp` takes them.
fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
