//! Puts what happened to keys on record. The ring notes each change in one write with the change itself; here the notes
//! become entries of the tenant's log, and of the host's own for its keys. A crash between the two writes puts a change
//! on record twice, and none is lost. It doesn't know why a key was changed.

use casemate_gate::registry::{Change, Happened, Subject};
use casemate_gate::{Digest, TenantId};
use casemate_keys::KeyRing;
use casemate_ledger::Ledger;

use super::{DispatchError, registry};

/// Puts what isn't yet on record, durably. Costs one look at a flag where there is nothing.
///
/// `holds` gives the digest of the policy that holds for a tenant; the nil tenant is the host itself.
///
/// # Errors
/// Those of the ledger and the ring: then the changes are put on record another time.
pub async fn put_on_record<E: From<DispatchError>>(
    ledger: &Ledger,
    keys: &KeyRing,
    holds: impl Fn(TenantId) -> Result<Digest, E>,
) -> Result<(), E> {
    if !keys.has_news() {
        return Ok(());
    }
    let news = keys.news();
    for change in &news {
        let happened = if change.before.is_some() { Happened::Rotated } else { Happened::Added };
        let (before, after) = (serde_json::json!(change.before), serde_json::json!(change.after));
        let entry = Change::new(Subject::Key, change.after.id.clone(), happened, before, after);
        let tenant = TenantId::from(change.tenant);
        registry::record(ledger, tenant, holds(tenant)?, &[entry]).await?;
    }
    keys.recorded(&news).map_err(|error| DispatchError::from(error).into())
}
