//! A segment: a header and then frames, in one file of limited size. The header names ledger, writer, first
//! frame and the hash before it and is covered by a hash of its own, so a segment file that was swapped or
//! renamed does not pass. Parsing works on bytes; it does not know zones or the segments around it.
//!
//! Header, big-endian, 130 bytes: magic `CMLS` | version 2 | preallocation step 4 | ledger id 16 | writer 32,
//! NUL-padded | first frame number 8 | hash of the frame before 32 | SHA-256 of everything before 32. The last
//! segment of a writer is filled with zeros to a multiple of the step; an earlier one ends with its last frame.

use std::ops::Range;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::bytes::Cursor;
use crate::frame::{self, FrameView};
use crate::limits::{FRAME_MAX, RESYNC_MAX, SEGMENT_MAX, STEP_MAX};
use crate::{FormatError, Sha, Writer};

const MAGIC: &[u8; 4] = b"CMLS";
const VERSION: u16 = 1;
/// Length of the header in bytes.
pub(crate) const SEGMENT_HEAD: usize = 130;
/// Largest segment file that is read.
pub(crate) const SEGMENT_FILE_MAX: u64 = SEGMENT_MAX + FRAME_MAX as u64 + STEP_MAX as u64;

/// The header, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) ledger: Uuid,
    pub(crate) writer: Writer,
    /// Number of the first frame.
    pub(crate) first: u64,
    /// Hash of the frame before the first.
    pub(crate) prev: Sha,
    /// Preallocation step in bytes.
    pub(crate) step: u32,
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEGMENT_HEAD);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(&self.step.to_be_bytes());
        out.extend_from_slice(self.ledger.as_bytes());
        out.extend_from_slice(self.writer.padded());
        out.extend_from_slice(&self.first.to_be_bytes());
        out.extend_from_slice(&self.prev);
        let hash: Sha = Sha256::digest(&out).into();
        out.extend_from_slice(&hash);
        out
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut c = Cursor::new(bytes);
        let covered = Cursor::new(bytes).take(SEGMENT_HEAD - 32)?;
        if c.array::<4>()? != *MAGIC || c.u16()? != VERSION {
            return None;
        }
        let step = c.u32().filter(|step| (1..=STEP_MAX).contains(step))?;
        let ledger = Uuid::from_bytes(c.array()?);
        let padded: [u8; 32] = c.array()?;
        let writer: Writer = std::str::from_utf8(&padded).ok()?.trim_end_matches('\0').parse().ok()?;
        let header = Self { ledger, writer, first: c.u64()?, prev: c.array()?, step };
        (c.array()? == Sha::from(Sha256::digest(covered))).then_some(header)
    }

    /// The length its file must have when frames end at `used`: it is the last segment, or it was closed.
    pub(crate) fn file_len(&self, used: u64, last: bool) -> u64 {
        if last { round_up(used, self.step) } else { used }
    }
}

/// `used` rounded up to a multiple of `step`.
pub(crate) fn round_up(used: u64, step: u32) -> u64 {
    used.div_ceil(u64::from(step.max(1))).saturating_mul(u64::from(step.max(1)))
}

/// `<writer>-<first frame number as 16 hex digits>.seg`
pub(crate) fn name(writer: Writer, first: u64) -> String {
    format!("{writer}-{first:016x}.seg")
}

/// The inverse of [`name`]; `None` for anything `name` does not write.
pub(crate) fn parse_name(text: &str) -> Option<(Writer, u64)> {
    let (writer, first) = text.strip_suffix(".seg")?.rsplit_once('-')?;
    let (writer, first) = (writer.parse().ok()?, u64::from_str_radix(first, 16).ok()?);
    (name(writer, first) == text).then_some((writer, first))
}

/// What follows the last valid frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing, or zeros only.
    Zeros,
    /// Bytes that are no frame, and no valid frame behind them: what a crash leaves of an unfinished write.
    Torn(FormatError),
    /// Bytes that are no frame, but a valid frame behind them: no crash does that.
    Damaged(FormatError),
}

/// A segment file, parsed as far as it is valid in itself; chain and entries are not checked.
pub(crate) struct Segment {
    pub(crate) header: Header,
    pub(crate) bytes: Vec<u8>,
    frames: Vec<Range<usize>>,
    /// Where the frames end.
    pub(crate) used: usize,
    pub(crate) tail: Tail,
}

impl Segment {
    /// Parses the contents of a segment file with the name of `writer` and `first`.
    pub(crate) fn parse(bytes: Vec<u8>, ledger: Uuid, writer: Writer, first: u64) -> Result<Self, FormatError> {
        let header = Header::parse(&bytes).ok_or(FormatError::SegmentHeader)?;
        if (header.ledger, header.writer, header.first) != (ledger, writer, first) {
            return Err(FormatError::SegmentHeader);
        }
        let mut frames = Vec::new();
        let mut used = SEGMENT_HEAD;
        let rest = |at: usize| bytes.get(at..).unwrap_or_default();
        let tail = loop {
            match frame::parse(rest(used)) {
                Ok(view) => {
                    let end = used.saturating_add(view.len);
                    frames.push(used..end);
                    used = end;
                }
                Err(_) if rest(used).iter().all(|&b| b == 0) => break Tail::Zeros,
                Err(reason) if resyncs(rest(used.saturating_add(1))) => {
                    break Tail::Damaged(reason);
                }
                Err(reason) => break Tail::Torn(reason),
            }
        };
        Ok(Self { header, bytes, frames, used, tail })
    }

    /// How many valid frames it has.
    pub(crate) fn count(&self) -> usize {
        self.frames.len()
    }

    /// One frame with its byte offset. It is parsed again without hashing, which `parse` has done.
    pub(crate) fn frame(&self, at: usize) -> Option<(usize, FrameView<'_>)> {
        let range = self.frames.get(at)?;
        Some((range.start, frame::parse_unhashed(self.bytes.get(range.clone())?).ok()?))
    }

    /// The frames with their byte offsets.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (usize, FrameView<'_>)> {
        (0..self.frames.len()).filter_map(|at| self.frame(at))
    }

    /// Start of the last frame, or the end of the header.
    pub(crate) fn last_start(&self) -> usize {
        self.frames.last().map_or(SEGMENT_HEAD, |range| range.start)
    }
}

/// Whether a valid frame starts anywhere in `bytes`. Gives up, and answers yes, after a bounded number of tries.
fn resyncs(bytes: &[u8]) -> bool {
    let mut tries = 0;
    for (at, window) in bytes.windows(frame::MAGIC.len()).enumerate() {
        if window == frame::MAGIC {
            tries += 1;
            let valid = bytes.get(at..).is_some_and(|rest| frame::parse(rest).is_ok());
            if valid || tries > RESYNC_MAX {
                return true;
            }
        }
    }
    false
}
