//! Bringing one zone's segment file to what recovery decided, as one atomic step: the whole file is written anew
//! beside the old one and renamed over it, so a crash in the middle leaves a state that recovery accepts again.
//! It does not know why the file was wrong.

use std::io;
use std::path::PathBuf;

use crate::disk;

/// One file to be rewritten.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repair {
    /// The zone whose file is wrong.
    pub(crate) zone: u8,
    /// The segments directory of that zone.
    pub(crate) dir: PathBuf,
    /// The file's name.
    pub(crate) name: String,
    /// A file whose first `used` bytes are right; may be the same file.
    pub(crate) source: PathBuf,
    pub(crate) used: u64,
    /// The length to fill with zeros to.
    pub(crate) len: u64,
}

impl Repair {
    pub(crate) fn apply(&self) -> io::Result<()> {
        let bytes = disk::read_capped(&self.source, crate::segment::SEGMENT_FILE_MAX)?.unwrap_or_default();
        let used = usize::try_from(self.used).ok().and_then(|used| bytes.get(..used));
        let used = used.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        disk::put(&self.dir, &self.name, used, self.len).map(drop)
    }
}
