//! The one place that signs. It remembers what it signed last for every log and refuses to sign anything that is
//! not a continuation: C2SP tlog-checkpoint forbids signing a checkpoint inconsistent with an earlier one.
//! It does not know where checkpoints are published, or the private key.

use std::collections::HashMap;

use signed_note::{Note, Signer};

use crate::checkpoint::{Head, SignedCheckpoint};
use crate::{CheckpointError, Origin};

/// A signer with a memory.
pub(crate) struct Notary {
    signer: Box<dyn Signer + Send>,
    last: HashMap<Origin, Head>,
    published: HashMap<Origin, Head>,
}

impl Notary {
    /// `last` holds the checkpoints found on open; they have been checked against the logs.
    pub(crate) fn new(signer: Box<dyn Signer + Send>, last: HashMap<Origin, Head>) -> Self {
        Self { signer, published: last.clone(), last }
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
        note.add_sigs(&[&*self.signer]).map_err(|e| failed(&e))?;
        self.last.insert(origin, head);
        Ok(SignedCheckpoint { head, note: note.to_bytes() })
    }
}
