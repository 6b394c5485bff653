//! Puts changes of the registry on record, before they hold. It doesn't know what changes, nor who reacts.

use casemate_gate::registry::Change;
use casemate_gate::{Digest, TenantId};
use casemate_keys::random;
use casemate_ledger::{Draft, Kind, Ledger};
use uuid::Uuid;

use super::DispatchError;
use crate::clock;

/// Puts changes into a tenant's log, durably, under the policy that holds for it; the nil tenant's log is the host's
/// own. Returns the index of the last one.
///
/// # Errors
/// Those of the ledger: then nothing may change.
pub async fn record(
    ledger: &Ledger,
    tenant: TenantId,
    policy: Digest,
    changes: &[Change],
) -> Result<Option<u64>, DispatchError> {
    let drafts = changes.iter().map(|change| {
        Ok(Draft {
            kind: Kind::Registry,
            tenant: tenant.as_uuid(),
            run: Uuid::nil(),
            seq: 0,
            epoch: 0,
            tool: 0,
            decision: 0,
            time_ms: clock::now_ms(),
            policy: *policy.as_bytes(),
            salt: random()?,
            payload: change.payload(),
        })
    });
    let drafts = drafts.collect::<Result<Vec<_>, DispatchError>>()?;
    if drafts.is_empty() {
        return Ok(None);
    }
    Ok(ledger.submit(drafts).await?.last().map(casemate_ledger::Receipt::index))
}
