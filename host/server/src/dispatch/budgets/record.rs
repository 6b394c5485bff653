//! The budget record: a file of lines that are only appended, each durable before anybody relies on it. Lines that wait
//! at the same time share one sync. A last line that was cut short by a crash is dropped; any other line that is not
//! what was written makes the file damaged. It doesn't know what the lines say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::book::Book;
use super::entry::{Entry, LINE_BYTES};

/// The first line of the file.
const HEAD: &[u8] = b"casemate budget record 1\n";
/// Most bytes of the file that are read.
const FILE_BYTES: u64 = 256 * 1024 * 1024;
/// From this size on the file is written anew, with totals instead of single stretches.
const COMPACT_BYTES: u64 = 4 * 1024 * 1024;

/// Why budgets can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
    /// The file.
    #[error("make {path} readable and writable for this user, on a disk with space left, and start the host again")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A line is not what was written.
    #[error("restore {path} from its copy, or move it away to begin with nothing used: its line {line} is damaged")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// More than is ever written.
    #[error(
        "restore {0} from its copy, or move it away to begin with nothing used: it has more than {FILE_BYTES} bytes"
    )]
    TooLarge(PathBuf),
    /// A write failed before.
    #[error("start the host again: the budget record could not be written")]
    Failed,
    /// Too many runs are held.
    #[error("resume or give up the runs that `casemate budget show` lists as held: there are too many")]
    TooMany,
    /// A line doesn't fit.
    #[error("use a shorter name: a line of the budget record has at most {LINE_BYTES} bytes")]
    Line,
}

impl BudgetError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { cause, .. } if cause.kind() == ErrorKind::StorageFull => "data-disk-full",
            Self::File { .. } => "data-budget",
            Self::Damaged { .. } => "data-budget-damaged",
            Self::TooLarge(_) => "data-budget-too-large",
            Self::Failed => "data-budget-failed",
            Self::TooMany => "data-budget-holds",
            Self::Line => "data-budget-line",
        }
    }

    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self::File { path, cause }
    }
}

/// The file, open for appending. Its caller sees to it that it is open once.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    // Held for one write; the second for one sync, so that those who wait share the next one.
    file: Mutex<File>,
    synced: Mutex<u64>,
    /// Bytes that were ever appended: where a line stands among those that wait for a sync.
    written: AtomicU64,
    /// Bytes of the file.
    size: AtomicU64,
    /// The size from which on it is written anew.
    too_large: AtomicU64,
    failed: AtomicBool,
}

/// What a file says, and how much of it is whole.
struct Reading {
    book: Book,
    whole: u64,
}

impl Record {
    /// Reads the file, or makes one where there is none; drops a line that was cut short.
    pub(super) fn open(path: &Path) -> Result<(Self, Book), BudgetError> {
        let Reading { book, whole } = match fs::exists(path).map_err(BudgetError::file(path))? {
            true => read(path)?,
            false => Reading { book: Book::default(), whole: 0 },
        };
        if whole < HEAD.len() as u64 || whole > COMPACT_BYTES {
            let (file, written) = write_anew(path, &book)?;
            return Ok((Self::new(path, file, written), book));
        }
        let file = OpenOptions::new().append(true).open(path).map_err(BudgetError::file(path))?;
        file.set_len(whole).and_then(|()| file.sync_all()).map_err(BudgetError::file(path))?;
        Ok((Self::new(path, file, whole), book))
    }

    fn new(path: &Path, file: File, written: u64) -> Self {
        Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            synced: Mutex::new(written),
            written: AtomicU64::new(written),
            size: AtomicU64::new(written),
            too_large: AtomicU64::new(written.saturating_add(COMPACT_BYTES)),
            failed: AtomicBool::new(false),
        }
    }

    /// Appends a line; it is durable once [`Record::sync`] was called with what this returns.
    pub(super) fn append(&self, entry: &Entry) -> Result<u64, BudgetError> {
        let line = entry.line().map_err(|_| BudgetError::Line)?;
        if line.len() > LINE_BYTES {
            return Err(BudgetError::Line);
        }
        let mut file = lock(&self.file);
        if self.failed.load(Ordering::Acquire) {
            return Err(BudgetError::Failed);
        }
        file.write_all(line.as_bytes()).map_err(|cause| self.fail(cause))?;
        let length = line.len() as u64;
        self.size.fetch_add(length, Ordering::AcqRel);
        Ok(self.written.fetch_add(length, Ordering::AcqRel).saturating_add(length))
    }

    /// Waits until everything up to a position is durable.
    pub(super) fn sync(&self, position: u64) -> Result<(), BudgetError> {
        let mut synced = lock(&self.synced);
        if *synced >= position {
            return Ok(());
        }
        if self.failed.load(Ordering::Acquire) {
            return Err(BudgetError::Failed);
        }
        let written = self.written.load(Ordering::Acquire);
        let file = lock(&self.file).try_clone().map_err(|cause| self.fail(cause))?;
        file.sync_data().map_err(|cause| self.fail(cause))?;
        *synced = written;
        Ok(())
    }

    /// Writes the file anew where it has grown too large. Whoever calls this keeps others from appending meanwhile.
    pub(super) fn compact(&self, book: &Book) -> Result<(), BudgetError> {
        if self.size.load(Ordering::Acquire) <= self.too_large.load(Ordering::Acquire) {
            return Ok(());
        }
        self.write_anew(book)
    }

    /// Writes the file anew, without what the book doesn't have any more. Whoever calls this keeps others from appending.
    pub(super) fn write_anew(&self, book: &Book) -> Result<(), BudgetError> {
        let mut synced = lock(&self.synced);
        let mut file = lock(&self.file);
        let (anew, size) = write_anew(&self.path, book).inspect_err(|_| self.failed.store(true, Ordering::Release))?;
        *file = anew;
        // Whoever still waits for a line of the old file is served by the new one.
        *synced = self.written.load(Ordering::Acquire);
        self.size.store(size, Ordering::Release);
        self.too_large.store(size.saturating_add(COMPACT_BYTES), Ordering::Release);
        Ok(())
    }

    /// After a failed write or sync nobody knows what the disk has: nothing more is written.
    fn fail(&self, cause: io::Error) -> BudgetError {
        self.failed.store(true, Ordering::Release);
        BudgetError::File { path: self.path.clone(), cause }
    }
}

/// What the file says, without changing it; nothing where there is none. Another process may be appending to it.
pub(super) fn look(path: &Path) -> Result<Book, BudgetError> {
    if fs::exists(path).map_err(BudgetError::file(path))? { Ok(read(path)?.book) } else { Ok(Book::default()) }
}

fn read(path: &Path) -> Result<Reading, BudgetError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(BudgetError::file(path))?;
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(BudgetError::file(path))?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(BudgetError::TooLarge(path.to_owned()));
    }
    let Some(mut rest) = bytes.strip_prefix(HEAD) else {
        // The file was being made when the host died.
        let torn = HEAD.starts_with(&bytes);
        let damaged = BudgetError::Damaged { path: path.to_owned(), line: 1 };
        return if torn { Ok(Reading { book: Book::default(), whole: 0 }) } else { Err(damaged) };
    };
    let (mut book, mut whole, mut number) = (Book::default(), HEAD.len() as u64, 1_usize);
    while !rest.is_empty() {
        number = number.saturating_add(1);
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        let after = after.get(1..).unwrap_or_default();
        match Entry::parse(line).filter(|_| end.is_some()) {
            Some(entry) => book.apply(entry),
            None if after.is_empty() => break,
            None => return Err(BudgetError::Damaged { path: path.to_owned(), line: number }),
        }
        whole = whole.saturating_add(line.len() as u64 + 1);
        rest = after;
    }
    Ok(Reading { book, whole })
}

/// Writes a file whole or not at all, and leaves it open for appending.
fn write_anew(path: &Path, book: &Book) -> Result<(File, u64), BudgetError> {
    let mut bytes = HEAD.to_vec();
    for entry in book.entries() {
        bytes.extend_from_slice(entry.line().map_err(|_| BudgetError::Line)?.as_bytes());
    }
    let fresh = path.with_extension("new");
    let written = (|| {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        OpenOptions::new().append(true).open(path)
    })();
    Ok((written.map_err(BudgetError::file(path))?, bytes.len() as u64))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
