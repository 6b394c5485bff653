//! Changes one byte of a file and asks the verifier about it, in this process: thousands of times, which is too often
//! for the program.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use casemate_ledger::signed_note::{StandardVerifier, VerifierList};
use casemate_ledger::verify;

use crate::host::{Host, Tested};
use crate::random::Random;

/// A file of at most this size is tried byte by byte.
const SMALL: usize = 512;
/// Offsets that are tried in what is written of a larger file, and in the zeros behind it.
const WRITTEN: u64 = 200;
const ZEROS: u64 = 40;

/// The zones of a host that is closed.
pub(super) struct Zones {
    paths: [PathBuf; 3],
    keys: VerifierList,
}

impl Zones {
    pub(super) fn of(host: &Host) -> Tested<Self> {
        let verifier = StandardVerifier::new(&host.key()?).map_err(|error| format!("{error:?}"))?;
        let keys = VerifierList::new(vec![Box::new(verifier)]);
        Ok(Self { paths: [1, 2, 3].map(|number| host.zone(number)), keys })
    }

    /// What is found in all zones, if anything is.
    pub(super) fn finding(&self) -> Option<String> {
        verify::zones(&self.paths, &self.keys, &mut |_| {}).err().map(|error| error.to_string())
    }

    pub(super) fn are_sound(&self) -> Tested {
        self.finding().map_or(Ok(()), |finding| Err(finding.into()))
    }

    /// What is found when a byte of a file is another one. What is found in the file's own zone is found in all three.
    pub(super) fn with_flipped(&self, file: &Path, whole: &[u8], at: usize) -> Tested<Option<String>> {
        let handle = File::options().write(true).open(file)?;
        let byte = whole.get(at).copied().unwrap_or_default();
        handle.write_all_at(&[byte ^ (1 << (at % 8))], at as u64)?;
        let own = self.paths.iter().find(|path| file.starts_with(path)).ok_or("the file is in a zone")?;
        let alone = verify::zone(own, &self.keys, &mut |_| {}).err().map(|error| error.to_string());
        let found = alone.or_else(|| self.finding());
        handle.write_all_at(&[byte], at as u64)?;
        Ok(found)
    }
}

/// Every file below a directory.
pub(super) fn files(directory: &Path) -> Tested<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() { left.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Which bytes of a file are tried.
pub(super) fn offsets(whole: &[u8]) -> Vec<usize> {
    if whole.len() <= SMALL {
        return (0..whole.len()).collect();
    }
    let written = whole.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut random = Random::new();
    let mut within = |from: usize, to: usize, count: u64| -> Vec<usize> {
        let span = to.saturating_sub(from) as u64;
        (0..count.min(span)).map(|_| from + random.below(span) as usize).collect()
    };
    let mut offsets = within(0, written, WRITTEN);
    offsets.extend(within(written, whole.len(), ZEROS));
    // The ends of what is written, of the file, and of its head.
    offsets.extend([0, 1, 63, 64, written.saturating_sub(1), written.min(whole.len() - 1), whole.len() - 1]);
    offsets
}
