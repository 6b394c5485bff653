//! Brings the ledger in line with the journal after a crash; the journal is the authority. What the journal has and
//! the ledger lacks is appended late (its epoch is lower than that of entries before it); a call that only the
//! ledger has is declared void. It doesn't know what the frames say.

use std::collections::HashSet;
use std::sync::Arc;

use casemate_gate::RunId;
use casemate_gate::journal::{Row, RowKind};
use casemate_keys::random;
use casemate_ledger::{Draft, Kind, Ledger};
use uuid::Uuid;

use super::records::Claimed;
use super::{DispatchError, Job};
use crate::clock;

/// Entries in one batch.
const BATCH: usize = 256;

/// Of a run that was let go in good order both have everything. Of one that another host lost, this host's ledger gets what
/// the journal has of that host's claim: whether that one's ledger has it, nobody can ask now.
pub(super) async fn ledger_with_journal(
    ledger: &Arc<Ledger>,
    job: &Job,
    run: RunId,
    claimed: &Claimed,
    host: Option<Uuid>,
) -> Result<(), DispatchError> {
    let Some(lost_by) = claimed.lost_by.or(host.is_none().then(Uuid::nil)) else { return Ok(()) };
    if host.is_some_and(|host| host != lost_by) {
        let last = claimed.rows.iter().map(|row| row.epoch).max();
        let lost = claimed.rows.iter().filter(|row| Some(row.epoch) == last);
        let drafts =
            lost.map(|row| draft(job, run, late_kind(row), row.seq.get(), row.epoch.get(), row.sealed.clone()));
        return append(ledger, drafts.collect::<Result<Vec<_>, _>>()?).await;
    }
    let mut logged = HashSet::new();
    let mut void = Vec::new();
    let journaled: HashSet<_> = claimed.rows.iter().map(|row| (row.seq.get(), row.epoch.get(), row.kind)).collect();
    // An intent may wait for its outcome under an older claim; nothing else of that claim is void.
    let concluded: HashSet<_> = claimed.rows.iter().map(|row| (row.seq.get(), row.kind)).collect();
    for entry in ledger.entries_of(ledger.origin(job.tenant.as_uuid()))? {
        let leaf = entry?.leaf;
        if leaf.run != run.as_uuid() {
            continue;
        }
        let key = (leaf.seq, leaf.epoch);
        match leaf.kind {
            Kind::Void => void.retain(|unsettled| *unsettled != key),
            kind => {
                let row = row_kind(kind);
                // The call is made again under this claim, whether it was about to happen or answered without an effect.
                let is_call = matches!(row, RowKind::Intent | RowKind::Outcome);
                if is_call && !journaled.contains(&(leaf.seq, leaf.epoch, row)) && !void.contains(&key) {
                    void.push(key);
                }
                logged.insert((leaf.seq, leaf.epoch, row));
            }
        }
    }
    let late = claimed.rows.iter().filter(|row| !logged.contains(&(row.seq.get(), row.epoch.get(), row.kind)));
    let mut drafts = Vec::new();
    for row in late {
        drafts.push(draft(job, run, late_kind(row), row.seq.get(), row.epoch.get(), row.sealed.clone())?);
    }
    for (seq, epoch) in void {
        if !concluded.contains(&(seq, RowKind::Outcome)) {
            drafts.push(draft(job, run, Kind::Void, seq, epoch, Vec::new())?);
        }
    }
    append(ledger, drafts).await
}

async fn append(ledger: &Ledger, mut drafts: Vec<Draft>) -> Result<(), DispatchError> {
    while !drafts.is_empty() {
        let rest = drafts.split_off(drafts.len().min(BATCH));
        drop(ledger.submit(drafts).await?);
        drafts = rest;
    }
    Ok(())
}

/// Index of the run's end in the tenant's log.
pub(super) fn index_of_end(ledger: &Ledger, job: &Job, run: RunId) -> Result<u64, DispatchError> {
    let mut index = 0;
    for entry in ledger.entries_of(ledger.origin(job.tenant.as_uuid()))? {
        let leaf = entry?.leaf;
        if leaf.run == run.as_uuid() && leaf.kind == Kind::End {
            index = leaf.index;
        }
    }
    Ok(index)
}

const fn row_kind(kind: Kind) -> RowKind {
    match kind {
        Kind::Open => RowKind::Start,
        Kind::Intent => RowKind::Intent,
        Kind::End => RowKind::End,
        _ => RowKind::Outcome,
    }
}

const fn late_kind(row: &Row) -> Kind {
    match row.kind {
        RowKind::Start => Kind::Open,
        RowKind::Intent => Kind::Intent,
        RowKind::Outcome => Kind::Outcome,
        RowKind::End => Kind::End,
    }
}

fn draft(job: &Job, run: RunId, kind: Kind, seq: u64, epoch: u64, payload: Vec<u8>) -> Result<Draft, DispatchError> {
    Ok(Draft {
        kind,
        tenant: job.tenant.as_uuid(),
        run: run.as_uuid(),
        seq,
        epoch,
        tool: 0,
        decision: 0,
        time_ms: clock::now_ms(),
        policy: *job.policy.digest.as_bytes(),
        salt: random()?,
        payload,
    })
}
