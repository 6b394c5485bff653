//! One entry as it stands in a frame: the leaf, and beside it the salt and the sealed payload. Each carries a
//! CRC-32C so that damage inside a frame, which only the frame's hash proves, can still be pinned to one entry.
//! It does not know the entries around it.
//!
//! Layout, big-endian: body length 4 | CRC-32C of the body 4 | body. Body: origin length 1 | origin | leaf
//! length 2 | leaf | salt 32 | payload length 4 | payload.

use crate::bytes::Cursor;
use crate::leaf::{LEAF_LEN, Leaf};
use crate::limits::{PAYLOAD_MAX, WRITER_MAX};
use crate::{FormatError, Origin, Sha, Writer};

/// Most bytes an entry takes besides its payload.
pub(crate) const ENTRY_OVERHEAD: usize = 4 + 4 + 1 + 37 + WRITER_MAX + 2 + LEAF_LEN + 32 + 4;

/// One entry of a log, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The log it is in.
    pub origin: Origin,
    /// Number of the frame that made it durable.
    pub frame: u64,
    /// The leaf.
    pub leaf: Leaf,
    /// The salt of the commitment.
    pub salt: [u8; 32],
    /// The sealed payload.
    pub payload: Vec<u8>,
}

/// An entry that borrows its payload from the frame.
pub(crate) struct EntryRef<'a> {
    pub(crate) origin: Origin,
    pub(crate) leaf: Leaf,
    pub(crate) leaf_bytes: &'a [u8],
    pub(crate) salt: [u8; 32],
    pub(crate) payload: &'a [u8],
}

impl EntryRef<'_> {
    pub(crate) fn to_entry(&self, frame: u64) -> Entry {
        Entry { origin: self.origin, frame, leaf: self.leaf.clone(), salt: self.salt, payload: self.payload.to_vec() }
    }
}

/// Appends one entry. `leaf` is an encoded leaf; the caller has checked the limits.
pub(crate) fn write(out: &mut Vec<u8>, origin: &str, leaf: &[u8], salt: &[u8; 32], payload: &[u8]) {
    let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes();
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    out.push(u8::try_from(origin.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(origin.as_bytes());
    out.extend_from_slice(&u16::try_from(leaf.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(leaf);
    out.extend_from_slice(salt);
    out.extend_from_slice(&length(payload.len()));
    out.extend_from_slice(payload);
    if let Some((head, body)) = out.get_mut(start..).and_then(|e| e.split_first_chunk_mut::<8>()) {
        let (len, crc) = head.split_at_mut(4);
        len.copy_from_slice(&length(body.len()));
        crc.copy_from_slice(&crc32c::crc32c(body).to_be_bytes());
    }
}

/// Cuts one entry's body off `c`, with the checksum it claims.
fn body<'a>(c: &mut Cursor<'a>) -> Option<(u32, &'a [u8])> {
    let len = usize::try_from(c.u32()?).ok()?;
    Some((c.u32()?, c.take(len)?))
}

/// Reads the next entry from `c`.
pub(crate) fn parse<'a>(c: &mut Cursor<'a>) -> Result<EntryRef<'a>, FormatError> {
    let (crc, body) = body(c).ok_or(FormatError::EntryLength)?;
    if crc32c::crc32c(body) != crc {
        return Err(FormatError::EntryChecksum);
    }
    parse_body(body)
}

/// Names the log of an entry that may be damaged anywhere: as its leaf says and as its origin says, each with the
/// leaf's previous hash where there is one, by position alone.
pub(crate) fn guess_origins(mut c: Cursor<'_>, writer: Writer) -> Vec<(Origin, Option<Sha>)> {
    let own_len = 37 + writer.as_str().len();
    let text = c.take(9).and_then(|_| c.take(own_len)).and_then(|text| std::str::from_utf8(text).ok());
    let leaf = c.take(2).and_then(|_| c.take(LEAF_LEN)).and_then(|leaf| Leaf::parse(leaf).ok());
    let prev = leaf.as_ref().map(|leaf| leaf.prev);
    let stated = text.and_then(|text| text.parse::<Origin>().ok()).filter(|o| o.writer == writer);
    let leaf = leaf.map(|leaf| Origin { tenant: leaf.tenant, writer });
    leaf.into_iter().chain(stated).map(|origin| (origin, prev)).collect()
}

fn parse_body(body: &[u8]) -> Result<EntryRef<'_>, FormatError> {
    let mut c = Cursor::new(body);
    let origin = c.u8().and_then(|n| c.take(usize::from(n))).ok_or(FormatError::EntryLength)?;
    let origin: Origin = std::str::from_utf8(origin).map_err(|_| FormatError::Origin)?.parse()?;
    let leaf_bytes = c.u16().and_then(|n| c.take(usize::from(n))).ok_or(FormatError::EntryLength)?;
    let leaf = Leaf::parse(leaf_bytes)?;
    let salt = c.array().ok_or(FormatError::EntryLength)?;
    let payload = c
        .u32()
        .and_then(|n| usize::try_from(n).ok())
        .filter(|&n| n <= PAYLOAD_MAX)
        .and_then(|n| c.take(n))
        .ok_or(FormatError::EntryLength)?;
    if !c.rest().is_empty() {
        return Err(FormatError::EntryLength);
    }
    if origin.tenant != leaf.tenant {
        return Err(FormatError::Origin);
    }
    Ok(EntryRef { origin, leaf, leaf_bytes, salt, payload })
}
