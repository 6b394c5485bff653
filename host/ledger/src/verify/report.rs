//! What verification says when it finds nothing wrong: plain numbers per log, and how much of each log no
//! checkpoint covers yet. It does not know how they are shown.

use uuid::Uuid;

use crate::{Origin, Sha, Writer};

/// How far verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The zone's number.
    pub zone: u8,
    /// Bytes of segments checked.
    pub bytes: u64,
    /// Bytes of segments in the zone.
    pub of: u64,
    /// Frames checked.
    pub frames: u64,
}

/// A verified zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The ledger it belongs to.
    pub ledger: Uuid,
    /// Its number.
    pub zone: u8,
    /// Every writer's chain of frames, by name.
    pub chains: Vec<ChainReport>,
    /// Every log, by tenant and writer.
    pub logs: Vec<LogReport>,
}

/// One writer's chain of frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// The writer.
    pub writer: Writer,
    /// Number of frames.
    pub frames: u64,
    /// Hash of the last frame.
    pub head: Sha,
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// The log.
    pub origin: Origin,
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root over all of them.
    pub root: Sha,
    /// Entries that the checkpoint covers; `None` without a checkpoint.
    pub checkpoint: Option<u64>,
    /// Entries after the checkpoint: consistent, but no signature vouches for them yet.
    pub unanchored: u64,
}

/// Three verified zones that agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZonesReport {
    /// The zones by number. Logs and chains are the same in all of them.
    pub zones: Vec<Report>,
    /// Whether two of them are on one device, so that one failure can take both.
    pub colocated: bool,
}

impl ZonesReport {
    /// The logs, which are the same in every zone.
    #[must_use]
    pub fn logs(&self) -> &[LogReport] {
        self.zones.first().map_or(&[], |zone| &zone.logs)
    }
}

/// Whether two zones agree; if not, the first log that differs and its first index that does, where known.
pub(crate) fn compare(a: &Report, b: &Report) -> Result<(), (Option<Origin>, Option<u64>)> {
    for (ours, theirs) in a.logs.iter().zip(&b.logs) {
        if ours != theirs {
            let origin = ours.origin.min(theirs.origin);
            let common = ours.size.min(theirs.size);
            let index = (ours.origin == theirs.origin && ours.size != theirs.size).then_some(common);
            return Err((Some(origin), index));
        }
    }
    if a.logs.len() != b.logs.len() {
        let longer = if a.logs.len() > b.logs.len() { &a.logs } else { &b.logs };
        let extra = longer.get(a.logs.len().min(b.logs.len())).map(|log| log.origin);
        return Err((extra, Some(0)));
    }
    if a.chains == b.chains { Ok(()) } else { Err((None, None)) }
}
