//! The one place that signs. It remembers what it signed last for every log and refuses to sign anything that is
//! not a continuation: C2SP tlog-checkpoint forbids signing a checkpoint inconsistent with an earlier one.
//! It does not know where checkpoints are published, or the private keys.

use std::collections::HashMap;

use signed_note::{Note, Signer};

use crate::checkpoint::{self, Head, SignedCheckpoint};
use crate::{CheckpointError, Origin};

/// A memory, and the keys that sign: every checkpoint carries a signature of each, so that whoever pins one of them
/// can verify while one follows the other.
pub(crate) struct Notary {
    signers: Vec<Box<dyn Signer + Send>>,
    last: HashMap<Origin, Head>,
    published: HashMap<Origin, Head>,
}

impl Notary {
    /// `found` holds the checkpoints found on open; they have been checked against the logs. One that lacks a signature
    /// of a present signer counts as not published, so that the log is signed again though nothing was added to it.
    pub(crate) fn new(signers: Vec<Box<dyn Signer + Send>>, found: HashMap<Origin, (Head, Vec<u8>)>) -> Self {
        let complete = |note: &[u8]| {
            let signed = checkpoint::signatures(note);
            let by = |signer: &dyn Signer| signed.contains(&(signer.name().to_owned(), signer.key_id()));
            signers.iter().all(|signer| by(&**signer))
        };
        let published =
            found.iter().filter(|(_, (_, note))| complete(note)).map(|(origin, (head, _))| (*origin, *head));
        let published = published.collect();
        Self { published, last: found.into_iter().map(|(origin, (head, _))| (origin, head)).collect(), signers }
    }

    /// Whether exactly this is published, so that signing again would say nothing new.
    pub(crate) fn knows(&self, head: &Head) -> bool {
        self.published.get(&head.origin) == Some(head)
    }

    /// Notes that a checkpoint is in every zone.
    pub(crate) fn published(&mut self, head: Head) {
        self.published.insert(head.origin, head);
    }

    pub(crate) fn sign(&mut self, head: Head) -> Result<SignedCheckpoint, CheckpointError> {
        let origin = head.origin;
        // The tree in memory only ever grows, so a larger size is a continuation; an equal size must be the
        // same tree.
        let before = self.last.get(&origin);
        if before.is_some_and(|last| last.size > head.size || (last.size == head.size && *last != head)) {
            return Err(CheckpointError::Inconsistent { origin });
        }
        let failed = |cause: &dyn ToString| CheckpointError::Signer { cause: cause.to_string() };
        let text = head.text().ok_or_else(|| failed(&"malformed checkpoint"))?;
        let mut note = Note::new(&text, &[]).map_err(|e| failed(&e))?;
        let signers: Vec<&dyn Signer> = self.signers.iter().map(|signer| -> &dyn Signer { &**signer }).collect();
        note.add_sigs(&signers).map_err(|e| failed(&e))?;
        self.last.insert(origin, head);
        Ok(SignedCheckpoint { head, note: note.to_bytes() })
    }
}
