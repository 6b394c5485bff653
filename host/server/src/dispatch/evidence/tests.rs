//! Evidence from nobody's run: what is written is read again, and whatever is changed in it is found, or is another's
//! evidence that says what it says.

use casemate_gate::journal::RowKind;
use casemate_gate::{AgentName, Digest, Epoch, RunId, Seq, TenantId};
use casemate_keys::MacKey;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Evidence, EvidenceError, Piece, Terms};
use crate::crossing::frame::{Frame, Stamp, Start};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const STAMP: Stamp = Stamp { time_ms: 7, fuel_used: 9 };

fn sample() -> Result<Evidence, Box<dyn std::error::Error>> {
    let text = casemate_gate::pack::builtin()?.1.to_owned();
    let component = b"a component".to_vec();
    let start = Start {
        time_ms: 1,
        agent: AgentName::try_from("agent".to_owned())?,
        component: Digest::of(&component),
        policy: Digest::of(text.as_bytes()),
        profile: "det-1".to_owned(),
        input: "{}".to_owned(),
        seed: [3; 32],
        fuel: 100,
        vault: Vec::new(),
    };
    let piece = |seq, kind, frame| Piece { seq: Seq::new(seq), epoch: Epoch::new(1), kind, frame, entry: None };
    let call = Frame::Call {
        stamp: STAMP,
        asked: [1; 32],
        request: Some(casemate_gate::Request::ClockNow),
        result: Ok(casemate_gate::Reply::Time(5)),
        vault: Vec::new(),
    };
    let end = Frame::Ended { stamp: STAMP, result: Ok("null".to_owned()), said: [2; 32] };
    Ok(Evidence {
        run: RunId::from(Uuid::from_u128(1)),
        tenant: TenantId::from(Uuid::from_u128(2)),
        host: Uuid::from_u128(3),
        digest_key: MacKey::from_bytes(&[4; 32])?,
        component,
        terms: Terms::Text(text),
        pieces: vec![
            piece(0, RowKind::Start, Frame::Start(start)),
            piece(1, RowKind::Outcome, call),
            piece(2, RowKind::End, end),
        ],
    })
}

/// The file with its digest made anew, as somebody who wants to deceive would.
fn sealed_again(file: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let tail = "digest 64\n".len() + 64 + 1;
    let before = file.get(..file.len().saturating_sub(tail)).unwrap_or_default();
    [before, format!("digest 64\n{}\n", hex::encode(Sha256::digest(before))).as_bytes()].concat()
}

#[test]
fn what_is_written_is_read_again() -> Outcome {
    let file = sample()?.write()?;
    let read = Evidence::read(&file)?;
    assert_eq!(read.write()?, file);
    assert_eq!(sealed_again(&file), file);
    assert!(file.starts_with(b"casemate evidence 1\nheader "));
    Ok(())
}

#[test]
fn any_changed_cut_or_added_byte_is_damage() -> Outcome {
    let file = sample()?.write()?;
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let error = Evidence::read(&changed).err().ok_or("it was read")?;
        let first_line = at < "casemate evidence 1\n".len();
        assert_eq!(error.code() == "evidence-damaged", !first_line, "{at}: {error}");
        assert!(Evidence::read(&file[..at]).is_err(), "cut at {at}");
    }
    assert!(matches!(Evidence::read(&[&file[..], b"\n"].concat()), Err(EvidenceError::Damaged(_))));
    assert!(matches!(Evidence::read(b"\0asm"), Err(EvidenceError::Not)));
    assert!(matches!(Evidence::read(b"casemate evidence 2\n"), Err(EvidenceError::Version)));
    Ok(())
}

/// What is wrong, and how it comes to be.
type Wrong = (&'static str, fn(&mut Evidence));

#[test]
fn parts_that_contradict_each_other_are_found() -> Outcome {
    let wrong: [Wrong; 6] = [
        ("another component", |evidence| evidence.component.push(0)),
        ("no end", |evidence| drop(evidence.pieces.pop())),
        ("no beginning", |evidence| drop(evidence.pieces.remove(0))),
        ("another order", |evidence| evidence.pieces.swap(0, 1)),
        ("another kind", |evidence| evidence.pieces[1].kind = RowKind::Intent),
        ("another policy", |evidence| evidence.terms = Terms::Text(String::new())),
    ];
    for (what, change) in wrong {
        let mut evidence = sample()?;
        change(&mut evidence);
        // Where it can be written at all.
        if let Ok(file) = evidence.write() {
            let error = Evidence::read(&file).err().ok_or(what)?;
            assert_eq!(error.code(), "evidence-inconsistent", "{what}");
        }
    }
    Ok(())
}

proptest! {
    /// Whatever stands in a file whose digest is right, nothing panics, and what is read says what it says.
    #[test]
    fn nothing_that_was_sealed_again_makes_the_reader_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let file = sample().and_then(|sample| Ok(sample.write()?)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut changed = file.clone();
        let place = at.index(changed.len());
        changed[place] = byte;
        let changed = sealed_again(&changed);
        if let Ok(read) = Evidence::read(&changed) {
            prop_assert_eq!(read.write().ok(), Some(changed));
        }
    }
}
