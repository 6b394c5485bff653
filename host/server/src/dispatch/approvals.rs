//! What a person said to a call that waits, sealed under the run's key: so nobody makes one who has only the database, and it
//! says itself to which question it is the answer. A host that goes on with the run reads it and puts it into the tenant's
//! log before the call happens. It doesn't know who may say it.

use casemate_gate::approval::Answer;
use casemate_gate::registry::{Change, Happened, Subject};
use casemate_gate::rls::Scope;
use casemate_gate::{RunId, TenantId};
use casemate_keys::{Context, DataKey, Purpose};
use casemate_store::Asked;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::records::Claimed;
use super::{DispatchError, Dispatcher, Job, registry};
use crate::crossing::{Asking, question};

/// Why an approval can't be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// There is none.
    #[error("check the approval's id with `casemate approvals list --all`: this tenant has none with it")]
    Unknown,
    /// It was decided.
    #[error("see with `casemate approvals show` what was decided before: the first decision stays")]
    Decided,
    /// Its time is over.
    #[error("let the agent ask again: the approval's deadline has passed")]
    Late,
    /// Its run has ended.
    #[error("decide nothing here: the run that asked has ended, or is being ended")]
    Over,
    /// It isn't what is on record.
    #[error("decide nothing here: what is kept of the approval differs from what the run has on record")]
    Altered,
    /// Its tenant is suspended.
    #[error("reinstate the tenant first: nothing of a suspended one is approved")]
    Suspended,
}

impl ApprovalError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "approval-unknown",
            Self::Decided => "approval-decided",
            Self::Late => "approval-late",
            Self::Over => "approval-over",
            Self::Altered => "approval-altered",
            Self::Suspended => "approval-suspended",
        }
    }
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// To which question.
    pub approval: Uuid,
    /// What that one was bound to.
    bound: [u8; 32],
    /// Yes or no.
    pub approved: bool,
    /// Who said it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

impl Statement {
    /// The answer to a question.
    #[must_use]
    pub const fn to(asking: &Asking, approved: bool, by: String, reason: Option<String>) -> Self {
        Self { approval: asking.approval, bound: asking.bound, approved, by, reason }
    }

    /// Seals it under the run's key, for its place.
    pub(super) fn seal(
        &self,
        key: &DataKey,
        place: (TenantId, RunId),
        asking: &Asking,
    ) -> Result<Vec<u8>, DispatchError> {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        Ok(key.seal(&context(place, asking), &plain)?)
    }

    /// Opens one; none for anything that is not the answer to this question.
    pub(super) fn open(key: &DataKey, place: (TenantId, RunId), asking: &Asking, sealed: &[u8]) -> Option<Self> {
        let plain = key.open(&context(place, asking), sealed).ok()?;
        let said: Self = serde_json::from_slice(&plain).ok()?;
        ((said.approval, said.bound) == (asking.approval, asking.bound)).then_some(said)
    }
}

fn context((tenant, run): (TenantId, RunId), asking: &Asking) -> Context {
    Context { tenant: tenant.as_uuid(), purpose: Purpose::Approval, id: run.as_uuid(), part: asking.seq.get() }
}

impl Dispatcher {
    /// What became of the question with which a run waited, put on record; none where there is no question, or no answer.
    pub(super) async fn answer(
        &self,
        job: &Job,
        run: RunId,
        scope: &Scope,
        claimed: &Claimed,
    ) -> Result<Option<Answer>, DispatchError> {
        let (Ok((db, _)), Some(asking)) = (self.records.shared(), question(&claimed.frames)) else { return Ok(None) };
        let is_late = claimed.standing().now_ms() >= asking.until_ms;
        let (answer, happened, said) = match db.asked(scope, asking.approval, is_late).await? {
            Asked::Open => return Ok(None),
            Asked::Expired => (Answer::Expired, Happened::Expired, Value::Null),
            Asked::Said(sealed) => match Statement::open(&claimed.key.key, (job.tenant, run), &asking, &sealed) {
                Some(Statement { approved: true, by, reason, .. }) => {
                    let answer = Answer::Approved { bound: asking.bound };
                    (answer, Happened::Approved, json!({"by": by, "reason": reason}))
                }
                Some(Statement { by, reason, .. }) => {
                    (Answer::Denied, Happened::Denied, json!({"by": by, "reason": reason}))
                }
                None => {
                    let id = asking.approval;
                    tracing::error!(%run, approval = %id, "what was said to the approval was not said by this installation");
                    (Answer::Void, Happened::Withdrawn, Value::Null)
                }
            },
        };
        let asked = json!({"run": run, "call": asking.seq.get(), "operation": asking.operation.name()});
        let change = Change::new(Subject::Approval, asking.approval.to_string(), happened, asked, said);
        registry::record(&self.crossing.ledger, job.tenant, job.policy.digest, &[change]).await?;
        Ok(Some(answer))
    }
}
