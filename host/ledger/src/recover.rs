//! What three zones say together after a stop of any kind: which frames are there, which zone is behind, and
//! whether what is wrong is a crash or damage. It only decides and replays; `repair` writes. It does not know the
//! payloads, and no key.
//!
//! A frame is acknowledged only when all zones have it durable, and the next is begun only then. So a crash
//! leaves at most one frame, the last, unfinished or in some zones only. Whatever else is missing from the end of
//! one zone but present in another is copied; whatever is wrong before the end is damage and refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::chain::{Chain, Fault};
use crate::repair::Repair;
use crate::segment::{self, SEGMENT_FILE_MAX, Segment, Tail};
use crate::{FormatError, OpenError, Writer, disk, zone};

/// Where a writer's last segment ends.
pub(crate) struct Last {
    pub(crate) name: String,
    pub(crate) used: u64,
    /// Bytes of its last frame; empty when it has none.
    pub(crate) frame: Vec<u8>,
    pub(crate) step: u32,
}

/// Replays one writer.
pub(crate) struct Recovery<'a> {
    pub(crate) zones: &'a [PathBuf; 3],
    pub(crate) ledger: Uuid,
    pub(crate) writer: Writer,
}

impl Recovery<'_> {
    /// Walks the segments that start at `firsts` (the union over the zones), replays them into `chain` and adds
    /// what must be rewritten to `repairs`.
    pub(crate) fn run(
        &self,
        firsts: &BTreeSet<u64>,
        chain: &mut Chain,
        repairs: &mut Vec<Repair>,
    ) -> Result<Option<Last>, OpenError> {
        let mut last = None;
        let mut behind = [false; 3];
        for (at, &first) in firsts.iter().enumerate() {
            let is_last = at + 1 == firsts.len();
            let name = segment::name(self.writer, first);
            let segments = self.load(&name, first)?;
            last = Some(self.segment(&name, is_last, &segments, chain, &mut behind, repairs)?);
        }
        Ok(last)
    }

    fn dir(&self, zone: u8) -> PathBuf {
        self.zones.get(usize::from(zone)).map(|path| path.join(zone::SEGMENTS)).unwrap_or_default()
    }

    /// The segment as every zone has it, with its file length.
    fn load(&self, name: &str, first: u64) -> Result<Vec<(u8, Option<Segment>)>, OpenError> {
        let mut found = Vec::new();
        for zone in 0..3 {
            let path = self.dir(zone).join(name);
            let corrupt = |reason| self.corrupt(zone, &path, first, Fault { reason, log: None, index: None });
            let bytes = match disk::read_capped(&path, SEGMENT_FILE_MAX) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Err(corrupt(FormatError::SegmentLength)),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    found.push((zone, None));
                    continue;
                }
                Err(e) => return Err(OpenError::io(zone, path, e)),
            };
            let segment = Segment::parse(bytes, self.ledger, self.writer, first).map_err(corrupt)?;
            found.push((zone, Some(segment)));
        }
        Ok(found)
    }

    fn segment(
        &self,
        name: &str,
        is_last: bool,
        segments: &[(u8, Option<Segment>)],
        chain: &mut Chain,
        behind: &mut [bool; 3],
        repairs: &mut Vec<Repair>,
    ) -> Result<Last, OpenError> {
        let first = chain.next;
        let there = || segments.iter().filter_map(|(zone, segment)| Some((*zone, segment.as_ref()?)));
        // The zone with most frames leads; of equals the first.
        let lead = there().reduce(|a, b| if b.1.count() > a.1.count() { b } else { a });
        let Some((lead_zone, lead)) = lead else {
            // Cannot be: the name came from one of the zones. Its file vanished in between.
            return Err(OpenError::ZoneMissing { zone: 0, path: self.dir(0).join(name) });
        };
        for (zone, segment) in there() {
            self.agree(zone, segment, lead_zone, lead)?;
            self.check_tail(zone, name, segment, lead, is_last, chain)?;
        }
        for ((zone, segment), behind) in segments.iter().zip(behind.iter_mut()) {
            if *behind && segment.is_some() {
                // It lacks frames before this segment: a hole, which no crash leaves.
                let fault = Fault { reason: FormatError::FrameNumber, log: None, index: None };
                return Err(self.corrupt(*zone, &self.dir(*zone).join(name), first, fault));
            }
            *behind |= segment.as_ref().is_none_or(|segment| segment.count() < lead.count());
        }
        let path = self.dir(lead_zone).join(name);
        self.replay(lead_zone, &path, lead, chain)?;
        let used = lead.used as u64;
        let len = lead.header.file_len(used, is_last);
        for (zone, segment) in segments {
            let right = segment.as_ref().is_some_and(|segment| {
                segment.count() == lead.count() && segment.tail == Tail::Zeros && segment.bytes.len() as u64 == len
            });
            if !right {
                let (dir, name, source) = (self.dir(*zone), name.to_owned(), path.clone());
                repairs.push(Repair { zone: *zone, dir, name, source, used, len });
            }
        }
        let frame = lead.bytes.get(lead.last_start()..lead.used).unwrap_or_default().to_vec();
        Ok(Last { name: name.to_owned(), used, frame, step: lead.header.step })
    }

    /// Frames with one number must be one frame.
    fn agree(&self, zone: u8, segment: &Segment, lead_zone: u8, lead: &Segment) -> Result<(), OpenError> {
        let differ = |frame| OpenError::ZonesDiverge { zone, other: lead_zone, writer: self.writer, frame };
        if segment.header != lead.header {
            return Err(differ(lead.header.first));
        }
        for ((_, ours), (_, theirs)) in segment.frames().zip(lead.frames()) {
            if ours.hash != theirs.hash {
                return Err(differ(theirs.number));
            }
        }
        Ok(())
    }

    /// Tells what a crash leaves behind the last frame from damage to a frame that was acknowledged.
    fn check_tail(
        &self,
        zone: u8,
        name: &str,
        segment: &Segment,
        lead: &Segment,
        is_last: bool,
        chain: &Chain,
    ) -> Result<(), OpenError> {
        let missing = lead.count().saturating_sub(segment.count());
        let reason = match segment.tail {
            Tail::Zeros => return Ok(()),
            // The unfinished write of the last frame. If a peer has the frame whole it is completed from there.
            // If none has, it cannot have been acknowledged, since that takes all three, and it is removed.
            Tail::Torn(_) if is_last && missing <= 1 => return Ok(()),
            // A later frame exists, so this one was durable and acknowledged before.
            Tail::Torn(reason) | Tail::Damaged(reason) => reason,
        };
        let mut known = chain.clone();
        for (_, view) in segment.frames() {
            if known.accept(&view).is_err() {
                break;
            }
        }
        let frame = known.next;
        let fault = known.locate(reason, segment.bytes.get(segment.used..).unwrap_or_default());
        Err(self.corrupt(zone, &self.dir(zone).join(name), frame, fault))
    }

    fn replay(&self, zone: u8, path: &Path, lead: &Segment, chain: &mut Chain) -> Result<(), OpenError> {
        let start = (chain.next, chain.head);
        if (lead.header.first, lead.header.prev) != start {
            let fault = Fault { reason: FormatError::FrameChain, log: None, index: None };
            return Err(self.corrupt(zone, path, start.0, fault));
        }
        for (_, view) in lead.frames() {
            chain.accept(&view).map_err(|fault| self.corrupt(zone, path, view.number, fault))?;
        }
        Ok(())
    }

    fn corrupt(&self, zone: u8, file: &Path, frame: u64, fault: Fault) -> OpenError {
        let Fault { reason, log, index } = fault;
        OpenError::ZoneCorrupt { zone, file: file.to_owned(), frame, log, index, reason }
    }
}
