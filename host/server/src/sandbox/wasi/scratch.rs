//! A run's scratch directory. Names, kinds and sizes are kept here; the bytes of each file are in one file of the run's
//! own directory on the disk, named by a number. So no name that a guest chose reaches the host's file system, there is
//! nothing that could link out of it, and nothing of the host (times, inodes, order of entries) shows through: a run that
//! is repeated sees the same. It doesn't know who calls.

mod path;
mod tree;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use cap_std::fs::OpenOptions;
use casemate_abi::Code;
use casemate_gate::Refusal;
use casemate_gate::budget::{Meter, Resource};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::place::{Directory, Place};
pub(super) use tree::Opening;
use tree::{Entry, Kind, NodeId, Tree};

/// What a file or directory is charged beside its bytes: about what it takes on the disk.
const ENTRY_BYTES: u64 = 4096;
/// What its name and place take in the host's memory.
const ENTRY_MEMORY: u64 = 640;
/// Files and directories that are open at the same time; each file takes a descriptor of the host.
const OPEN: usize = 64;
/// Most bytes of one read or write, as `wasmtime-wasi` has it: the host holds them.
pub(super) const TRANSFER: usize = 64 * 1024;

/// Bytes, entries and open files of one run.
pub(super) struct Scratch {
    place: Place,
    /// Made with the first byte.
    directory: Option<Directory>,
    tree: Tree,
    quota: u64,
    used: u64,
    open: usize,
    meter: Arc<Meter>,
    /// Why the run must end, if a cap that is not its own was reached or the host failed.
    pub(super) stop: Option<Refusal>,
}

/// A file or directory that is open. It goes back with [`Scratch::close`].
#[derive(Debug)]
pub(super) struct Open(NodeId);

impl Scratch {
    pub(super) fn new(place: Place, quota: u64, meter: Arc<Meter>) -> Self {
        Self { place, directory: None, tree: Tree::default(), quota, used: 0, open: 0, meter, stop: None }
    }

    /// The directory that the guest starts from.
    pub(super) fn root(&mut self) -> Result<Open, ErrorCode> {
        self.opened(Tree::ROOT)
    }

    /// The same file or directory once more.
    pub(super) fn again(&mut self, open: &Open) -> Result<Open, ErrorCode> {
        self.opened(open.0)
    }

    pub(super) fn close(&mut self, open: &Open) {
        self.open = self.open.saturating_sub(1);
        self.tree.closed(open.0);
        self.bury(open.0);
    }

    /// Opens a file or directory, or makes a file.
    pub(super) fn open_at(&mut self, base: &Open, path: &str, opening: Opening) -> Result<Open, ErrorCode> {
        if self.open >= OPEN {
            return Err(ErrorCode::Quota);
        }
        let node = match self.tree.find(base.0, path, opening)? {
            Entry::There(node) => node,
            Entry::New { parent, name } => {
                self.take_entry()?;
                self.tree.add(parent, name, Kind::file())
            }
        };
        if opening.truncate {
            self.resize(node, 0)?;
        }
        self.opened(node)
    }

    pub(super) fn create_directory(&mut self, base: &Open, path: &str) -> Result<(), ErrorCode> {
        let (parent, name) = self.tree.vacancy(base.0, path)?;
        self.take_entry()?;
        self.tree.add(parent, name, Kind::directory(parent));
        Ok(())
    }

    pub(super) fn remove_directory(&mut self, base: &Open, path: &str) -> Result<(), ErrorCode> {
        let node = self.tree.remove_directory(base.0, path)?;
        self.bury(node);
        Ok(())
    }

    pub(super) fn unlink(&mut self, base: &Open, path: &str) -> Result<(), ErrorCode> {
        let node = self.tree.unlink(base.0, path)?;
        self.bury(node);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: (&Open, &str), to: (&Open, &str)) -> Result<(), ErrorCode> {
        if let Some(replaced) = self.tree.rename((from.0.0, from.1), (to.0.0, to.1))? {
            self.bury(replaced);
        }
        Ok(())
    }

    /// The number of what a path leads to, which stands for it as long as the run goes on.
    pub(super) fn number_at(&self, base: &Open, path: &str) -> Result<u64, ErrorCode> {
        self.tree.lookup(base.0, path).map(NodeId::number)
    }

    pub(super) const fn number(open: &Open) -> u64 {
        open.0.number()
    }

    /// The size of what a path leads to; none for a directory.
    pub(super) fn size_at(&self, base: &Open, path: &str) -> Result<Option<u64>, ErrorCode> {
        self.tree.lookup(base.0, path).map(|node| self.tree.size(node))
    }

    /// The size of an open file; none for a directory.
    pub(super) fn size(&self, open: &Open) -> Option<u64> {
        self.tree.size(open.0)
    }

    /// The next entry of a directory after a name, in the names' order, and whether it is a directory.
    pub(super) fn entry_after(&self, open: &Open, name: Option<&str>) -> Result<Option<(String, bool)>, ErrorCode> {
        self.tree.entry_after(open.0, name)
    }

    /// At most so many bytes, and never more than [`TRANSFER`]; fewer at the file's end.
    pub(super) fn read(&mut self, open: &Open, offset: u64, most: u64) -> Result<Vec<u8>, ErrorCode> {
        let size = self.tree.size(open.0).ok_or(ErrorCode::IsDirectory)?;
        let most = most.min(size.saturating_sub(offset)).min(TRANSFER as u64);
        let mut bytes = vec![0; usize::try_from(most).unwrap_or(TRANSFER)];
        if !bytes.is_empty() {
            let read = self.on_disk(open.0)?.read_exact_at(&mut bytes, offset);
            read.map_err(|error| self.failed(&error))?;
        }
        Ok(bytes)
    }

    /// Writes all of it, or says why not and has written nothing. Without an offset it is written to the end.
    pub(super) fn write(&mut self, open: &Open, offset: Option<u64>, bytes: &[u8]) -> Result<u64, ErrorCode> {
        let size = self.tree.size(open.0).ok_or(ErrorCode::BadDescriptor)?;
        let offset = offset.unwrap_or(size);
        let end = offset.checked_add(bytes.len() as u64).ok_or(ErrorCode::FileTooLarge)?;
        if bytes.is_empty() {
            return Ok(offset);
        }
        if end > size {
            self.resize(open.0, end)?;
        }
        let written = self.on_disk(open.0)?.write_all_at(bytes, offset);
        written.map_err(|error| self.failed(&error))?;
        Ok(end)
    }

    pub(super) fn set_size(&mut self, open: &Open, size: u64) -> Result<(), ErrorCode> {
        if self.tree.size(open.0).is_none() {
            return Err(ErrorCode::BadDescriptor);
        }
        self.resize(open.0, size)
    }

    /// Bytes of the quota that are taken.
    #[cfg(test)]
    pub(super) const fn used(&self) -> u64 {
        self.used
    }

    fn opened(&mut self, node: NodeId) -> Result<Open, ErrorCode> {
        if self.open >= OPEN {
            return Err(ErrorCode::Quota);
        }
        self.open += 1;
        self.tree.opened(node);
        Ok(Open(node))
    }

    /// Charges growth before it happens; what a file loses is free again.
    fn resize(&mut self, node: NodeId, size: u64) -> Result<(), ErrorCode> {
        let before = self.tree.size(node).ok_or(ErrorCode::IsDirectory)?;
        if size == before {
            return Ok(());
        }
        let taken = self.used.saturating_sub(before).checked_add(size).ok_or(ErrorCode::InsufficientSpace)?;
        if taken > self.quota {
            return Err(ErrorCode::InsufficientSpace);
        }
        let resized = self.on_disk(node)?.set_len(size);
        resized.map_err(|error| self.failed(&error))?;
        self.used = taken;
        self.tree.set_size(node, size);
        Ok(())
    }

    /// The file with a node's bytes, open; it is made when it is first asked for.
    fn on_disk(&mut self, node: NodeId) -> Result<&File, ErrorCode> {
        if self.tree.file_mut(node).ok_or(ErrorCode::IsDirectory)?.is_none() {
            let file = self.open_on_disk(node).map_err(|error| self.failed(&error))?;
            *self.tree.file_mut(node).ok_or(ErrorCode::IsDirectory)? = Some(file);
        }
        self.tree.file_mut(node).and_then(|file| file.as_ref()).ok_or(ErrorCode::Io)
    }

    fn open_on_disk(&mut self, node: NodeId) -> io::Result<File> {
        let directory = match self.directory.take() {
            Some(directory) => directory,
            None => self.place.directory()?,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let opened = self.directory.insert(directory).dir.open_with(node.to_string(), &options);
        opened.map(cap_std::fs::File::into_std)
    }

    /// The host's own trouble ends the run: a guest that saw it would see something else when it is repeated. The words
    /// are the operator's, since they name paths.
    fn failed(&mut self, error: &io::Error) -> ErrorCode {
        let refusal = Refusal::new(Code::RunTrapped, "the host could not keep the run's scratch directory");
        self.stop = Some(refusal.with_internal(error));
        ErrorCode::Io
    }

    fn take_entry(&mut self) -> Result<(), ErrorCode> {
        if self.used.saturating_add(ENTRY_BYTES) > self.quota {
            return Err(ErrorCode::InsufficientSpace);
        }
        match self.meter.grow(ENTRY_MEMORY) {
            Ok(true) => {}
            Ok(false) => return Err(ErrorCode::InsufficientMemory),
            Err(refusal) => {
                self.stop = Some(refusal);
                return Err(ErrorCode::InsufficientMemory);
            }
        }
        self.used = self.used.saturating_add(ENTRY_BYTES);
        Ok(())
    }

    /// Gives back what a node took, once it has neither name nor opener.
    fn bury(&mut self, node: NodeId) {
        let Some(size) = self.tree.bury(node) else { return };
        self.used = self.used.saturating_sub(ENTRY_BYTES.saturating_add(size));
        self.meter.give_back(Resource::Memory, ENTRY_MEMORY);
        if let Some(directory) = &self.directory {
            // A file that never had a byte isn't there; one that can't be removed goes with the directory.
            let _absent = directory.dir.remove_file(node.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
