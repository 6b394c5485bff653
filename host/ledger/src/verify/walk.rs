//! Walks the segments of a zone through the same state machine that wrote them, then holds the checkpoints
//! against the result. It does not list files and does not compare zones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use signed_note::{Signature, VerifierList};
use uuid::Uuid;

use super::files::Files;
use super::{ChainReport, Flaw, LogReport, Progress, Report, VerifyError};
use crate::chain::{Chain, Fault};
use crate::checkpoint::{self, Head};
use crate::limits::CHECKPOINT_MAX;
use crate::segment::{SEGMENT_FILE_MAX, Segment, Tail};
use crate::{FormatError, Origin, Writer, disk};

/// A checkpoint whose signature verified.
pub(super) struct Anchored {
    pub(super) head: Head,
    file: PathBuf,
}

pub(crate) fn zone(
    path: &Path,
    ledger: Uuid,
    number: u8,
    files: &Files,
    keys: &VerifierList,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, VerifyError> {
    let anchors = checkpoints(files, keys)?;
    let mut chains: BTreeMap<Writer, Chain> = BTreeMap::new();
    let of = files.segments.iter().map(|(.., len)| *len).sum();
    let (mut bytes, mut frames) = (0u64, 0u64);
    for (at, (writer, first, file, len)) in files.segments.iter().enumerate() {
        let last = files.segments.get(at + 1).is_none_or(|(next, ..)| next != writer);
        let chain = chains.entry(*writer).or_insert_with(|| begin(ledger, *writer, &anchors));
        let before = chain.next;
        segment(chain, ledger, *first, file, last)?;
        bytes = bytes.saturating_add(*len);
        frames = frames.saturating_add(chain.next.saturating_sub(before));
        progress(Progress { zone: number, bytes, of, frames });
    }
    for anchor in &anchors {
        anchored(anchor, chains.get(&anchor.head.origin.writer))?;
    }
    report(path, ledger, number, &chains, &anchors)
}

/// A chain at its start that takes down the roots the checkpoints speak of.
fn begin(ledger: Uuid, writer: Writer, anchors: &[Anchored]) -> Chain {
    let mut chain = Chain::new(ledger, writer);
    for Anchored { head, .. } in anchors.iter().filter(|anchor| anchor.head.origin.writer == writer) {
        chain.marks.insert((head.origin.tenant, head.size), None);
    }
    chain
}

fn segment(chain: &mut Chain, ledger: Uuid, first: u64, file: &Path, last: bool) -> Result<(), VerifyError> {
    let bytes = disk::read_capped(file, SEGMENT_FILE_MAX).map_err(|e| VerifyError::io(file, &e))?;
    let at_start = |reason| VerifyError::new(Flaw::Format(reason), file).at(0);
    let bytes = bytes.ok_or_else(|| at_start(FormatError::SegmentLength))?;
    let segment = Segment::parse(bytes, ledger, chain.writer, first).map_err(at_start)?;
    if (segment.header.first, segment.header.prev) != (chain.next, chain.head) {
        return Err(at_start(FormatError::FrameChain));
    }
    for (offset, view) in segment.frames() {
        chain.accept(&view).map_err(|fault| VerifyError::fault(fault, file, offset))?;
    }
    let bad = segment.bytes.get(segment.used..).unwrap_or_default();
    let located = |chain: &mut Chain, reason| {
        let fault = chain.locate(reason, bad);
        VerifyError::fault(fault, file, segment.used)
    };
    match segment.tail {
        Tail::Damaged(reason) => return Err(located(chain, reason)),
        Tail::Torn(reason) if !last => return Err(located(chain, reason)),
        Tail::Torn(reason) => {
            return Err(VerifyError { flaw: Flaw::TornTail, ..located(chain, reason) });
        }
        Tail::Zeros => {}
    }
    if segment.bytes.len() as u64 != segment.header.file_len(segment.used as u64, last) {
        return Err(VerifyError::new(Flaw::TailLength, file).at(segment.used as u64));
    }
    Ok(())
}

/// Reads the checkpoints and checks their signatures.
fn checkpoints(files: &Files, keys: &VerifierList) -> Result<Vec<Anchored>, VerifyError> {
    files.checkpoints.iter().map(|(origin, file)| checkpoint(*origin, file, keys)).collect()
}

/// Reads one.
pub(super) fn checkpoint(origin: Origin, file: &Path, keys: &VerifierList) -> Result<Anchored, VerifyError> {
    let wrong = |flaw| VerifyError { log: Some(origin), ..VerifyError::new(flaw, file) };
    let bytes = disk::read_capped(file, CHECKPOINT_MAX).map_err(|e| VerifyError::io(file, &e))?;
    let parsed = bytes.and_then(|bytes| Head::parse(origin, &bytes));
    let (head, note) = parsed.ok_or_else(|| wrong(Flaw::CheckpointMalformed))?;
    let (verified, unknown) = note.verify(keys).map_err(|_| wrong(Flaw::CheckpointSignature))?;
    // While one key follows another, the one that the auditor doesn't have signs under the same name. Any other
    // signature has been added or changed.
    let is_own = |other: &Signature| verified.iter().any(|own| own.name() == other.name());
    let all = verified.len().saturating_add(unknown.len()) == checkpoint::signatures(&note.to_bytes()).len();
    if !all || !unknown.iter().all(is_own) {
        return Err(wrong(Flaw::CheckpointSignature));
    }
    Ok(Anchored { head, file: file.to_owned() })
}

pub(super) fn anchored(anchor: &Anchored, chain: Option<&Chain>) -> Result<(), VerifyError> {
    let Head { origin, size, root } = anchor.head;
    let wrong = |flaw, index| {
        let error = VerifyError::new(flaw, &anchor.file);
        VerifyError { log: Some(origin), index, ..error }
    };
    let have = chain.map_or(0, |chain| chain.size(origin.tenant));
    if have < size {
        return Err(wrong(Flaw::CheckpointAhead { size }, Some(have)));
    }
    let found = chain.and_then(|chain| chain.marks.get(&(origin.tenant, size)).copied().flatten());
    if found == Some(root) { Ok(()) } else { Err(wrong(Flaw::CheckpointRoot, None)) }
}

fn report(
    path: &Path,
    ledger: Uuid,
    zone: u8,
    chains: &BTreeMap<Writer, Chain>,
    anchors: &[Anchored],
) -> Result<Report, VerifyError> {
    let mut logs = Vec::new();
    for chain in chains.values() {
        for (tenant, log) in &chain.logs {
            let origin = chain.origin(*tenant);
            let anchor = anchors.iter().find(|anchor| anchor.head.origin == origin);
            let (size, checkpoint) = (log.tree.size(), anchor.map(|anchor| anchor.head.size));
            let fault = Fault { reason: FormatError::Index, log: Some(origin), index: Some(size) };
            let root = log.tree.root().ok_or_else(|| VerifyError::fault(fault, path, 0))?;
            let unanchored = size.saturating_sub(checkpoint.unwrap_or(0));
            logs.push(LogReport { origin, size, root, checkpoint, unanchored });
        }
    }
    logs.sort_by_key(|log| log.origin);
    let chain = |chain: &Chain| ChainReport { writer: chain.writer, frames: chain.next, head: chain.head };
    Ok(Report { ledger, zone, chains: chains.values().map(chain).collect(), logs })
}
