//! The few file operations a zone needs, each complete: what it creates is durable, name included, when it
//! returns. It does not know any format.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What a file is called until it is complete. Left-overs of a crash are removed on open.
pub(crate) const TEMP_SUFFIX: &str = ".new";

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Makes a directory, unless it is there, and its name durable.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o750).create(dir) {
        Ok(()) => dir.parent().map_or(Ok(()), sync_dir),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(e) => Err(e),
    }
}

/// Creates or replaces `dir/name` with `contents`, filled with zeros to `len` bytes: it is there whole and
/// durable, or as before.
pub(crate) fn put(dir: &Path, name: &str, contents: &[u8], len: u64) -> io::Result<File> {
    let temp = dir.join(format!("{name}{TEMP_SUFFIX}"));
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(true).mode(0o640).open(&temp)?;
    file.write_all(contents)?;
    write_zeros(&file, contents.len() as u64, len)?;
    file.sync_all()?;
    fs::rename(&temp, dir.join(name))?;
    sync_dir(dir)?;
    Ok(file)
}

/// Writes zeros over `from..to`. Written, not merely allocated: an fdatasync that overwrites written blocks has
/// no metadata to commit, which makes it two to three times faster.
pub(crate) fn write_zeros(file: &File, mut from: u64, to: u64) -> io::Result<()> {
    while from < to {
        let len = usize::try_from(to - from).unwrap_or(ZEROS.len()).min(ZEROS.len());
        file.write_all_at(ZEROS.get(..len).unwrap_or_default(), from)?;
        from = from.saturating_add(len as u64);
    }
    Ok(())
}

/// Reads a file of at most `max` bytes; `None` when it is larger.
pub(crate) fn read_capped(path: &Path, max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max).then_some(bytes))
}

/// The entries of a directory, sorted by name; a name that is not UTF-8 comes out with replacement characters,
/// which no name of ours has.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        names.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    names.sort();
    Ok(names)
}

/// Whether an error says that the device, the quota or the file size limit is used up.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
