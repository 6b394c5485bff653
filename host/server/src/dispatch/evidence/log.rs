//! Evidence held to a zone of the ledger: each of its entries stands there, at its index, byte for byte, and the zone has no
//! other of this run that counts. It doesn't know whether the zone itself is sound: `casemate audit verify` says that.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use casemate_gate::Seq;
use casemate_ledger::{Entry, Kind, Origin, read};

use super::{Evidence, EvidenceError};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InLog {
    /// Records that stand in the log.
    pub entries: usize,
    /// Records of which the evidence has no entry.
    pub without: usize,
}

impl Evidence {
    /// Looks every entry up in a zone that no host has open.
    ///
    /// # Errors
    /// [`EvidenceError::NotInLog`] with the first call at which they differ; [`EvidenceError::Log`].
    pub fn is_in_zone(&self, zone: &Path) -> Result<InLog, EvidenceError> {
        let mut held: HashMap<(Origin, u64), &Entry> = HashMap::new();
        for entry in self.pieces.iter().filter_map(|piece| piece.entry.as_ref()) {
            held.insert((entry.origin, entry.leaf.index), entry);
        }
        let entries = held.len();
        let (mut more, mut void) = (Vec::new(), HashSet::new());
        for entry in read::scan(zone).map_err(EvidenceError::Log)? {
            let entry = entry.map_err(EvidenceError::Log)?;
            if entry.leaf.run != self.run.as_uuid() {
                continue;
            }
            let (leaf, call) = (&entry.leaf, (entry.leaf.seq, entry.leaf.epoch));
            match held.remove(&(entry.origin, leaf.index)) {
                Some(ours) if (&ours.leaf, ours.salt, &ours.payload) == (leaf, entry.salt, &entry.payload) => {}
                Some(_) => return Err(not(leaf.seq, "the log has another entry in its place")),
                None if leaf.kind == Kind::Void => drop(void.insert(call)),
                None => more.push(call),
            }
        }
        // What a host that died had written and nothing came of is declared void behind it.
        if let Some((seq, _)) = more.into_iter().find(|call| !void.contains(call)) {
            return Err(not(seq, "the log has an entry that the evidence has not"));
        }
        if let Some(missing) = held.into_values().min_by_key(|entry| entry.leaf.seq) {
            return Err(not(missing.leaf.seq, "the log has no such entry"));
        }
        Ok(InLog { entries, without: self.pieces.len().saturating_sub(entries) })
    }
}

const fn not(seq: u64, why: &'static str) -> EvidenceError {
    EvidenceError::NotInLog { seq: Seq::new(seq), why }
}
