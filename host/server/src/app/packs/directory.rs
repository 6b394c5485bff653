//! Reads a pack's directory once, into memory. Whatever is not a plain file of that very directory or of a folder in it is
//! refused: links, pipes, devices; so is whatever is too much. What is changed on disk afterwards is never seen. It doesn't
//! know what the files mean.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use casemate_gate::pack::{FILE_BYTES, FILES, Files, NAME_BYTES, PackError};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, openat, statat};

use crate::app::AppError;

/// Most entries of the directories, before any is looked at.
const ENTRIES: usize = FILES + 16;

/// The files of a pack.
///
/// # Errors
/// [`AppError::PackFolder`] when a directory or file can't be read, [`AppError::Pack`] for what no pack may have.
pub fn read(directory: &Path) -> Result<Files, AppError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(directory, flags, Mode::empty());
    let opened = opened.map_err(|errno| AppError::pack_folder(directory)(errno.into()))?;
    let mut reading = Reading { directory, files: Files::default(), entries: 0 };
    reading.folder(&opened, "")?;
    Ok(reading.files)
}

struct Reading<'a> {
    directory: &'a Path,
    files: Files,
    entries: usize,
}

impl Reading<'_> {
    /// Reads all of a folder; names begin with `prefix`.
    fn folder(&mut self, folder: &OwnedFd, prefix: &str) -> Result<(), AppError> {
        for name in self.names(folder, prefix)? {
            let full = format!("{prefix}{name}");
            let fail = |errno: rustix::io::Errno| AppError::pack_folder(self.directory.join(&full))(errno.into());
            // Looked at before it is opened: opening a device may do something.
            let found = statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW).map_err(fail)?;
            let kind = FileType::from_raw_mode(found.st_mode);
            if kind == FileType::Directory && prefix.is_empty() {
                let inner = open(folder, &name, OFlags::DIRECTORY).map_err(fail)?;
                self.folder(&inner, &format!("{full}/"))?;
            } else if kind == FileType::RegularFile {
                let file = open(folder, &name, OFlags::NONBLOCK).map_err(fail)?;
                // And once more: it may be another by now.
                if FileType::from_raw_mode(fstat(&file).map_err(fail)?.st_mode) != FileType::RegularFile {
                    return Err(PackError::FileKind(full).into());
                }
                let bytes = bytes(file).map_err(AppError::pack_folder(self.directory.join(&full)))?;
                self.files.add(&full, bytes)?;
            } else {
                return Err(PackError::FileKind(shown(&full)).into());
            }
        }
        Ok(())
    }

    /// The names in a folder, sorted, so that the same directory is refused for the same reason everywhere.
    fn names(&mut self, folder: &OwnedFd, prefix: &str) -> Result<Vec<String>, AppError> {
        let fail = |errno: rustix::io::Errno| AppError::pack_folder(self.directory.join(prefix))(errno.into());
        let mut names = Vec::new();
        for entry in Dir::read_from(folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            self.entries += 1;
            if self.entries > ENTRIES {
                return Err(PackError::TooMany.into());
            }
            match name.to_str() {
                Ok(name) => names.push(name.to_owned()),
                Err(_) => return Err(PackError::Name(shown(&name.to_string_lossy())).into()),
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// Opens an entry of a folder, and never what a link points to.
fn open(folder: impl AsFd, name: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    openat(folder, name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | flags, Mode::empty())
}

/// The bytes of a file, and one more than it may have where it has more.
fn bytes(file: OwnedFd) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::from(file).take(FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A stranger's name in an error.
fn shown(name: &str) -> String {
    name.chars().take(NAME_BYTES).flat_map(char::escape_default).collect()
}
