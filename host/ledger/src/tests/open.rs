//! Opening: locks, identities, missing zones, other writers, checkpoints older and newer than the log.

use std::fs;

use super::{LEDGER, SMALL, TENANT, Zones, draft, signer, writer};
use crate::{Config, Ledger, OpenError, Sizes, prepare_zone, read};

fn code(result: Result<Ledger, OpenError>) -> &'static str {
    result.err().map_or("opened", |error| error.code())
}

#[test]
fn a_second_process_is_locked_out() {
    let zones = Zones::new(SMALL);
    let ledger = zones.open().unwrap();
    assert_eq!(code(zones.open()), "ledger-locked");
    ledger.close().unwrap();
    zones.open().unwrap();
}

#[test]
fn wrong_directories_are_refused() {
    let zones = Zones::new(SMALL);
    zones.append(0, 2);
    let [a, b, c] = zones.paths();
    let open = |zones, sizes| {
        let (ledger_id, writer) = (LEDGER, writer());
        Ledger::open(Config { zones, writer, ledger_id, signers: vec![signer()], create: true, sizes })
    };
    assert_eq!(code(open([b.clone(), a.clone(), c.clone()], SMALL)), "ledger-zone-foreign");
    assert_eq!(code(open([a.clone(), b.clone(), zones.root.path().join("d")], SMALL)), "ledger-zone-missing");
    assert_eq!(code(open(zones.paths(), Sizes { segment: 1, step: 0 })), "ledger-config");
    let other = Config {
        zones: zones.paths(),
        writer: writer(),
        ledger_id: TENANT,
        signers: vec![signer()],
        create: false,
        sizes: SMALL,
    };
    assert_eq!(code(Ledger::open(other)), "ledger-zone-foreign");
    assert_eq!(prepare_zone(&a, 0, LEDGER).unwrap_err().code(), "ledger-zone-foreign");
    fs::remove_dir_all(&b).unwrap();
    fs::create_dir(&b).unwrap();
    // A bare directory where others have entries may be a disk that is not mounted.
    assert_eq!(code(zones.open()), "ledger-zone-missing");
    prepare_zone(&b, 1, LEDGER).unwrap();
    zones.append(2, 1);
    assert_eq!(zones.size(), 3);
}

#[test]
fn another_writer_continues_beside_the_first() {
    let zones = Zones::new(SMALL);
    zones.append(0, 2);
    let ledger = zones.open_as("host-2".parse().unwrap()).unwrap();
    let receipt = ledger.submit(vec![draft(TENANT, 5)]).wait().unwrap();
    assert_eq!((receipt[0].index(), receipt[0].origin().writer.as_str()), (0, "host-2"));
    assert_eq!(ledger.entries().unwrap().count(), 1);
    ledger.close().unwrap();
    let report = zones.verify().unwrap();
    assert_eq!(report.logs().iter().map(|log| log.size).collect::<Vec<_>>(), [2, 1]);
    let all: Vec<_> = read::scan(&zones.paths()[2]).unwrap().map(Result::unwrap).collect();
    assert_eq!(all.iter().map(|entry| entry.leaf.seq).collect::<Vec<_>>(), [0, 1, 5]);
}

#[test]
fn a_checkpoint_ahead_of_the_log_is_refused() {
    let zones = Zones::new(SMALL);
    zones.append(0, 1);
    let early = zones.paths().map(|zone| fs::read(zone.join("segments/host-1-0000000000000000.seg")).unwrap());
    zones.append(1, 1);
    let ledger = zones.open().unwrap();
    ledger.checkpoint(ledger.origin(TENANT)).wait().unwrap();
    ledger.close().unwrap();
    for (zone, bytes) in early.iter().enumerate() {
        fs::write(zones.segment(zone), bytes).unwrap();
    }
    assert_eq!(code(zones.open()), "ledger-checkpoint-ahead");
}

#[test]
fn checkpoints_grow_and_are_healed() {
    let zones = Zones::new(SMALL);
    zones.append(0, 2);
    let file = |zone: usize| zones.paths()[zone].join(format!("logs/{TENANT}/host-1/checkpoint"));
    let take = || {
        let ledger = zones.open().unwrap();
        let signed = ledger.checkpoint_all().wait().unwrap();
        ledger.close().unwrap();
        signed
    };
    assert_eq!(take()[0].size(), 2);
    let old = fs::read(file(1)).unwrap();
    assert!(take().is_empty(), "nothing has grown");
    zones.append(2, 1);
    assert_eq!(take()[0].size(), 3);
    let new = fs::read(file(0)).unwrap();
    // A crash between zones: one has the old checkpoint, one none.
    fs::write(file(1), old).unwrap();
    fs::remove_file(file(2)).unwrap();
    assert!(zones.verify().is_err());
    zones.open().unwrap();
    assert_eq!([1, 2].map(|zone| fs::read(file(zone)).unwrap()), [new.clone(), new.clone()]);
    assert_eq!(zones.size(), 3);
    let forged = String::from_utf8(new).unwrap().replacen("\n3\n", "\n2\n", 1);
    fs::write(file(1), forged).unwrap();
    assert_eq!(code(zones.open()), "ledger-checkpoint-mismatch");
}

#[test]
fn an_unreadable_zone_is_named() {
    let zones = Zones::new(SMALL);
    zones.append(0, 1);
    let identity = zones.paths()[2].join("zone.txt");
    fs::remove_file(&identity).unwrap();
    assert_eq!(code(zones.open()), "ledger-zone-missing");
    // Reading a directory fails for every user, root included.
    fs::create_dir(&identity).unwrap();
    let error = zones.open().err().unwrap();
    assert_eq!(error.code(), "ledger-zone-unreadable");
    assert!(matches!(error, OpenError::ZoneUnreadable { zone: 2, .. }), "{error}");
}

#[test]
fn the_torn_tail_of_another_writer_is_completed_too() {
    let zones = Zones::new(SMALL);
    zones.append(0, 2);
    let file = zones.segment(1);
    let bytes = fs::read(&file).unwrap();
    let end = bytes.iter().rposition(|&b| b != 0).unwrap();
    fs::write(&file, &bytes[..end]).unwrap();
    zones.open_as("host-2".parse().unwrap()).unwrap().close().unwrap();
    assert_eq!(zones.size(), 2);
}

#[test]
fn a_log_directory_without_a_first_checkpoint_is_removed() {
    let zones = Zones::new(SMALL);
    zones.append(0, 1);
    let log = zones.paths()[1].join(format!("logs/{TENANT}/host-1"));
    fs::create_dir_all(&log).unwrap();
    fs::write(log.join("checkpoint.new"), b"half").unwrap();
    assert!(zones.verify().is_err());
    zones.open().unwrap().close().unwrap();
    assert_eq!(zones.size(), 1);
}
