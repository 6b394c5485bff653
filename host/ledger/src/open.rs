//! Opening a ledger with zones: claim, recover, repair, resume. The order matters: nothing is written to a zone
//! before it is locked and known to be the right one, and nothing is repaired before everything was checked.
//! It does not know what happens after; the sequencer takes over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use uuid::Uuid;

use crate::chain::Chain;
use crate::checkpoint::Head;
use crate::commit::{Trio, ZoneWriter};
use crate::engine::Sequencer;
use crate::notary::Notary;
use crate::queue::Queue;
use crate::recover::{Last, Recovery};
use crate::segment::{self, Header};
use crate::zone::{self, Lock, SEGMENTS};
use crate::{Config, OpenError, Origin, Sizes, Writer, disk, prepare_zone, publish};

/// What runs while a ledger is open.
pub(crate) struct Running {
    pub(crate) queue: Arc<Queue>,
    pub(crate) threads: Vec<JoinHandle<()>>,
    /// Held until all threads have ended, so that no other process writes to the same zones.
    pub(crate) locks: Vec<Lock>,
}

type Checkpoints = Vec<(u8, Head, Vec<u8>)>;

/// Opens the ledger and starts its threads.
pub(crate) fn open(config: Config) -> Result<Running, OpenError> {
    let Config { zones, writer, ledger_id, signers, create, sizes } = config;
    if !sizes.fine() || signers.is_empty() {
        return Err(OpenError::Config);
    }
    let locks = claim(&zones, ledger_id, create)?;
    let mut chains = BTreeMap::new();
    let mut repairs = Vec::new();
    let checkpoints = read_checkpoints(&zones)?;
    let mut segments: BTreeMap<Writer, BTreeSet<u64>> = BTreeMap::from([(writer, BTreeSet::new())]);
    for (number, path) in (0u8..).zip(&zones) {
        for (writer, firsts) in zone::segments(path).map_err(|e| OpenError::io(number, path, e))? {
            segments.entry(writer).or_default().extend(firsts);
        }
    }
    let mut resume = None;
    for (&name, firsts) in &segments {
        let mut chain = Chain::new(ledger_id, name);
        for (_, head, _) in checkpoints.iter().filter(|(_, head, _)| head.origin.writer == name) {
            chain.marks.insert((head.origin.tenant, head.size), None);
        }
        let recovery = Recovery { zones: &zones, ledger: ledger_id, writer: name };
        let last = recovery.run(firsts, &mut chain, &mut repairs)?;
        if name == writer {
            resume = last;
        }
        chains.insert(name, chain);
    }
    let newest = check_checkpoints(&checkpoints, &chains)?;
    for repair in repairs {
        repair.apply().map_err(|e| OpenError::io(repair.zone, repair.dir.join(&repair.name), e))?;
    }
    heal_checkpoints(&zones, &checkpoints, &newest)?;
    let mut chain = chains.remove(&writer).unwrap_or_else(|| Chain::new(ledger_id, writer));
    chain.marks.clear();
    let trio = resume_zones(&zones, &chain, ledger_id, sizes, resume)?;
    let own = newest.into_iter().filter(|(origin, _)| origin.writer == writer);
    let notary = Notary::new(signers, own.collect());
    start(zones, chain, ledger_id, sizes, trio, notary, locks)
}

fn claim(zones: &[PathBuf; 3], ledger: Uuid, create: bool) -> Result<Vec<Lock>, OpenError> {
    let bare = |path: &PathBuf| !path.join(zone::IDENTITY).exists();
    // Made only when no zone has any entry: a single bare directory is more likely a disk that is not mounted
    // than a new zone, and filling it would hide that.
    let fresh = |path: &PathBuf| bare(path) || zone::segments(path).is_ok_and(|found| found.is_empty());
    if create && zones.iter().any(bare) && zones.iter().all(fresh) {
        for (number, path) in (0u8..).zip(zones) {
            if bare(path) {
                prepare_zone(path, number, ledger)?;
            }
        }
    }
    let mut locks = Vec::new();
    for (number, path) in (0u8..).zip(zones) {
        locks.push(zone::claim(path, number, ledger)?);
        zone::sweep(path).map_err(|e| OpenError::io(number, path, e))?;
    }
    Ok(locks)
}

fn read_checkpoints(zones: &[PathBuf; 3]) -> Result<Checkpoints, OpenError> {
    let mut found = Vec::new();
    for (number, path) in (0u8..).zip(zones) {
        for (origin, bytes) in zone::checkpoints(path).map_err(|e| OpenError::io(number, path, e))? {
            let (head, _) =
                Head::parse(origin, &bytes).ok_or(OpenError::CheckpointMismatch { zone: number, origin })?;
            found.push((number, head, bytes));
        }
    }
    Ok(found)
}

/// Holds every checkpoint against the replayed logs; returns the largest of each log.
fn check_checkpoints(
    found: &Checkpoints,
    chains: &BTreeMap<Writer, Chain>,
) -> Result<HashMap<Origin, (Head, Vec<u8>)>, OpenError> {
    let mut newest: HashMap<Origin, (Head, Vec<u8>)> = HashMap::new();
    for (zone, head, bytes) in found {
        let (zone, origin, size) = (*zone, head.origin, head.size);
        let chain = chains.get(&origin.writer);
        if chain.is_none_or(|chain| chain.size(origin.tenant) < size) {
            return Err(OpenError::CheckpointAhead { zone, origin, size });
        }
        let root = chain.and_then(|chain| chain.marks.get(&(origin.tenant, size)).copied().flatten());
        if root != Some(head.root) {
            return Err(OpenError::CheckpointMismatch { zone, origin });
        }
        if newest.get(&origin).is_none_or(|(known, _)| known.size < size) {
            newest.insert(origin, (*head, bytes.clone()));
        }
    }
    Ok(newest)
}

/// A crash between zones leaves some with the checkpoint before; they get the newest.
fn heal_checkpoints(
    zones: &[PathBuf; 3],
    found: &Checkpoints,
    newest: &HashMap<Origin, (Head, Vec<u8>)>,
) -> Result<(), OpenError> {
    for (origin, (_, bytes)) in newest {
        for (number, path) in (0u8..).zip(zones) {
            let has =
                |(zone, head, note): &(u8, Head, Vec<u8>)| *zone == number && head.origin == *origin && note == bytes;
            if !found.iter().any(has) {
                zone::put_checkpoint(path, origin, bytes).map_err(|e| OpenError::io(number, path, e))?;
            }
        }
    }
    Ok(())
}

fn resume_zones(
    zones: &[PathBuf; 3],
    chain: &Chain,
    ledger: Uuid,
    sizes: Sizes,
    last: Option<Last>,
) -> Result<Trio, OpenError> {
    let last = match last {
        Some(last) => last,
        None => begin(zones, chain, ledger, sizes)?,
    };
    let resume = |zone: u8, path: &Path| {
        let dir = path.join(SEGMENTS);
        ZoneWriter::resume(&dir, &last.name, &last.frame, last.used, last.step)
            .map_err(|e| OpenError::io(zone, dir.join(&last.name), e))
    };
    let [a, b, c] = zones;
    let writers = [resume(0, a)?, resume(1, b)?, resume(2, c)?];
    Trio::start(writers).map_err(|e| OpenError::io(0, a, e))
}

/// The writer's first segment, in every zone.
fn begin(zones: &[PathBuf; 3], chain: &Chain, ledger: Uuid, sizes: Sizes) -> Result<Last, OpenError> {
    let header = Header { ledger, writer: chain.writer, first: chain.next, prev: chain.head, step: sizes.step };
    let (name, head) = (segment::name(chain.writer, chain.next), header.encode());
    let used = head.len() as u64;
    for (number, path) in (0u8..).zip(zones) {
        disk::put(&path.join(SEGMENTS), &name, &head, header.file_len(used, true))
            .map_err(|e| OpenError::io(number, path, e))?;
    }
    Ok(Last { name, used, frame: Vec::new(), step: sizes.step })
}

fn start(
    zones: [PathBuf; 3],
    chain: Chain,
    ledger: Uuid,
    sizes: Sizes,
    trio: Trio,
    notary: Notary,
    locks: Vec<Lock>,
) -> Result<Running, OpenError> {
    let first = zones.first().cloned().unwrap_or_default();
    let failed = |e| OpenError::io(0, &first, e);
    let queue = Arc::new(Queue::new(chain.next));
    let (publisher, publishing) = publish::start(zones, notary).map_err(failed)?;
    let sequencer = Sequencer { queue: Arc::clone(&queue), chain, ledger, sizes, trio, publisher };
    let builder = thread::Builder::new().name("ledger-sequencer".to_owned());
    let sequencing = builder.spawn(move || sequencer.run()).map_err(failed)?;
    // Joined in this order: the publisher ends once the sequencer has dropped its sender.
    Ok(Running { queue, threads: vec![sequencing, publishing], locks })
}
