//! Writes packs: into the data directory, whole or not at all, and beside their sources when they are signed. It doesn't
//! know whether they are any good.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use casemate_gate::pack::Files;

use crate::app::AppError;

/// Keeps a pack at a place that is named by its digest. What is there already is what it must be, or is replaced.
pub(in crate::app) fn keep(place: &Path, files: &Files) -> Result<(), AppError> {
    if super::read_pack(place).is_ok_and(|kept| kept == *files) {
        return Ok(());
    }
    let parent = place.parent().unwrap_or(place);
    make(parent)?;
    // What a host that died left half written.
    let fresh = place.with_extension("new");
    for left_over in [&fresh, &place.to_owned()] {
        match fs::remove_dir_all(left_over) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(AppError::file(left_over)(error)),
            _ => {}
        }
    }
    write_pack(&fresh, files)?;
    fs::rename(&fresh, place).map_err(AppError::file(place))?;
    sync(parent)
}

/// Makes a directory of the host's own, which others don't look into.
pub(super) fn make(directory: &Path) -> Result<(), AppError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(AppError::file(directory))
}

/// Writes all files of a pack into a directory, durably; others that are there stay.
///
/// # Errors
/// [`AppError::File`].
pub fn write_pack(directory: &Path, files: &Files) -> Result<(), AppError> {
    fs::create_dir_all(directory).map_err(AppError::file(directory))?;
    let mut folders = vec![directory.to_owned()];
    for (name, bytes) in files.iter() {
        let path = directory.join(name);
        if let Some(folder) = path.parent().filter(|folder| *folder != directory) {
            fs::create_dir_all(folder).map_err(AppError::file(folder))?;
            folders.push(folder.to_owned());
        }
        write(&path, bytes)?;
    }
    folders.iter().try_for_each(|folder| sync(folder))
}

/// Written beside its place and renamed there: nobody reads half a file, and a link in its place is replaced.
fn write(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = path.with_file_name(format!(".{name}.new"));
    let opened = OpenOptions::new().create(true).truncate(true).write(true).mode(0o644).open(&fresh);
    let written = opened.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.and_then(|()| fs::rename(&fresh, path)).map_err(AppError::file(path))
}

/// Makes the names in a directory durable.
fn sync(directory: &Path) -> Result<(), AppError> {
    File::open(directory).and_then(|opened| opened.sync_all()).map_err(AppError::file(directory))
}
