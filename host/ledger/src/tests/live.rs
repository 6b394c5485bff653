//! A running ledger: many callers, limits, failures, and the ledger without zones.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::thread;

use uuid::Uuid;

use super::{LEDGER, SMALL, TENANT, Zones, draft, memory, signer, writer};
use crate::chain::Chain;
use crate::commit::{Batch, Trio, ZoneWriter};
use crate::{AppendError, Ledger, Memory, Sha, Sizes, limits};

#[test]
fn many_callers_get_distinct_contiguous_indices() {
    let zones = Zones::on_disk(Sizes::default());
    let ledger = zones.open().unwrap();
    let tenants = [TENANT, LEDGER];
    let call = |caller: u64| {
        let tenant = tenants[usize::try_from(caller % 2).unwrap()];
        (0..20)
            .map(|n| {
                let receipts = ledger.submit(vec![draft(tenant, n), draft(tenant, n)]).wait().unwrap();
                assert_eq!(receipts[0].index() + 1, receipts[1].index());
                (tenant, [receipts[0].index(), receipts[1].index()])
            })
            .collect::<Vec<_>>()
    };
    let found: Vec<_> = thread::scope(|scope| {
        let callers: Vec<_> = (0..64).map(|caller| scope.spawn(move || call(caller))).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    for tenant in tenants {
        let of: Vec<u64> = found.iter().filter(|f| f.0 == tenant).flat_map(|f| f.1).collect();
        assert_eq!(of.len(), 32 * 40);
        assert_eq!(of.iter().copied().collect::<BTreeSet<_>>(), (0..32 * 40).collect());
        let read: Vec<u64> =
            ledger.entries_of(ledger.origin(tenant)).unwrap().map(|entry| entry.unwrap().leaf.index).collect();
        assert_eq!(read, (0..32 * 40).collect::<Vec<_>>());
    }
    ledger.checkpoint_all().wait().unwrap();
    ledger.close().unwrap();
    assert_eq!(zones.verify().unwrap().logs().iter().map(|log| log.unanchored).sum::<u64>(), 0);
    assert_eq!(ledger.submit(vec![draft(TENANT, 0)]).wait().unwrap_err(), AppendError::Closed);
}

#[test]
fn memory_and_zones_hash_alike() {
    let zones = Zones::new(SMALL);
    let (durable, volatile) = (zones.open().unwrap(), memory());
    let hashes = |ledger: &Ledger| -> Vec<Sha> {
        (0..40)
            .flat_map(|n| {
                let drafts = vec![draft(TENANT, n), draft(Uuid::from_u128(u128::from(n % 3)), n)];
                ledger.submit(drafts).wait().unwrap().iter().map(crate::Receipt::leaf_hash).collect::<Vec<_>>()
            })
            .collect()
    };
    assert_eq!(hashes(&durable), hashes(&volatile));
    let entries = |ledger: &Ledger| ledger.entries().unwrap().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(entries(&durable), entries(&volatile));
    assert_eq!(entries(&durable).len(), 80);
    let origin = durable.origin(TENANT);
    let [a, b] = [&durable, &volatile].map(|ledger| ledger.checkpoint(origin).wait().unwrap());
    assert_eq!(a, b);
}

#[test]
fn limits_are_kept() {
    let ledger = memory();
    let submit = |drafts| ledger.submit(drafts).wait().map(|receipts| receipts.len()).map_err(|e| e.code());
    let sized = |len| crate::Draft { payload: vec![1; len], ..draft(TENANT, 0) };
    assert_eq!(submit(vec![]), Err("ledger-batch-empty"));
    assert_eq!(submit(vec![sized(limits::PAYLOAD_MAX)]), Ok(1));
    assert_eq!(submit(vec![sized(limits::PAYLOAD_MAX + 1)]), Err("ledger-payload-too-large"));
    assert_eq!(submit(vec![sized(limits::PAYLOAD_MAX); 4]), Err("ledger-batch-too-large"));
    assert_eq!(submit(vec![sized(1); limits::FRAME_ENTRIES_MAX]), Ok(limits::FRAME_ENTRIES_MAX));
    assert_eq!(submit(vec![sized(1); limits::FRAME_ENTRIES_MAX + 1]), Err("ledger-batch-too-large"));
    let small = Ledger::in_memory(LEDGER, writer(), signer(), Memory::Keep { limit: 1000 });
    assert!(small.submit(vec![draft(TENANT, 0)]).wait().is_ok());
    let error = (0..10).find_map(|n| small.submit(vec![draft(TENANT, n)]).wait().err());
    assert_eq!(error.unwrap().code(), "ledger-memory-full");
}

#[test]
fn large_entries_fit_and_are_read_back() {
    let zones = Zones::new(Sizes { segment: 2 << 20, step: 1 << 16 });
    let ledger = zones.open().unwrap();
    let tickets: Vec<_> = (0..12)
        .map(|n| ledger.submit(vec![crate::Draft { payload: vec![7; limits::PAYLOAD_MAX], ..draft(TENANT, n) }]))
        .collect();
    for (n, ticket) in tickets.into_iter().enumerate() {
        assert_eq!(ticket.wait().unwrap()[0].index(), n as u64);
    }
    ledger.close().unwrap();
    assert_eq!(zones.size(), 12);
    assert_eq!(ledger.entries().unwrap().filter(|e| e.as_ref().unwrap().payload.len() == 1 << 20).count(), 12);
}

#[test]
fn a_zone_that_fails_is_named_with_its_own_code_when_full() {
    let zones = Zones::new(SMALL);
    zones.append(0, 1);
    for full in 0..3usize {
        let writers = [0, 1, 2].map(|zone| {
            let path = zones.segment(zone);
            let (dir, name) = (path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap());
            let mut writer = ZoneWriter::resume(dir, name, &[], 512, 512).unwrap();
            if zone == full {
                writer.replace_file(OpenOptions::new().write(true).open("/dev/full").unwrap());
            }
            writer
        });
        let mut trio = Trio::start(writers).unwrap();
        let bytes = Chain::new(LEDGER, super::writer()).seal([draft(TENANT, 0)].iter(), 512).unwrap().bytes;
        let error = trio.commit(Batch { roll: None, bytes }).unwrap_err();
        assert_eq!(
            (error.code(), error),
            ("ledger-disk-full", AppendError::DiskFull { zone: u8::try_from(full).unwrap() })
        );
    }
}

#[test]
fn a_failed_write_poisons_the_ledger() {
    let zones = Zones::new(Sizes { segment: 512, step: 512 });
    let ledger = zones.open().unwrap();
    assert!(ledger.submit(vec![draft(TENANT, 0)]).wait().is_ok());
    // The next frame needs a new segment, which cannot be made where the directory is gone.
    let gone = zones.paths()[1].join("segments");
    std::fs::rename(&gone, zones.root.path().join("away")).unwrap();
    let error = (0..4).find_map(|n| ledger.submit(vec![draft(TENANT, n)]).wait().err()).unwrap();
    assert!(matches!(error, AppendError::ZoneFailed { zone: 1, .. }), "{error}");
    std::fs::rename(zones.root.path().join("away"), &gone).unwrap();
    assert_eq!(ledger.submit(vec![draft(TENANT, 9)]).wait().unwrap_err(), error);
    assert_eq!(ledger.checkpoint_all().wait().unwrap_err().code(), "ledger-zone-failed");
    assert_eq!(ledger.close().unwrap_err(), error);
    zones.open().unwrap().close().unwrap();
    assert!(zones.size() >= 1);
}
