//! Reading entries back: from a zone directory, with or without a running ledger, one segment in memory at a
//! time. It checks hashes of segments and frames, not the chain or the tree; `verify` does. It does not know how
//! to open payloads.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::bytes::Cursor;
use crate::segment::{self, SEGMENT_FILE_MAX, Segment, Tail};
use crate::zone::{self, SEGMENTS};
use crate::{Entry, FormatError, Origin, ReadError, Writer, disk, entry};

/// How far a running ledger may be read: its own writer, up to a number of durable frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) writer: Writer,
    pub(crate) frames: u64,
}

/// Entries in the order of their commits, writer by writer. After an error nothing more comes.
pub struct Entries {
    dir: PathBuf,
    ledger: Uuid,
    segments: VecDeque<(Writer, u64)>,
    limit: Option<Limit>,
    only: Option<Origin>,
    /// The segment being read, its path, and the index of the next frame.
    open: Option<(PathBuf, Segment, usize)>,
    ready: VecDeque<Entry>,
}

/// All entries of all writers in a zone that no ledger has open.
///
/// # Errors
/// `ledger-zone-foreign` when `zone` is no zone, `ledger-zone-unreadable`; the items fail with the code of damage
/// found.
pub fn scan(zone: &Path) -> Result<Entries, ReadError> {
    let unreadable = |source| ReadError::Unreadable { path: zone.to_owned(), source };
    let (ledger, _) =
        (zone::identity(zone).map_err(unreadable)?).ok_or_else(|| ReadError::NotAZone { path: zone.to_owned() })?;
    Entries::of(zone, ledger, None, None)
}

impl Entries {
    pub(crate) fn of(zone: &Path, ledger: Uuid, limit: Option<Limit>, only: Option<Origin>) -> Result<Self, ReadError> {
        let unreadable = |source| ReadError::Unreadable { path: zone.to_owned(), source };
        let mut segments = VecDeque::new();
        for (writer, firsts) in zone::segments(zone).map_err(unreadable)? {
            let wanted = limit.is_none_or(|limit| limit.writer == writer);
            if wanted && only.is_none_or(|origin| origin.writer == writer) {
                segments.extend(firsts.into_iter().map(|first| (writer, first)));
            }
        }
        let dir = zone.join(SEGMENTS);
        Ok(Self { dir, ledger, segments, limit, only, open: None, ready: VecDeque::new() })
    }

    pub(crate) fn held(entries: Vec<Entry>) -> Self {
        let (dir, segments) = (PathBuf::new(), VecDeque::new());
        Self { dir, ledger: Uuid::nil(), segments, limit: None, only: None, open: None, ready: entries.into() }
    }

    /// Reads on until an entry is ready. `false` at the end.
    fn fill(&mut self) -> Result<bool, ReadError> {
        while self.ready.is_empty() {
            match self.open.take() {
                Some((path, segment, at)) => self.frame(path, segment, at)?,
                None => match self.segments.pop_front() {
                    Some((writer, first)) => self.segment(writer, first)?,
                    None => return Ok(false),
                },
            }
        }
        Ok(true)
    }

    fn segment(&mut self, writer: Writer, first: u64) -> Result<(), ReadError> {
        if self.limit.is_some_and(|limit| first >= limit.frames) {
            return Ok(());
        }
        let file = self.dir.join(segment::name(writer, first));
        let bytes = disk::read_capped(&file, SEGMENT_FILE_MAX)
            .map_err(|source| ReadError::Unreadable { path: file.clone(), source })?;
        let parsed = bytes.ok_or(FormatError::SegmentLength);
        let segment = parsed
            .and_then(|bytes| Segment::parse(bytes, self.ledger, writer, first))
            .map_err(|reason| ReadError::Damaged { file: file.clone(), offset: 0, reason })?;
        self.open = Some((file, segment, 0));
        Ok(())
    }

    fn frame(&mut self, file: PathBuf, segment: Segment, at: usize) -> Result<(), ReadError> {
        let first = segment.header.first;
        if self.limit.is_some_and(|limit| first.saturating_add(at as u64) >= limit.frames) {
            // What stands behind is being written; it is not durable yet.
            return Ok(());
        }
        let damaged = |offset: usize, reason| ReadError::Damaged { file: file.clone(), offset: offset as u64, reason };
        let Some((offset, view)) = segment.frame(at) else {
            return match segment.tail {
                // A running ledger has more durable frames than this segment holds only if a later one has them.
                Tail::Zeros => Ok(()),
                Tail::Torn(reason) | Tail::Damaged(reason) => Err(damaged(segment.used, reason)),
            };
        };
        let mut c = Cursor::new(view.entries);
        for _ in 0..view.count {
            let entry = entry::parse(&mut c).map_err(|reason| damaged(offset, reason))?;
            if self.only.is_none_or(|origin| origin == entry.origin) {
                self.ready.push_back(entry.to_entry(view.number));
            }
        }
        self.open = Some((file, segment, at.saturating_add(1)));
        Ok(())
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.fill() {
            Ok(_) => self.ready.pop_front().map(Ok),
            Err(error) => {
                self.segments.clear();
                Some(Err(error))
            }
        }
    }
}
