//! The record of a run that was not begun, since its agent or tenant can't pay for it: whoever asked for it can see later
//! why there is no run. It doesn't know how budgets are counted.

use casemate_gate::Refusal;
use casemate_keys::random;
use casemate_ledger::{Draft, Kind};
use serde_json::json;
use uuid::Uuid;

use crate::clock;
use crate::dispatch::{DispatchError, Dispatcher, Job};

impl Dispatcher {
    /// Puts the refusal into the tenant's log, durably, and returns it as the error that it is.
    pub(in crate::dispatch) async fn not_begun(&self, job: &Job, refusal: Refusal) -> DispatchError {
        // Names, numbers and a code: nothing that would have to be sealed.
        let told = json!({"agent": job.agent.manifest().agent, "not_begun": refusal.message()});
        let draft = random().map(|salt| Draft {
            kind: Kind::Refusal,
            tenant: job.tenant.as_uuid(),
            run: Uuid::nil(),
            seq: 0,
            epoch: 0,
            tool: 0,
            decision: refusal.code() as u16,
            time_ms: clock::now_ms(),
            policy: *job.policy.digest.as_bytes(),
            salt,
            payload: told.to_string().into_bytes(),
        });
        match draft {
            Ok(draft) => self.crossing.ledger.submit(vec![draft]).await.map_or_else(Into::into, |_| refusal.into()),
            Err(error) => error.into(),
        }
    }
}
