//! Making one frame durable in three zones at once. The caller's thread writes zone 0 and a thread each the other
//! two, so a commit costs about the slowest single write and sync. It does not know what a frame holds.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::{AppendError, disk, segment};

/// One commit.
pub(crate) struct Batch {
    /// Name and header of a new segment to begin before writing.
    pub(crate) roll: Option<(String, Vec<u8>)>,
    /// The frame.
    pub(crate) bytes: Vec<u8>,
}

/// The open end of one zone's last segment.
pub(crate) struct ZoneWriter {
    dir: PathBuf,
    file: File,
    /// Where the next frame goes.
    used: u64,
    /// Length of the file, zero-filled from `used`.
    len: u64,
    step: u32,
}

impl ZoneWriter {
    /// Goes on with a segment whose last frame is `last`, ending at `used`.
    pub(crate) fn resume(dir: &Path, name: &str, last: &[u8], used: u64, step: u32) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(dir.join(name))?;
        let len = file.metadata()?.len();
        // After a failed fsync the kernel may show pages as clean that never reached the disk. Only the last
        // frame can be such a one (nothing is written after a failure), so it is written again, with the zeros
        // behind it, before anything relies on it.
        file.write_all_at(last, used.saturating_sub(last.len() as u64))?;
        disk::write_zeros(&file, used, len)?;
        file.sync_all()?;
        Ok(Self { dir: dir.to_owned(), file, used, len, step })
    }

    fn commit(&mut self, batch: &Batch) -> io::Result<()> {
        if let Some((name, head)) = &batch.roll {
            // A closed segment ends with its last frame.
            self.file.set_len(self.used)?;
            self.file.sync_all()?;
            self.used = head.len() as u64;
            self.len = segment::round_up(self.used, self.step);
            self.file = disk::put(&self.dir, name, head, self.len)?;
        }
        let end = self.used.saturating_add(batch.bytes.len() as u64);
        self.file.write_all_at(&batch.bytes, self.used)?;
        if end > self.len {
            self.len = segment::round_up(end, self.step);
            disk::write_zeros(&self.file, end, self.len)?;
        }
        self.file.sync_data()?;
        self.used = end;
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn replace_file(&mut self, file: File) {
        self.file = file;
    }
}

struct Helper {
    zone: u8,
    work: Option<SyncSender<Arc<Batch>>>,
    done: Receiver<io::Result<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Helper {
    fn start(zone: u8, mut writer: ZoneWriter) -> io::Result<Self> {
        // One batch is under way at a time, so neither side ever waits for room.
        let (work, todo) = sync_channel::<Arc<Batch>>(1);
        let (tell, done) = sync_channel(1);
        let run = move || {
            while let Ok(batch) = todo.recv() {
                if tell.send(writer.commit(&batch)).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name(format!("ledger-zone-{zone}")).spawn(run)?;
        Ok(Self { zone, work: Some(work), done, thread: Some(thread) })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // A helper that panicked has already been reported as a failed commit.
            let _ended = thread.join();
        }
    }
}

/// The open ends of all three zones.
pub(crate) struct Trio {
    own: ZoneWriter,
    helpers: Vec<Helper>,
    /// Where the next frame goes, the same in every zone.
    pub(crate) used: u64,
}

impl Trio {
    pub(crate) fn start(writers: [ZoneWriter; 3]) -> io::Result<Self> {
        let [own, one, two] = writers;
        let used = own.used;
        Ok(Self { own, helpers: vec![Helper::start(1, one)?, Helper::start(2, two)?], used })
    }

    /// Writes and syncs the batch in every zone. After an error the zones' state is unknown and nothing may be
    /// written again: a second fsync can succeed without the lost pages.
    pub(crate) fn commit(&mut self, batch: Batch) -> Result<(), AppendError> {
        let batch = Arc::new(batch);
        let stopped = || io::Error::other("the zone's thread has stopped");
        let sent: Vec<bool> = (self.helpers.iter())
            .map(|helper| helper.work.as_ref().is_some_and(|work| work.send(Arc::clone(&batch)).is_ok()))
            .collect();
        let mut result = self.own.commit(&batch).map_err(|e| AppendError::zone(0, &e));
        for (helper, sent) in self.helpers.iter().zip(sent) {
            let done = if sent { helper.done.recv().ok() } else { None };
            let done = done.unwrap_or_else(|| Err(stopped()));
            result = result.and(done.map_err(|e| AppendError::zone(helper.zone, &e)));
        }
        self.used = self.own.used;
        result
    }
}
