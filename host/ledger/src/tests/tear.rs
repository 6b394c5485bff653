//! What a crash can leave, made by hand: torn frames at every byte, frames in some zones only, half-made files.
//! After reopening, what was acknowledged is there, and the zones verify.

use std::fs;

use super::{SMALL, Zones};

/// Segment bytes of a zone with two and with three entries, and where the third frame ends.
struct Stages {
    zones: Zones,
    two: Vec<u8>,
    three: Vec<u8>,
    /// Start and end of the last frame.
    from: usize,
    to: usize,
}

fn stages() -> Stages {
    let zones = Zones::new(SMALL);
    zones.append(0, 2);
    let two = fs::read(zones.segment(0)).unwrap();
    zones.append(2, 1);
    let three = fs::read(zones.segment(0)).unwrap();
    let end = |bytes: &[u8]| bytes.iter().rposition(|&b| b != 0).unwrap() + 1;
    let (from, to) = (end(&two), end(&three));
    Stages { zones, from, to, two, three }
}

#[test]
fn a_frame_torn_at_any_byte_is_completed_or_removed() {
    let s = stages();
    for torn in 1..=3usize {
        for cut in s.from..s.to {
            for zeros in [false, true] {
                let mut bytes = s.three[..cut].to_vec();
                if zeros {
                    bytes.resize(s.three.len(), 0);
                }
                for zone in 0..3 {
                    // Torn in the last `torn` zones, whole in the others.
                    let contents = if zone >= 3 - torn { &bytes } else { &s.three };
                    fs::write(s.zones.segment(zone), contents).unwrap();
                }
                s.zones.open().unwrap().close().unwrap();
                let want = if torn == 3 { 2 } else { 3 };
                assert_eq!(s.zones.size(), want, "{torn} zones torn at {cut}");
            }
        }
    }
    // Entry 2 is gone, so its index is free again.
    s.zones.append(2, 2);
    assert_eq!(s.zones.size(), 4);
}

#[test]
fn a_frame_with_garbage_in_it_is_completed_or_removed() {
    let s = stages();
    // Sectors reach the disk in any order: a hole at the start, the rest there.
    for hole in 1..(s.to - s.from) {
        let mut bytes = s.three.clone();
        bytes[s.from..s.from + hole].fill(0);
        for (zone, contents) in [&s.two, &bytes, &s.three].into_iter().enumerate() {
            fs::write(s.zones.segment(zone), contents).unwrap();
        }
        s.zones.open().unwrap().close().unwrap();
        assert_eq!(s.zones.size(), 3, "hole of {hole}");
    }
}

#[test]
fn a_frame_in_some_zones_only_is_completed() {
    let s = stages();
    for present in 1..8usize {
        for zone in 0..3 {
            let contents = if present & (1 << zone) != 0 { &s.three } else { &s.two };
            fs::write(s.zones.segment(zone), contents).unwrap();
        }
        s.zones.open().unwrap().close().unwrap();
        assert_eq!(s.zones.size(), 3, "zones {present:03b}");
    }
}

#[test]
fn a_zone_far_behind_is_completed_over_segments() {
    let zones = Zones::new(SMALL);
    zones.append(0, 3);
    let early = fs::read(zones.segment(1)).unwrap();
    let name = zones.segment(1);
    zones.append(3, 60);
    for file in super::files(&zones.paths()[1].join("segments")) {
        fs::remove_file(file).unwrap();
    }
    fs::write(&name, &early).unwrap();
    assert!(zones.verify().is_err());
    zones.append(63, 1);
    assert_eq!(zones.size(), 64);
    let segments = |zone: usize| super::files(&zones.paths()[zone].join("segments")).len();
    assert!(segments(0) > 3, "rolled");
    assert_eq!(segments(0), segments(1));
}

#[test]
fn an_interrupted_roll_is_completed() {
    let zones = Zones::new(SMALL);
    zones.append(0, 63);
    let last = zones.segment(2);
    fs::remove_file(&last).unwrap();
    // The segment before was being closed and still has its zeros; a temporary file was left.
    let before = zones.segment(2);
    let mut bytes = fs::read(&before).unwrap();
    bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    fs::write(&before, bytes).unwrap();
    fs::write(zones.paths()[2].join("segments/host-1-00000000000000ff.seg.new"), b"half").unwrap();
    zones.append(63, 1);
    assert_eq!(zones.size(), 64);
}

#[test]
fn an_acknowledged_frame_that_is_damaged_is_refused() {
    let s = stages();
    let middle = s.from - 40;
    for (zone, damaged) in [(0usize, true), (1, true), (2, true)] {
        let mut bytes = s.three.clone();
        bytes[middle] ^= u8::from(damaged);
        for (other, path) in (0..3).map(|other| (other, s.zones.segment(other))) {
            fs::write(path, if other == zone { &bytes } else { &s.three }).unwrap();
        }
        let error = s.zones.open().err().unwrap();
        assert_eq!(error.code(), "ledger-zone-corrupt");
        let crate::OpenError::ZoneCorrupt { zone: found, frame, index, .. } = error else { panic!("{error}") };
        assert_eq!((usize::from(found), frame, index), (zone, 1, Some(1)));
        // The same with the frame behind it lost here: the peers show that it was acknowledged.
        bytes[s.from..].fill(0);
        fs::write(s.zones.segment(zone), &bytes).unwrap();
        assert_eq!(s.zones.open().err().unwrap().code(), "ledger-zone-corrupt");
    }
}

#[test]
fn diverging_zones_are_refused() {
    let s = stages();
    let other = Zones::new(SMALL);
    let ledger = other.open().unwrap();
    for n in [0, 1, 7] {
        ledger.submit(vec![super::draft(super::TENANT, n)]).wait().unwrap();
    }
    ledger.close().unwrap();
    fs::copy(other.segment(1), s.zones.segment(1)).unwrap();
    let error = s.zones.open().err().unwrap();
    assert_eq!(error.code(), "ledger-zones-diverge");
    assert!(matches!(error, crate::OpenError::ZonesDiverge { frame: 2, .. }), "{error}");
}
