//! A process killed in the middle of appending: whatever it was told is durable must be there afterwards.
//! The child is this test binary, started again; it does not know when it dies.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{LEDGER, SMALL, TENANT, Zones, draft, signer, writer};
use crate::{Config, Ledger};

const ROOT: &str = "CASEMATE_LEDGER_KILL_ROOT";

/// Not a test by itself: what the child does when the other test starts it. Prints every acknowledged index.
#[test]
fn child() {
    let Some(root) = std::env::var_os(ROOT).map(PathBuf::from) else {
        return;
    };
    let zones = ["a", "b", "c"].map(|name| root.join(name));
    let config =
        Config { zones, writer: writer(), ledger_id: LEDGER, signers: vec![signer()], create: true, sizes: SMALL };
    let ledger = Ledger::open(config).unwrap();
    let mut out = std::io::stderr();
    for n in 0..100_000 {
        let receipts = ledger.submit(vec![draft(TENANT, n), draft(TENANT, n)]).wait().unwrap();
        writeln!(out, "acknowledged {}", receipts[1].index()).unwrap();
        if n % 16 == 3 {
            drop(ledger.checkpoint_all());
        }
    }
}

#[test]
fn acknowledged_entries_survive_a_kill() {
    let zones = Zones::on_disk(SMALL);
    let mut acknowledged = 0;
    for round in 0..12usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::kill::child", "--nocapture"])
            .env(ROOT, zones.root.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told =
            lines.map_while(Result::ok).filter_map(|line| Some(line.strip_prefix("acknowledged ")?.parse::<u64>()));
        for (at, index) in told.enumerate() {
            acknowledged = index.unwrap() + 1;
            if at == round * 7 + 2 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        zones.open().unwrap().close().unwrap();
        let size = zones.size();
        assert!(size >= acknowledged, "round {round}: {size} of {acknowledged} acknowledged entries");
        assert!(size <= acknowledged + 4, "round {round}: at most what was under way is added");
    }
    assert!(acknowledged > 100);
    assert!(fs::read_dir(zones.paths()[0].join("segments")).unwrap().count() > 3, "rolled on the way");
}
