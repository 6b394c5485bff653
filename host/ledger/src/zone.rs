//! A zone: one directory with an identity, a lock, segments and checkpoints. The identity refuses a directory
//! mounted in the wrong place before anything is written to it. It does not know what segments hold.
//!
//! ```text
//! zone.txt                              identity: ledger id, zone number, format, checksum line
//! lock                                  empty, flock'ed while a ledger is open
//! segments/<writer>-<first frame>.seg   see `segment`
//! logs/<tenant>/<writer>/checkpoint     C2SP signed note
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::limits::CHECKPOINT_MAX;
use crate::{OpenError, Origin, Writer, disk, segment};

/// File names inside a zone.
pub(crate) const IDENTITY: &str = "zone.txt";
pub(crate) const LOCK: &str = "lock";
pub(crate) const SEGMENTS: &str = "segments";
pub(crate) const LOGS: &str = "logs";
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The identity file's text. One spelling only, so that it is compared, not interpreted.
fn identity_text(ledger: Uuid, zone: u8) -> String {
    let body = format!("casemate ledger zone\nformat 1\nledger {}\nzone {zone}\n", ledger.as_hyphenated());
    let checksum = hex::encode(Sha256::digest(body.as_bytes()));
    format!("{body}sha256 {checksum}\n")
}

/// Reads the identity: ledger id and zone number. `None` when it is not one.
pub(crate) fn identity(path: &Path) -> io::Result<Option<(Uuid, u8)>> {
    let Some(bytes) = disk::read_capped(&path.join(IDENTITY), 1024)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).unwrap_or_default();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let ledger = field("ledger ").and_then(|id| Uuid::try_parse(id).ok());
    let zone = field("zone ").and_then(|zone| zone.parse().ok()).filter(|zone| *zone < 3);
    Ok(ledger.zip(zone).filter(|&(ledger, zone)| identity_text(ledger, zone) == text))
}

/// Makes an empty directory zone `zone` (0 to 2) of a ledger, for a new ledger or to replace a lost zone: the
/// next open fills it from the other two.
///
/// # Errors
/// `ZoneForeign` when the directory is not empty or the number is not 0 to 2, `ZoneUnreadable` or `DiskFull`.
pub fn prepare_zone(path: &Path, zone: u8, ledger: Uuid) -> Result<(), OpenError> {
    let failed = |source| OpenError::io(zone, path, source);
    disk::make_dir(path).map_err(failed)?;
    let ours = |name: &str| matches!(name, LOCK | SEGMENTS | LOGS) || name.ends_with(disk::TEMP_SUFFIX);
    let names = disk::list(path).map_err(failed)?;
    let used = |dir: &str| disk::list(&path.join(dir)).is_ok_and(|names| !names.is_empty());
    // What a preparation cut short by a crash leaves is no obstacle; anything else is.
    if zone > 2 || !names.iter().all(|(name, _)| ours(name)) || used(SEGMENTS) || used(LOGS) {
        return Err(OpenError::ZoneForeign { zone, ledger, path: path.to_owned() });
    }
    disk::make_dir(&path.join(SEGMENTS)).map_err(failed)?;
    disk::make_dir(&path.join(LOGS)).map_err(failed)?;
    let text = identity_text(ledger, zone);
    disk::put(path, IDENTITY, text.as_bytes(), text.len() as u64).map_err(failed)?;
    Ok(())
}

/// A zone held by this process.
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Said, not left to closing the file: a child that was forked and has not yet called exec holds the same
        // open file and would keep the lock. An error leaves it to the close that follows.
        let _left = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Takes the zone for this process and checks that it is the one that is meant. The lock lasts as long as
/// what is returned.
pub(crate) fn claim(path: &Path, zone: u8, ledger: Uuid) -> Result<Lock, OpenError> {
    let failed = |source| OpenError::io(zone, path, source);
    match identity(path) {
        Ok(Some(found)) if found == (ledger, zone) => {}
        Ok(_) => {
            return Err(OpenError::ZoneForeign { zone, ledger, path: path.to_owned() });
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::ZoneMissing { zone, path: path.to_owned() });
        }
        Err(e) => return Err(failed(e)),
    }
    let lock = path.join(LOCK);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&lock).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked { zone, path: path.to_owned() }),
        Err(e) => Err(failed(e.into())),
    }
}

/// Removes what a crash left half-made: files under their temporary names in every directory of the zone, and
/// directories of logs that have no checkpoint yet.
pub(crate) fn sweep(path: &Path) -> io::Result<()> {
    sweep_dir(path)?;
    sweep_dir(&path.join(SEGMENTS))?;
    for (_, tenant) in disk::list(&path.join(LOGS))? {
        if !tenant.is_dir() {
            continue;
        }
        for (_, log) in disk::list(&tenant)? {
            if log.is_dir() && sweep_dir(&log)? == 0 {
                fs::remove_dir(&log)?;
                disk::sync_dir(&tenant)?;
            }
        }
    }
    Ok(())
}

/// Removes temporary files; returns how many others there are.
fn sweep_dir(dir: &Path) -> io::Result<usize> {
    let is_stale = |(name, _): &(String, PathBuf)| name.ends_with(disk::TEMP_SUFFIX);
    let (stale, others): (Vec<_>, Vec<_>) = disk::list(dir)?.into_iter().partition(is_stale);
    for (_, file) in &stale {
        fs::remove_file(file)?;
    }
    if !stale.is_empty() {
        disk::sync_dir(dir)?;
    }
    Ok(others.len())
}

/// First frame numbers of every writer's segments. Files that are no segments are left out; offline
/// verification reports them.
pub(crate) fn segments(path: &Path) -> io::Result<BTreeMap<Writer, BTreeSet<u64>>> {
    let mut found: BTreeMap<Writer, BTreeSet<u64>> = BTreeMap::new();
    for (name, _) in disk::list(&path.join(SEGMENTS))? {
        if let Some((writer, first)) = segment::parse_name(&name) {
            found.entry(writer).or_default().insert(first);
        }
    }
    Ok(found)
}

/// The directory of a log's checkpoint.
pub(crate) fn log_dir(path: &Path, origin: &Origin) -> PathBuf {
    path.join(LOGS).join(origin.tenant.as_hyphenated().to_string()).join(origin.writer.as_str())
}

/// The checkpoint files of a zone, unchecked. A log directory without one is left out: a crash between making
/// the directory and publishing leaves that.
pub(crate) fn checkpoints(path: &Path) -> io::Result<Vec<(Origin, Vec<u8>)>> {
    let mut found = Vec::new();
    for (tenant, dir) in disk::list(&path.join(LOGS))? {
        if !dir.is_dir() {
            continue;
        }
        for (writer, log) in disk::list(&dir)? {
            let Ok(origin) = format!("{tenant}/{writer}").parse::<Origin>() else {
                continue;
            };
            match disk::read_capped(&log.join(CHECKPOINT), CHECKPOINT_MAX) {
                Ok(bytes) => found.push((origin, bytes.unwrap_or_default())),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
    }
    Ok(found)
}

/// Replaces a log's checkpoint: durable and whole, or as before.
pub(crate) fn put_checkpoint(path: &Path, origin: &Origin, note: &[u8]) -> io::Result<()> {
    let dir = log_dir(path, origin);
    if let Some(tenant) = dir.parent() {
        disk::make_dir(tenant)?;
    }
    disk::make_dir(&dir)?;
    disk::put(&dir, CHECKPOINT, note, note.len() as u64).map(drop)
}
