//! Every byte of every file of a zone: none can be changed, cut, added or removed without verification saying so.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{SMALL, TENANT, Zones, draft, files, keys};
use crate::frame::{self, HEAD};
use crate::verify::{self, Flaw};

/// Three entries in three frames under a checkpoint, and none after it.
fn zones() -> Zones {
    let zones = Zones::new(SMALL);
    let ledger = zones.open().unwrap();
    for n in 0..3 {
        assert_eq!(ledger.submit(vec![draft(TENANT, n)]).wait().unwrap()[0].index(), n);
    }
    assert_eq!(ledger.checkpoint(ledger.origin(TENANT)).wait().unwrap()[0].size(), 3);
    ledger.close().unwrap();
    zones
}

fn verify_a(zones: &Zones) -> Result<verify::Report, verify::VerifyError> {
    verify::zone(&zones.paths()[0], &keys(), &mut |_| {})
}

#[test]
fn a_sound_zone_verifies_and_reports() {
    let zones = zones();
    let report = zones.verify().unwrap();
    let log = &report.logs()[0];
    assert_eq!((log.size, log.checkpoint, log.unanchored), (3, Some(3), 0));
    zones.append(3, 2);
    let mut steps = 0;
    let report = verify::zones(&zones.paths(), &keys(), &mut |p| steps += usize::from(p.bytes <= p.of)).unwrap();
    assert_eq!((report.logs()[0].size, report.logs()[0].unanchored), (5, 2));
    assert!(steps >= 3);
    assert!(report.colocated, "one temporary directory is one device");
}

#[test]
fn every_changed_byte_is_found() {
    let zones = zones();
    let mut flipped = 0;
    for file in files(&zones.paths()[0]) {
        let right = fs::read(&file).unwrap();
        for at in 0..right.len() {
            for mask in [1 << (at % 8), 0xff] {
                let mut wrong = right.clone();
                wrong[at] ^= mask;
                fs::write(&file, &wrong).unwrap();
                let error = verify_a(&zones).err().unwrap_or_else(|| panic!("{} byte {at}", file.display()));
                assert!(!error.code().is_empty() && !error.to_string().is_empty());
                flipped += 1;
            }
        }
        fs::write(&file, &right).unwrap();
    }
    verify_a(&zones).unwrap();
    assert!(flipped > 3000, "{flipped}");
}

#[test]
fn the_first_bad_index_is_named() {
    let zones = zones();
    let file = zones.segment(0);
    let right = fs::read(&file).unwrap();
    let frame = (right.len() / 512 * 512).min(right.len());
    assert_eq!(frame, right.len());
    let starts: Vec<usize> = right.windows(4).enumerate().filter(|(_, w)| w == b"CMLF").map(|(at, _)| at).collect();
    assert_eq!(starts.len(), 3);
    let ends = [starts[1], starts[2], right.iter().rposition(|&b| b != 0).unwrap() + 1];
    for (index, (start, end)) in starts.into_iter().zip(ends).enumerate() {
        for at in start..end {
            let mut wrong = right.clone();
            wrong[at] ^= 0x20;
            fs::write(&file, &wrong).unwrap();
            let error = verify_a(&zones).unwrap_err();
            assert_eq!(error.index, Some(index as u64), "byte {at}: {error}");
            assert_eq!(error.log.unwrap().tenant, TENANT, "byte {at}: {error}");
            assert_eq!(error.offset, Some(start as u64));
            assert_eq!(error.zone, Some(0));
        }
    }
}

#[test]
fn every_cut_or_lengthened_file_is_found() {
    let zones = zones();
    for file in files(&zones.paths()[0]) {
        let right = fs::read(&file).unwrap();
        for cut in 0..right.len() {
            fs::write(&file, &right[..cut]).unwrap();
            assert!(verify_a(&zones).is_err(), "{} cut to {cut}", file.display());
        }
        for extra in [&b"\0"[..], b"x", b"\n", &[0; 512], &[0; 4096]] {
            fs::write(&file, [&right, extra].concat()).unwrap();
            assert!(verify_a(&zones).is_err(), "{} and {} bytes", file.display(), extra.len());
        }
        if !file.ends_with("lock") {
            fs::remove_file(&file).unwrap();
            assert!(verify_a(&zones).is_err(), "{} removed", file.display());
        }
        fs::write(&file, &right).unwrap();
    }
    verify_a(&zones).unwrap();
}

#[test]
fn every_stray_file_is_found() {
    let zones = zones();
    let root = &zones.paths()[0];
    let log = format!("logs/{TENANT}/host-1");
    for place in [
        "x",
        "segments/x",
        "segments/host-1-0.seg",
        "logs/x",
        &format!("logs/{TENANT}/x"),
        &format!("{log}/x"),
        &format!("{log}/checkpoint.new"),
        "segments/other-00000000000000ff.seg",
    ] {
        let path = root.join(place);
        fs::write(&path, b"x").unwrap();
        let error = verify_a(&zones).unwrap_err();
        assert!(["ledger-stray-file", "ledger-segment-header"].contains(&error.code()), "{place}: {error}");
        fs::remove_file(&path).unwrap();
    }
    let dir = root.join("segments/dir");
    fs::create_dir(&dir).unwrap();
    assert_eq!(verify_a(&zones).unwrap_err().flaw, Flaw::Stray);
    fs::remove_dir(&dir).unwrap();
    let link = root.join("segments/host-1-00000000000000ff.seg");
    std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
    assert_eq!(verify_a(&zones).unwrap_err().flaw, Flaw::Stray);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
}

#[test]
fn an_old_copy_of_one_zone_is_found_by_its_peers() {
    let zones = zones();
    let [a, b, _] = zones.paths();
    copy(&b, &zones.root.path().join("old"));
    zones.append(3, 1);
    fs::remove_dir_all(&b).unwrap();
    fs::rename(zones.root.path().join("old"), &b).unwrap();
    verify::zone(&b, &keys(), &mut |_| {}).unwrap();
    let error = zones.verify().unwrap_err();
    assert_eq!((error.code(), error.zone, error.index), ("ledger-zones-disagree", Some(1), Some(3)));
    let swapped = [a.clone(), a.clone(), b];
    assert_eq!(verify::zones(&swapped, &keys(), &mut |_| {}).unwrap_err().code(), "ledger-zone-foreign");
}

#[test]
fn a_checkpoint_needs_a_key_that_is_given() {
    let zones = zones();
    let none = signed_note::VerifierList::new(Vec::new());
    let error = verify::zone(&zones.paths()[0], &none, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "ledger-checkpoint-signature");
}

/// Changes one byte of frame `n` and makes its checksum and hash right again, as somebody would who knows the
/// format but has no key.
fn forge(bytes: &mut [u8], n: usize, change: impl Fn(&mut [u8])) {
    let starts = bytes.windows(4).enumerate().filter(|(_, w)| w == b"CMLF");
    let start = starts.map(|(at, _)| at).nth(n).unwrap();
    let frame = &mut bytes[start..];
    let len = frame::parse(frame).unwrap().len;
    let (entry, hash) = frame[..len].split_at_mut(len - 32);
    let (head, body) = entry[HEAD..].split_at_mut(8);
    change(body);
    head[4..].copy_from_slice(&crc32c::crc32c(body).to_be_bytes());
    hash.copy_from_slice(&Sha256::digest(entry));
}

#[test]
fn a_forger_who_fixes_the_hashes_is_found() {
    let zones = zones();
    let file = zones.segment(0);
    let right = fs::read(&file).unwrap();
    let found = |change: &dyn Fn(&mut [u8])| {
        let mut wrong = right.clone();
        forge(&mut wrong, 1, change);
        fs::write(&file, &wrong).unwrap();
        let error = verify_a(&zones).unwrap_err();
        (error.code(), error.index)
    };
    // The last byte of the payload; a byte of the leaf's time, behind origin (1 + 43) and length (2).
    assert_eq!(found(&|body| *body.last_mut().unwrap() ^= 1), ("ledger-commitment", Some(1)));
    assert_eq!(found(&|body| body[46 + 54] ^= 1), ("ledger-frame-chain", Some(2)));
    // The whole log made anew with one entry changed: only the signed root tells.
    let other = Zones::new(SMALL);
    let ledger = other.open().unwrap();
    for n in [0, 1, 7] {
        assert!(ledger.submit(vec![draft(TENANT, n)]).wait().is_ok());
    }
    ledger.close().unwrap();
    fs::copy(other.segment(0), &file).unwrap();
    assert_eq!(verify_a(&zones).unwrap_err().code(), "ledger-checkpoint-root");
}
