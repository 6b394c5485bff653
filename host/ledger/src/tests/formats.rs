//! Pinned bytes, and parsers against bytes nobody pinned.

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{LEDGER, TENANT, draft, memory, writer};
use crate::bytes::Cursor;
use crate::chain::Chain;
use crate::checkpoint::Head;
use crate::segment::{self, Header, Segment};
use crate::tree::Tree;
use crate::{Kind, Leaf, Origin, Sha, entry, frame, leaf};

fn golden(name: &str, found: &[u8]) {
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let wrapped: Vec<String> = found.chunks(32).map(|line| hex::encode(line) + "\n").collect();
    let found = wrapped.concat();
    if std::env::var_os("CASEMATE_BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let pinned = std::fs::read_to_string(&path).unwrap();
    assert_eq!(pinned, found, "the format of {name} has changed: entries already written would not be read");
}

#[test]
fn leaf_and_frame_bytes_are_pinned() {
    let mut chain = Chain::new(LEDGER, writer());
    let drafts = [draft(TENANT, 0), draft(TENANT, 1), draft(Uuid::from_u128(8), 2)];
    let sealed = chain.seal(drafts.iter(), 4096).unwrap();
    golden("frame.hex", &sealed.bytes);
    let view = frame::parse(&sealed.bytes).unwrap();
    let first = entry::parse(&mut Cursor::new(view.entries)).unwrap();
    golden("leaf.hex", first.leaf_bytes);
    let header = Header { ledger: LEDGER, writer: writer(), first: 5, prev: [4; 32], step: 1 << 20 };
    golden("segment-header.hex", &header.encode());
    let mut again = Chain::new(LEDGER, writer());
    again.accept(&view).unwrap();
    assert_eq!((again.next, again.head), (chain.next, chain.head));
}

#[test]
fn kinds_have_numbers_of_their_own() {
    for (at, kind) in Kind::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(kind.number()), at + 1);
        assert_eq!(Kind::from_number(kind.number()), Some(kind));
    }
    assert_eq!(Kind::from_number(0), None);
}

#[test]
fn names_have_one_spelling() {
    let origin: Origin = format!("{TENANT}/host-1").parse().unwrap();
    assert_eq!(origin.line(), format!("casemate/{TENANT}/host-1"));
    for bad in [
        "",
        "host-1",
        &format!("{TENANT}/"),
        &format!("{TENANT}/a/b"),
        &format!("{TENANT}/A"),
        &format!("{}/a", TENANT.simple()),
        &format!("{TENANT}/{}", "a".repeat(33)),
    ] {
        assert!(bad.parse::<Origin>().is_err(), "{bad}");
    }
    let name = segment::name(writer(), 0x1f);
    assert_eq!(name, "host-1-000000000000001f.seg");
    assert_eq!(segment::parse_name(&name), Some((writer(), 0x1f)));
    for bad in ["host-1-1f.seg", "host-1-000000000000001F.seg", "-000000000000001f.seg", "x.seg", "lock"] {
        assert_eq!(segment::parse_name(bad), None, "{bad}");
    }
}

/// RFC 6962 section 2.1, word for word.
fn naive_root(leaves: &[Sha]) -> Sha {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(k);
            let node = Sha256::new().chain_update([1]).chain_update(naive_root(left));
            node.chain_update(naive_root(right)).finalize().into()
        }
    }
}

#[test]
fn roots_are_those_of_rfc_6962() {
    let (mut tree, mut leaves) = (Tree::default(), Vec::new());
    for n in 0..300u32 {
        assert_eq!(tree.root().unwrap(), naive_root(&leaves), "at {n}");
        let hash: Sha = Sha256::new().chain_update([0]).chain_update(n.to_be_bytes()).finalize().into();
        assert_eq!(hash, leaf::leaf_hash(&n.to_be_bytes()));
        tree.push(hash).unwrap();
        leaves.push(hash);
    }
}

#[test]
fn a_checkpoint_is_a_signed_note() {
    let ledger = memory();
    let receipts = ledger.submit((0..5).map(|n| draft(TENANT, n)).collect()).wait().unwrap();
    let leaves: Vec<Sha> = receipts.iter().map(crate::Receipt::leaf_hash).collect();
    let signed = ledger.checkpoint(ledger.origin(TENANT)).wait().unwrap();
    assert_eq!((signed[0].size(), signed[0].root()), (5, naive_root(&leaves)));
    let text = std::str::from_utf8(signed[0].note()).unwrap();
    assert!(text.starts_with(&format!("casemate/{TENANT}/host-1\n5\n")), "{text}");
    let (head, note) = Head::parse(ledger.origin(TENANT), signed[0].note()).unwrap();
    assert_eq!(head.size, 5);
    assert_eq!(note.verify(&super::keys()).unwrap().0.len(), 1);
    assert!(ledger.checkpoint_all().wait().unwrap().is_empty(), "nothing has grown");
    assert_eq!(ledger.checkpoint(ledger.origin(LEDGER)).wait().unwrap_err().code(), "ledger-log-unknown");
}

fn everything(bytes: Vec<u8>) {
    let _leaf = Leaf::parse(&bytes);
    let _entry = entry::parse(&mut Cursor::new(&bytes));
    let _frame = frame::parse(&bytes);
    let mut chain = Chain::new(LEDGER, writer());
    let _fault = chain.locate(crate::FormatError::FrameHash, &bytes);
    let _head = Head::parse(Origin { tenant: TENANT, writer: writer() }, &bytes);
    let _segment = Segment::parse(bytes, LEDGER, writer(), 0);
}

proptest! {
    #[test]
    fn parsers_do_not_panic_on_anything(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        everything(bytes);
    }

    #[test]
    fn parsers_do_not_panic_on_something_like_a_frame(
        changes in proptest::collection::vec((0usize..1200, any::<u8>()), 1..8), cut in 0usize..1200,
    ) {
        let mut chain = Chain::new(LEDGER, writer());
        let header = Header { ledger: LEDGER, writer: writer(), first: 0, prev: chain.head, step: 512 };
        let drafts = [draft(TENANT, 0), draft(TENANT, 1)];
        let mut bytes = chain.seal(drafts.iter(), 1024).unwrap().bytes;
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(cut.max(1));
        everything(bytes.clone());
        everything([header.encode(), bytes].concat());
    }
}
