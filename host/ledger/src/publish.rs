//! The thread that signs checkpoints and puts them in the zones, apart from the sequencer so that signing for
//! thousands of tenants does not hold up a single append. It does not know the logs, only their heads.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use futures_channel::oneshot;

use crate::checkpoint::{Head, SignedCheckpoint};
use crate::notary::Notary;
use crate::ticket::Answer;
use crate::{CheckpointError, disk, zone};

pub(crate) type CheckpointReply = oneshot::Sender<Answer<Vec<SignedCheckpoint>, CheckpointError>>;

/// Heads to sign and publish, in the order in which the sequencer took them.
pub(crate) struct Publish {
    pub(crate) heads: Vec<Head>,
    /// Whether heads that are already signed are left out.
    pub(crate) skip_known: bool,
    pub(crate) reply: CheckpointReply,
}

/// Checkpoints that wait to be published; whoever asks for more waits for room.
const WAITING: usize = 1024;

/// Starts the thread; it ends when the sender is dropped and all work is done.
pub(crate) fn start(zones: [PathBuf; 3], mut notary: Notary) -> io::Result<(SyncSender<Publish>, JoinHandle<()>)> {
    let (tx, rx): (SyncSender<Publish>, Receiver<Publish>) = sync_channel(WAITING);
    let run = move || {
        while let Ok(job) = rx.recv() {
            let answer = publish(&zones, &mut notary, job.heads, job.skip_known);
            // The caller may have dropped its ticket; the checkpoints are published all the same.
            let _dropped = job.reply.send(answer);
        }
    };
    let thread = thread::Builder::new().name("ledger-publish".to_owned()).spawn(run)?;
    Ok((tx, thread))
}

fn publish(
    zones: &[PathBuf; 3],
    notary: &mut Notary,
    heads: Vec<Head>,
    skip_known: bool,
) -> Answer<Vec<SignedCheckpoint>, CheckpointError> {
    let mut signed = Vec::new();
    for head in heads {
        if skip_known && notary.knows(&head) {
            continue;
        }
        let checkpoint = notary.sign(head)?;
        for (number, path) in (0u8..).zip(zones) {
            let put = zone::put_checkpoint(path, &head.origin, &checkpoint.note);
            if let Err(e) = put {
                // Signed but not everywhere: it does not count as published, so the next request tries again.
                let full = if disk::is_full(&e) { "disk full: " } else { "" };
                return Err(CheckpointError::Publish { zone: number, cause: format!("{full}{e}") });
            }
        }
        notary.published(head);
        signed.push(checkpoint);
    }
    Ok(signed)
}
