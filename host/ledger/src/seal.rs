//! Turning drafts into the next frame: the only place where an entry gets its index, its predecessor and its
//! commitment. Pure: no file is touched here. It does not know whether the frame becomes durable.

use crate::chain::{Chain, Log};
use crate::frame::{self, FRAME_OVERHEAD};
use crate::leaf::{LEAF_LEN, commitment, leaf_hash};
use crate::{Draft, Leaf, Origin, Receipt, Sha, entry};

/// A frame ready to be written, and what its entries will be once it is durable.
pub(crate) struct Sealed {
    /// The frame's bytes.
    pub(crate) bytes: Vec<u8>,
    /// The frame's number.
    pub(crate) number: u64,
    stamps: Vec<(Origin, u64, Sha)>,
}

impl Sealed {
    /// The receipts, in the order of the drafts. To be called only after the commit: this is what makes holding
    /// a receipt mean durability.
    pub(crate) fn committed(self) -> impl Iterator<Item = Receipt> {
        let number = self.number;
        self.stamps.into_iter().map(move |(origin, index, hash)| Receipt::new(origin, index, hash, number))
    }
}

impl Chain {
    /// Makes the next frame of `drafts`, which the caller has held to the limits, and takes it into the state.
    /// `None` when a counter would overflow; the state is then of no further use.
    pub(crate) fn seal<'d>(&mut self, drafts: impl Iterator<Item = &'d Draft>, room: usize) -> Option<Sealed> {
        let mut bytes = Vec::with_capacity(room.saturating_add(FRAME_OVERHEAD));
        let mut stamps = Vec::new();
        let number = self.next;
        frame::start(&mut bytes, number, &self.head);
        for draft in drafts {
            stamps.push(self.seal_entry(draft, &mut bytes)?);
        }
        self.head = frame::finish(&mut bytes, u32::try_from(stamps.len()).ok()?);
        self.next = number.checked_add(1)?;
        Some(Sealed { bytes, number, stamps })
    }

    fn seal_entry(&mut self, draft: &Draft, bytes: &mut Vec<u8>) -> Option<(Origin, u64, Sha)> {
        let origin = self.origin(draft.tenant);
        let log = self.logs.entry(draft.tenant).or_insert_with(|| Log::new(&origin));
        let index = log.tree.size();
        let leaf = Leaf {
            kind: draft.kind,
            tenant: draft.tenant,
            run: draft.run,
            seq: draft.seq,
            epoch: draft.epoch,
            tool: draft.tool,
            decision: draft.decision,
            time_ms: draft.time_ms,
            policy: draft.policy,
            prev: log.prev,
            index,
            commitment: commitment(&draft.salt, &draft.payload),
        };
        let mut encoded = Vec::with_capacity(LEAF_LEN);
        leaf.write(&mut encoded);
        entry::write(bytes, &origin.to_string(), &encoded, &draft.salt, &draft.payload);
        log.prev = leaf_hash(&encoded);
        log.tree.push(log.prev)?;
        Some((origin, index, log.prev))
    }
}
