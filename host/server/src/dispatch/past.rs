//! A call that was made, found again by its entry in the log: what was asked, under which policy, and what came of it.
//! What the leaf doesn't say comes from the run's journal, where that is still kept. It doesn't know how it was decided.

use casemate_gate::capability::refused_resource;
use casemate_gate::{AgentName, Digest, Operation, Refusal, RunId, TenantId};

use super::{DispatchError, Dispatcher, bookkeeping_of};
use crate::crossing::frame::Frame;

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Past {
    /// What was asked for.
    pub operation: Operation,
    /// On what, where the operation names something and the journal has it.
    pub resource: Option<String>,
    /// Number of the refusal; 0 where it was not refused.
    pub refusal: u16,
    /// Digest of the policy.
    pub policy: Digest,
    /// Which run.
    pub run: RunId,
    /// When it was recorded, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: u64,
    /// Whose agent and component, where the journal has them.
    pub agent: Option<(AgentName, Digest)>,
}

impl Dispatcher {
    /// The call whose entry has this index in the tenant's log.
    ///
    /// # Errors
    /// [`DispatchError::NoCall`], and those of ledger and database.
    pub async fn past_call(&self, tenant: TenantId, index: u64) -> Result<Past, DispatchError> {
        let ledger = &self.crossing.ledger;
        let mut found = None;
        for entry in ledger.entries_of(ledger.origin(tenant.as_uuid()))? {
            let leaf = entry?.leaf;
            if leaf.index == index {
                found = Some(leaf);
                break;
            }
        }
        let leaf = found.ok_or(DispatchError::NoCall(index))?;
        let operation = Operation::numbered(leaf.tool).ok_or(DispatchError::NoCall(index))?;
        let mut past = Past {
            operation,
            resource: None,
            refusal: leaf.decision,
            policy: Digest::from(leaf.policy),
            run: RunId::from(leaf.run),
            at_ms: leaf.time_ms,
            agent: None,
        };
        let frames = match self.records.look(&bookkeeping_of(tenant)?, tenant, past.run, &self.keys).await {
            Ok(frames) => frames,
            // Of a run that was kept in memory the leaf is all that there is.
            Err(DispatchError::NoDatabase | DispatchError::NoRun) => return Ok(past),
            Err(error) => return Err(error),
        };
        for (seq, _, frame) in frames {
            match frame {
                Frame::Start(start) => past.agent = Some((start.agent, start.component)),
                Frame::Call { request, result, .. } if seq.get() == leaf.seq => {
                    let refused = result.err().map(Refusal::from);
                    let named = refused.as_ref().and_then(|refusal| refused_resource(refusal.message()));
                    let asked = request.as_ref().and_then(|request| request.resource());
                    past.resource = asked.or(named).map(str::to_owned);
                }
                Frame::Intent { request, .. } | Frame::Asked { request, .. } if seq.get() == leaf.seq => {
                    past.resource = request.resource().map(str::to_owned);
                }
                _ => {}
            }
        }
        Ok(past)
    }
}
