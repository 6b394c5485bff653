//! Verification of one log that was taken out of its zones: the entries one after the other, as they stand in frames, and
//! the checkpoint beside them. Frames are not there, since they hold other tenants' entries too; what is checked is each
//! leaf, its place, its chain, its payload, and the signed root over all of them. It doesn't know who took the log out.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use signed_note::VerifierList;
use uuid::Uuid;

use super::walk::{Anchored, anchored, checkpoint};
use super::{Flaw, LogReport, VerifyError};
use crate::bytes::Cursor;
use crate::chain::Chain;
use crate::entry::{self, ENTRY_OVERHEAD};
use crate::leaf::commitment;
use crate::limits::PAYLOAD_MAX;
use crate::{Entry, FormatError, Origin};

/// Name of the file with the entries.
pub const ENTRIES: &str = "entries";
/// Name of the file with the checkpoint, a signed note.
pub const CHECKPOINT: &str = "checkpoint";

impl Entry {
    /// The entry as it stands in a frame, and in the file of a log that was taken out.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut leaf, mut bytes) = (Vec::new(), Vec::new());
        self.leaf.write(&mut leaf);
        entry::write(&mut bytes, &self.origin.to_string(), &leaf, &self.salt, &self.payload);
        bytes
    }

    /// The entry that [`Entry::to_bytes`] wrote, and nothing behind it. Whoever wants to know whether it is in a log looks
    /// there; here it is only held to itself: its checksum, and its payload to its leaf.
    ///
    /// # Errors
    /// The first reason why it is no entry.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(bytes);
        let entry = entry::parse(&mut cursor)?;
        if !cursor.rest().is_empty() {
            return Err(FormatError::EntryLength);
        }
        if commitment(&entry.salt, entry.payload) != entry.leaf.commitment {
            return Err(FormatError::Commitment);
        }
        Ok(entry.to_entry(0))
    }
}

/// Verifies the log in a directory with the files [`ENTRIES`] and [`CHECKPOINT`]: one log, from its first entry on, all of
/// what the checkpoint covers. Entries after that are reported as not anchored.
///
/// # Errors
/// The first finding, as [`VerifyError`].
pub fn exported(directory: &Path, keys: &VerifierList) -> Result<LogReport, VerifyError> {
    let file = directory.join(ENTRIES);
    let mut reader = BufReader::new(File::open(&file).map_err(|error| VerifyError::io(&file, &error))?);
    let (mut chain, mut anchor): (Option<(Origin, Chain)>, Option<Anchored>) = (None, None);
    let mut offset = 0_usize;
    while let Some(bytes) = next(&mut reader).map_err(|error| unreadable(&file, offset, &error))? {
        let malformed = |reason: FormatError| VerifyError::new(reason, &file).at(offset as u64);
        let mut cursor = Cursor::new(&bytes);
        let entry = entry::parse(&mut cursor).map_err(malformed)?;
        let (origin, chain) = match &mut chain {
            Some((origin, chain)) => (*origin, chain),
            None => {
                let found = checkpoint(entry.origin, &directory.join(CHECKPOINT), keys)?;
                let mut begun = Chain::new(Uuid::nil(), entry.origin.writer);
                begun.marks.insert((entry.origin.tenant, found.head.size), None);
                anchor = Some(found);
                let (_, chain) = chain.insert((entry.origin, begun));
                (entry.origin, chain)
            }
        };
        if entry.origin != origin {
            return Err(malformed(FormatError::Origin));
        }
        chain.accept_entry(&entry).map_err(|fault| VerifyError::fault(fault, &file, offset))?;
        offset = offset.saturating_add(bytes.len());
    }
    let ((origin, chain), anchor) = chain.zip(anchor).ok_or_else(|| VerifyError::new(Flaw::Missing, &file))?;
    anchored(&anchor, Some(&chain))?;
    let size = chain.size(origin.tenant);
    let root = chain.logs.get(&origin.tenant).and_then(|log| log.tree.root());
    let root = root.ok_or_else(|| VerifyError::new(FormatError::Index, &file))?;
    let unanchored = size.saturating_sub(anchor.head.size);
    Ok(LogReport { origin, size, root, checkpoint: Some(anchor.head.size), unanchored })
}

/// The bytes of the next entry, its length and checksum before it; none at the end.
fn next(reader: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = [0_u8; 8];
    let mut filled = 0;
    while filled < head.len() {
        match reader.read(head.get_mut(filled..).unwrap_or_default())? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    let [a, b, c, d, ..] = head;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > ENTRY_OVERHEAD + PAYLOAD_MAX {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut bytes = head.to_vec();
    bytes.resize(head.len().saturating_add(length), 0);
    reader.read_exact(bytes.get_mut(head.len()..).unwrap_or_default())?;
    Ok(Some(bytes))
}

fn unreadable(file: &Path, offset: usize, error: &std::io::Error) -> VerifyError {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => {
            VerifyError::new(FormatError::EntryLength, file).at(offset as u64)
        }
        _ => VerifyError::io(file, error),
    }
}
