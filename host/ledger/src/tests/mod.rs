//! Tests of the ledger from the inside, with small segments and steps so that every byte can be touched.
//! They need a file system with fdatasync, and know nothing of hosts or tenants.
#![expect(clippy::disallowed_methods, reason = "tests read their own environment")]

mod faults;
mod formats;
mod kill;
mod live;
mod open;
mod signers;
mod tear;

use std::fs;
use std::path::{Path, PathBuf};

use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{Config, Draft, Kind, Ledger, Memory, OpenError, Sizes, Writer, verify};

/// The key pair of the signed_note documentation.
const SIGNER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const LEDGER: Uuid = Uuid::from_u128(0x1ed6e1);
const TENANT: Uuid = Uuid::from_u128(0x7e4a47);
const SMALL: Sizes = Sizes { segment: 4096, step: 512 };

fn signer() -> Box<StandardSigner> {
    Box::new(StandardSigner::new(SIGNER).unwrap())
}

fn keys() -> VerifierList {
    VerifierList::new(vec![Box::new(StandardVerifier::new(VERIFIER).unwrap())])
}

fn writer() -> Writer {
    "host-1".parse().unwrap()
}

fn draft(tenant: Uuid, n: u64) -> Draft {
    Draft {
        kind: Kind::Intent,
        tenant,
        run: Uuid::from_u128(7),
        seq: n,
        epoch: 3,
        tool: 5,
        decision: 0,
        time_ms: 1_790_000_000_000 + n,
        policy: [9; 32],
        salt: [u8::try_from(n % 251).unwrap(); 32],
        payload: format!("payload {n}").into_bytes(),
    }
}

fn memory() -> Ledger {
    Ledger::in_memory(LEDGER, writer(), signer(), Memory::Keep { limit: 1 << 30 })
}

/// Three zones in a temporary directory.
struct Zones {
    root: TempDir,
    sizes: Sizes,
}

impl Zones {
    /// In memory where the system has it: these tests cut files themselves and wait for no disk.
    fn new(sizes: Sizes) -> Self {
        let root = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        Self { root, sizes }
    }

    fn on_disk(sizes: Sizes) -> Self {
        let root = TempDir::new().unwrap();
        Self { root, sizes }
    }

    fn paths(&self) -> [PathBuf; 3] {
        ["a", "b", "c"].map(|name| self.root.path().join(name))
    }

    fn open_as(&self, writer: Writer) -> Result<Ledger, OpenError> {
        let (zones, sizes) = (self.paths(), self.sizes);
        Ledger::open(Config { zones, writer, ledger_id: LEDGER, signers: vec![signer()], create: true, sizes })
    }

    fn open(&self) -> Result<Ledger, OpenError> {
        self.open_as(writer())
    }

    /// Appends `n` entries one by one, each in a frame of its own.
    fn append(&self, from: u64, n: u64) {
        let ledger = self.open().unwrap();
        for i in from..from + n {
            assert_eq!(ledger.submit(vec![draft(TENANT, i)]).wait().unwrap()[0].index(), i);
        }
        ledger.close().unwrap();
    }

    fn verify(&self) -> Result<verify::ZonesReport, verify::VerifyError> {
        verify::zones(&self.paths(), &keys(), &mut |_| {})
    }

    /// Size of the one log, after checking that all zones verify.
    fn size(&self) -> u64 {
        self.verify().unwrap().logs()[0].size
    }

    /// The last segment of the default writer in a zone.
    fn segment(&self, zone: usize) -> PathBuf {
        let mut found = files(&self.paths()[zone].join("segments"));
        found.sort();
        found.pop().unwrap()
    }
}

/// All files below a directory, sorted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
