//! Checkpoints: a log's size and root as a C2SP tlog-checkpoint in a signed note. Text only; it does not know who
//! signs, or whether the log is really what the checkpoint says.

use signed_note::{Note, Signature};
use tlog_tiles::{Checkpoint, Hash};

use crate::{Origin, Sha};

/// Size and root of a log at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) origin: Origin,
    pub(crate) size: u64,
    pub(crate) root: Sha,
}

impl Head {
    /// The note text: origin line, decimal size, base64 root, no extension lines.
    pub(crate) fn text(&self) -> Option<Vec<u8>> {
        Checkpoint::new(&self.origin.line(), self.size, Hash(self.root), "").ok().map(|c| c.to_bytes())
    }

    /// Reads a signed note as a checkpoint of `origin`; its signatures are not checked here. Only the spelling
    /// that this crate writes is taken, so that every byte of the file means something.
    pub(crate) fn parse(origin: Origin, bytes: &[u8]) -> Option<(Self, Note)> {
        let note = Note::from_bytes(bytes).ok().filter(|note| note.to_bytes() == bytes)?;
        let checkpoint = Checkpoint::from_bytes(note.text()).ok()?;
        let head = Self { origin, size: checkpoint.size(), root: checkpoint.hash().0 };
        (head.text()? == note.text()).then_some((head, note))
    }
}

/// Names and key ids of a note's signatures, in their order; nothing is verified here.
pub(crate) fn signatures(note: &[u8]) -> Vec<(String, u32)> {
    let text = std::str::from_utf8(note).unwrap_or_default();
    let lines = text.rsplit_once("\n\n").map_or("", |(_, lines)| lines).lines();
    let parsed = lines.filter_map(|line| Signature::from_bytes(line.as_bytes()).ok());
    parsed.map(|signature| (signature.name().to_owned(), signature.id())).collect()
}

/// A checkpoint that was signed and published in every zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub(crate) head: Head,
    pub(crate) note: Vec<u8>,
}

impl SignedCheckpoint {
    /// The log.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.head.origin
    }

    /// Number of entries it covers.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head.size
    }

    /// RFC 6962 root over them.
    #[must_use]
    pub fn root(&self) -> Sha {
        self.head.root
    }

    /// The signed note, as it stands in the zones.
    #[must_use]
    pub fn note(&self) -> &[u8] {
        &self.note
    }
}
