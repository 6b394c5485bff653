//! A frame: what one group commit writes, the unit that is either durable whole or not there. Its hash covers
//! every byte of it and the hash of the frame before, so frames cannot be changed, dropped or reordered one by
//! one. It does not know files or zones.
//!
//! Layout, big-endian: magic `CMLF` | format version 2 | length of the whole frame 4 | number 8 | hash of the
//! previous frame 32 | entry count 4 | entries | SHA-256 of everything before 32.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::bytes::Cursor;
use crate::limits::{FRAME_ENTRIES_MAX, FRAME_MAX};
use crate::{FormatError, Sha, Writer};

/// First bytes of every frame; never all zero, so a frame cannot be mistaken for preallocated space.
pub(crate) const MAGIC: &[u8; 4] = b"CMLF";
const VERSION: u16 = 1;
/// Bytes before the entries.
pub(crate) const HEAD: usize = 4 + 2 + 4 + 8 + 32 + 4;
/// Bytes of a frame besides its entries.
pub(crate) const FRAME_OVERHEAD: usize = HEAD + 32;

/// What stands as "previous hash" in frame 0: binds the chain to its ledger and writer.
pub(crate) fn genesis(ledger: Uuid, writer: Writer) -> Sha {
    let text = format!("casemate/frames/v1\n{}\n{writer}\n", ledger.as_hyphenated());
    Sha256::digest(text.as_bytes()).into()
}

/// A frame whose lengths and hash are right; its entries and its place in the chain are not checked yet.
#[derive(Clone, Copy)]
pub(crate) struct FrameView<'a> {
    pub(crate) number: u64,
    pub(crate) prev: Sha,
    pub(crate) hash: Sha,
    /// Length of the whole frame in bytes.
    pub(crate) len: usize,
    pub(crate) count: u32,
    pub(crate) entries: &'a [u8],
}

/// Starts a frame; entries are appended behind it with [`crate::entry::write`], then [`finish`] closes it.
pub(crate) fn start(out: &mut Vec<u8>, number: u64, prev: &Sha) {
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(prev);
    out.extend_from_slice(&[0; 4]);
}

/// Fills in length and count and appends the hash, which it returns.
pub(crate) fn finish(out: &mut Vec<u8>, count: u32) -> Sha {
    let len = u32::try_from(out.len().saturating_add(32)).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(6..10) {
        field.copy_from_slice(&len.to_be_bytes());
    }
    if let Some(field) = out.get_mut(HEAD - 4..HEAD) {
        field.copy_from_slice(&count.to_be_bytes());
    }
    let hash: Sha = Sha256::digest(&out).into();
    out.extend_from_slice(&hash);
    hash
}

/// The frame at the start of `bytes`, which may go on behind it.
pub(crate) fn parse(bytes: &[u8]) -> Result<FrameView<'_>, FormatError> {
    let view = parse_unhashed(bytes)?;
    let covered = bytes.get(..view.len - 32).ok_or(FormatError::FrameLength)?;
    if Sha::from(Sha256::digest(covered)) != view.hash {
        return Err(FormatError::FrameHash);
    }
    Ok(view)
}

/// Like [`parse`] without the hash: only to say which entry of a damaged frame is the bad one.
pub(crate) fn parse_unhashed(bytes: &[u8]) -> Result<FrameView<'_>, FormatError> {
    let mut c = Cursor::new(bytes);
    if c.array::<4>().as_ref() != Some(MAGIC) {
        return Err(FormatError::FrameMagic);
    }
    if c.u16().ok_or(FormatError::FrameLength)? != VERSION {
        return Err(FormatError::FrameVersion);
    }
    fields(&mut c).ok_or(FormatError::FrameLength)
}

fn fields<'a>(c: &mut Cursor<'a>) -> Option<FrameView<'a>> {
    let len = usize::try_from(c.u32()?).ok().filter(|len| (FRAME_OVERHEAD..=FRAME_MAX).contains(len))?;
    let (number, prev, count) = (c.u64()?, c.array()?, c.u32()?);
    if count == 0 || usize::try_from(count).ok()? > FRAME_ENTRIES_MAX {
        return None;
    }
    let entries = c.take(len - FRAME_OVERHEAD)?;
    Some(FrameView { number, prev, hash: c.array()?, len, count, entries })
}
