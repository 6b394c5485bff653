//! The floor: what the disk itself takes to append 4 KiB to three files in parallel and sync them. It knows nothing of
//! a ledger.

use std::fs::File;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tempfile::TempDir;

/// Three files, each with a thread of its own.
pub(crate) struct ThreeFiles {
    _directory: TempDir,
    threads: Vec<(SyncSender<()>, Receiver<()>)>,
}

impl ThreeFiles {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let thread = |number: u8| {
            let mut file = File::create(directory.path().join(number.to_string())).unwrap();
            let (go, going) = sync_channel(1);
            let (done, finished) = sync_channel(1);
            let work = move || {
                while let Ok(()) = going.recv() {
                    file.write_all(&[number; 4096]).unwrap();
                    file.sync_data().unwrap();
                    done.send(()).unwrap();
                }
            };
            std::thread::Builder::new().spawn(work).unwrap();
            (go, finished)
        };
        let threads = (1..=3).map(thread).collect();
        Self { _directory: directory, threads }
    }

    pub(crate) fn append(&mut self) {
        self.threads.iter().for_each(|(go, _)| go.send(()).unwrap());
        self.threads.iter().for_each(|(_, finished)| finished.recv().unwrap());
    }
}
