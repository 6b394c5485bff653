//! Compiled code on disk, each file with the host's MAC over its name and its bytes: native code that somebody else put
//! there is never loaded. Files that were not used for longest go first. It doesn't know how code is made or loaded.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use casemate_keys::MacKey;

/// What every file begins with.
const HEAD: &[u8] = b"casemate code 1\n";
const TAG: usize = 32;
/// Most bytes of one file.
const FILE_BYTES: u64 = 1 << 30;
/// Most bytes of all files together.
const ALL_BYTES: u64 = 4 << 30;

/// The cache.
pub(super) struct Cache {
    directory: PathBuf,
    key: MacKey,
    puts: AtomicU64,
}

impl Cache {
    pub(super) const fn new(directory: PathBuf, key: MacKey) -> Self {
        Self { directory, key, puts: AtomicU64::new(0) }
    }

    /// The code of this name, if it is there and is what this host put there.
    pub(super) fn get(&self, name: &[u8; 32]) -> Option<Vec<u8>> {
        let path = self.path(name);
        let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(&path).ok()?;
        let mut bytes = Vec::new();
        (&mut file).take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
        let authentic = bytes
            .strip_prefix(HEAD)
            .and_then(|rest| rest.split_first_chunk::<TAG>())
            .and_then(|(tag, code)| self.key.is_tag(&[name, code], tag).then_some(code.len()));
        let Some(length) = authentic else {
            tracing::warn!(path = %path.display(), "a file in the code cache is not this host's; it is removed");
            let _gone = fs::remove_file(&path);
            return None;
        };
        touch(&file);
        let start = bytes.len().saturating_sub(length);
        Some(bytes.split_off(start))
    }

    /// Keeps code under a name.
    pub(super) fn put(&self, name: &[u8; 32], code: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        // Two compilations of one component may end at the same time.
        let number = self.puts.fetch_add(1, Ordering::Relaxed);
        let path = self.path(name);
        let fresh = path.with_extension(format!("{}-{number}", std::process::id()));
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        let written = [HEAD, &self.tag(name, code), code].into_iter().try_for_each(|part| file.write_all(part));
        let kept = written.and_then(|()| fs::rename(&fresh, &path));
        if kept.is_err() {
            let _gone = fs::remove_file(&fresh);
        }
        touch(&file);
        kept.and_then(|()| make_room(&self.directory))
    }

    fn tag(&self, name: &[u8; 32], code: &[u8]) -> [u8; TAG] {
        self.key.tag(&[name, code])
    }

    fn path(&self, name: &[u8; 32]) -> PathBuf {
        self.directory.join(hex::encode(name))
    }
}

/// Notes that a file was used. A file system that keeps no times only makes a worse choice of what goes first.
fn touch(file: &File) {
    let now = UNIX_EPOCH + Duration::from_millis(crate::clock::now_ms());
    let _best_effort = file.set_times(FileTimes::new().set_modified(now));
}

/// Removes what was not used for longest, until the rest is small enough.
fn make_room(directory: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let data = entry.metadata()?;
        files.push((data.modified()?, data.len(), entry.path()));
    }
    files.sort();
    let mut all: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in files {
        if all <= ALL_BYTES {
            break;
        }
        fs::remove_file(path)?;
        all = all.saturating_sub(size);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Cache;
    use casemate_keys::MacKey;
    use std::fs;

    #[test]
    fn only_what_this_host_put_there_comes_out() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let key = MacKey::generate()?;
        let cache = Cache::new(directory.path().join("code"), key.clone());
        assert_eq!(cache.get(&[1; 32]), None);
        cache.put(&[1; 32], b"code")?;
        assert_eq!(cache.get(&[1; 32]).as_deref(), Some(&b"code"[..]));
        // Under another name, with another key, changed, cut short, or planted: never.
        fs::copy(cache.path(&[1; 32]), cache.path(&[2; 32]))?;
        assert_eq!(cache.get(&[2; 32]), None);
        assert!(!cache.path(&[2; 32]).exists());
        assert_eq!(Cache::new(directory.path().join("code"), MacKey::generate()?).get(&[1; 32]), None);
        cache.put(&[1; 32], b"code")?;
        let whole = fs::read(cache.path(&[1; 32]))?;
        for at in 0..whole.len() {
            let mut forged = whole.clone();
            forged[at] ^= 1;
            fs::write(cache.path(&[1; 32]), &forged)?;
            assert_eq!(cache.get(&[1; 32]), None, "byte {at}");
            fs::write(cache.path(&[1; 32]), whole.get(..at).unwrap_or_default())?;
            assert_eq!(cache.get(&[1; 32]), None, "cut at {at}");
        }
        fs::write(directory.path().join("elsewhere"), &whole)?;
        std::os::unix::fs::symlink(directory.path().join("elsewhere"), cache.path(&[1; 32]))?;
        assert_eq!(cache.get(&[1; 32]), None, "no link is followed");
        Ok(())
    }
}
