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
/// # Errors
/// Those of the ledger and the ring: then the changes are put on record another time.
pub async fn put_on_record(ledger: &Ledger, keys: &KeyRing) -> Result<(), DispatchError> {
    if !keys.has_news() {
        return Ok(());
    }
    let news = keys.news();
    for change in &news {
        let happened = if change.before.is_some() { Happened::Rotated } else { Happened::Added };
        let (before, after) = (serde_json::json!(change.before), serde_json::json!(change.after));
        let entry = Change::new(Subject::Key, change.after.id.clone(), happened, before, after);
        // No policy decides over keys: the operator does.
        registry::record(ledger, TenantId::from(change.tenant), Digest::from([0; 32]), &[entry]).await?;
    }
    Ok(keys.recorded(&news)?)
}
