//! The sequencer thread: takes everything that waits, makes one frame of it, commits it, answers. While one commit
//! is on its way the next batch gathers, so the rate grows with the number of callers. It does not know recovery
//! or how a zone is laid out.

use std::mem;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use uuid::Uuid;

use crate::chain::Chain;
use crate::checkpoint::Head;
use crate::commit::{Batch, Trio};
use crate::publish::Publish;
use crate::queue::{Anchor, Append, AppendReply, Queue};
use crate::segment::{self, Header};
use crate::{AppendError, CheckpointError, Origin, Sizes};

/// The sequencer: owns the chain and the open segments.
pub(crate) struct Sequencer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) chain: Chain,
    pub(crate) ledger: Uuid,
    pub(crate) sizes: Sizes,
    pub(crate) trio: Trio,
    pub(crate) publisher: SyncSender<Publish>,
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        // Also when the thread panicked: nobody may wait for an answer that cannot come.
        let error = self.queue.end(AppendError::Stopped);
        self.queue.fail(&error);
    }
}

impl Sequencer {
    /// Works until the ledger is closed or a zone fails.
    pub(crate) fn run(mut self) {
        while let Some((appends, anchors)) = self.queue.next() {
            if !appends.is_empty()
                && let Err((appends, error)) = self.commit(appends)
            {
                let error = self.queue.end(error);
                for append in appends {
                    let _dropped = append.send(Err(error.clone()));
                }
                for anchor in anchors {
                    let _dropped = anchor.reply.send(Err(error.clone().into()));
                }
                return;
            }
            for anchor in anchors {
                self.anchor(anchor);
            }
        }
    }

    fn commit(&mut self, appends: Vec<Append>) -> Result<(), (Vec<AppendReply>, AppendError)> {
        let room = appends.iter().map(|append| append.room).sum();
        let (first, prev) = (self.chain.next, self.chain.head);
        let sealed = self.chain.seal(appends.iter().flat_map(|append| &append.drafts), room);
        let (counts, replies): (Vec<usize>, Vec<AppendReply>) =
            appends.into_iter().map(|append| (append.drafts.len(), append.reply)).unzip();
        let Some(mut sealed) = sealed else {
            return Err((replies, AppendError::Exhausted));
        };
        let bytes = mem::take(&mut sealed.bytes);
        let header = Header { ledger: self.ledger, writer: self.chain.writer, first, prev, step: self.sizes.step };
        let full = self.trio.used.saturating_add(bytes.len() as u64) > self.sizes.segment;
        // A segment takes at least one frame, however small its limit is.
        let roll = (full && self.trio.used > segment::SEGMENT_HEAD as u64)
            .then(|| (segment::name(self.chain.writer, first), header.encode()));
        if let Err(error) = self.trio.commit(Batch { roll, bytes }) {
            return Err((replies, error));
        }
        self.queue.commit(self.chain.next);
        let mut receipts = sealed.committed();
        for (reply, count) in replies.into_iter().zip(counts) {
            // A caller that dropped its ticket does not want to know.
            let _dropped = reply.send(Ok(receipts.by_ref().take(count).collect()));
        }
        Ok(())
    }

    fn anchor(&self, anchor: Anchor) {
        let heads = match anchor.origin {
            Some(origin) => head(&self.chain, &origin).map(|head| vec![head]),
            None => Ok(all_heads(&self.chain)),
        };
        match heads {
            Ok(heads) => {
                let job = Publish { heads, skip_known: anchor.origin.is_none(), reply: anchor.reply };
                // When the publisher is gone the reply goes with it, which the ticket reports.
                let _gone = self.publisher.send(job);
            }
            Err(error) => {
                let _dropped = anchor.reply.send(Err(error));
            }
        }
    }
}

/// The head of one log of a chain.
pub(crate) fn head(chain: &Chain, origin: &Origin) -> Result<Head, CheckpointError> {
    let unknown = || CheckpointError::LogUnknown { origin: *origin };
    let log = chain.logs.get(&origin.tenant).filter(|_| origin.writer == chain.writer).ok_or_else(unknown)?;
    let root = log.tree.root().ok_or_else(unknown)?;
    Ok(Head { origin: *origin, size: log.tree.size(), root })
}

/// The heads of all logs of a chain, in the order of their tenants.
pub(crate) fn all_heads(chain: &Chain) -> Vec<Head> {
    let mut tenants: Vec<_> = chain.logs.keys().copied().collect();
    tenants.sort();
    tenants.into_iter().filter_map(|tenant| head(chain, &chain.origin(tenant)).ok()).collect()
}
