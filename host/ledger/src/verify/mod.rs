//! Offline verification: everything a zone says about itself, checked from its files and the public keys the
//! caller brings, with no running ledger and no private key. It stops at the first finding. It does not know
//! whether a newer state of all three zones once existed; only an outside memory of a checkpoint tells that.

mod exported;
mod files;
mod finding;
mod report;
mod walk;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use signed_note::VerifierList;

pub use exported::{CHECKPOINT, ENTRIES, exported};
pub use finding::{Flaw, VerifyError};
pub use report::{ChainReport, LogReport, Progress, Report, ZonesReport};

/// Verifies one zone: identity, stray files, segment headers, frame hashes and chain, leaves, index contiguity,
/// leaf chain, commitments, zero tails, checkpoints (signature, size, root).
///
/// A zone that a running ledger appends to may show an unfinished tail; verify a copy or a closed ledger.
/// `keys` are the checkpoint signers' public keys; at least one of them must have signed every checkpoint, and
/// every signature of theirs must be right.
///
/// # Errors
/// The first finding, as [`VerifyError`].
pub fn zone(path: &Path, keys: &VerifierList, progress: &mut dyn FnMut(Progress)) -> Result<Report, VerifyError> {
    let at = |zone| move |error: VerifyError| error.in_zone(zone);
    let (ledger, number) = files::identity(path)?;
    let files = files::list(path).map_err(at(number))?;
    walk::zone(path, ledger, number, &files, keys, progress).map_err(at(number))
}

/// Verifies the three zones of a ledger, in the order of their numbers, and that they agree in every frame and
/// checkpoint. Zones of a ledger that was stopped in the middle of a commit agree once it was opened again.
///
/// # Errors
/// The first finding, as [`VerifyError`].
pub fn zones(
    paths: &[impl AsRef<Path>; 3],
    keys: &VerifierList,
    progress: &mut dyn FnMut(Progress),
) -> Result<ZonesReport, VerifyError> {
    let mut reports: Vec<Report> = Vec::new();
    for (number, path) in (0u8..).zip(paths) {
        let path = path.as_ref();
        let report = zone(path, keys, progress)?;
        let flaw = |flaw| VerifyError::new(flaw, path).in_zone(number);
        if report.zone != number {
            return Err(flaw(Flaw::Foreign));
        }
        if let Some(first) = reports.first() {
            if first.ledger != report.ledger {
                return Err(flaw(Flaw::Foreign));
            }
            report::compare(first, &report).map_err(|(log, index)| {
                let error = flaw(Flaw::Disagree);
                VerifyError { log, index, ..error }
            })?;
        }
        reports.push(report);
    }
    let device = |path: &Path| path.metadata().map(|meta| meta.dev()).ok();
    let mut devices: Vec<_> = paths.iter().map(|path| device(path.as_ref())).collect();
    devices.sort_unstable();
    devices.dedup();
    // A device that cannot be told counts as shared: nothing is claimed that was not seen.
    let colocated = devices.len() < paths.len() || devices.contains(&None);
    Ok(ZonesReport { zones: reports, colocated })
}
