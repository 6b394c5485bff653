//! Evidence that somebody altered: damage is damage, and a change with the digest made right again is a divergence at the very
//! call that was changed, or is not what the log has.

use std::fs;

use casemate_gate::{Reply, Request, Seq};
use casemate_server::crossing::frame::Frame;
use casemate_server::dispatch::evidence::Evidence;
use serde_json::json;

use super::Recorded;
use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

fn recorded() -> Tested<Recorded> {
    let input = json!([
        {"do": "random"}, {"do": "clock"}, {"do": "log", "message": "one"}, {"do": "clock"}, {"do": "log", "message": "two"},
        {"do": "echo", "value": "three"},
    ]);
    let run = Recorded::run("hermit", &Policy::open(), &input)?;
    run.said.expect(0)?;
    Ok(run)
}

/// The frame of a call, in evidence.
fn frame(evidence: &mut Evidence, call: u64) -> Tested<&mut Frame> {
    let found = evidence.pieces.iter_mut().find(|piece| piece.seq == Seq::new(call));
    Ok(&mut found.ok_or("there is no such call")?.frame)
}

/// A change, and what is found: what differs, at which call.
type Alteration = (&'static str, fn(&mut Evidence) -> Tested, &'static str, u64);

const ALTERATIONS: [Alteration; 10] = [
    (
        "the digest of a request",
        |evidence| {
            if let Frame::Call { asked, .. } = frame(evidence, 3)? {
                asked[7] ^= 1;
            }
            Ok(())
        },
        "arguments",
        3,
    ),
    (
        "the fuel before a call",
        |evidence| {
            if let Frame::Call { stamp, .. } = frame(evidence, 4)? {
                stamp.fuel_used += 1;
            }
            Ok(())
        },
        "fuel",
        4,
    ),
    (
        "a call that is left out",
        |evidence| {
            evidence.pieces.retain(|piece| piece.seq != Seq::new(2));
            Ok(())
        },
        "extra",
        2,
    ),
    (
        "a call too many",
        |evidence| {
            let mut copy = evidence.pieces.iter().find(|piece| piece.seq == Seq::new(5)).ok_or("a call")?.clone();
            copy.seq = Seq::new(6);
            copy.entry = None;
            let end = evidence.pieces.pop().ok_or("an end")?;
            evidence
                .pieces
                .extend([copy, casemate_server::dispatch::evidence::Piece { seq: Seq::new(7), entry: None, ..end }]);
            Ok(())
        },
        "missing",
        6,
    ),
    (
        "random bytes",
        |evidence| {
            if let Frame::Call { result: Ok(Reply::Random(bytes)), .. } = frame(evidence, 1)? {
                bytes.reverse();
            }
            Ok(())
        },
        "randomness",
        1,
    ),
    (
        "the seed",
        |evidence| {
            if let Frame::Start(start) = frame(evidence, 0)? {
                start.seed[0] ^= 1;
            }
            Ok(())
        },
        "randomness",
        1,
    ),
    // An answer that the guest only returns shows at its end.
    (
        "an answer",
        |evidence| {
            if let Frame::Call { result: Ok(Reply::Time(time)), .. } = frame(evidence, 2)? {
                *time += 1;
            }
            Ok(())
        },
        "end",
        0,
    ),
    (
        "what the guest returned",
        |evidence| {
            if let Some(Frame::Ended { said, .. }) = evidence.pieces.last_mut().map(|piece| &mut piece.frame) {
                said[0] ^= 1;
            }
            Ok(())
        },
        "end",
        0,
    ),
    (
        "the fuel of all",
        |evidence| {
            if let Some(Frame::Ended { stamp, .. }) = evidence.pieces.last_mut().map(|piece| &mut piece.frame) {
                stamp.fuel_used -= 1;
            }
            Ok(())
        },
        "total-fuel",
        0,
    ),
    (
        "the input",
        |evidence| {
            if let Frame::Start(start) = frame(evidence, 0)? {
                start.input = start.input.replace("one", "eno");
            }
            Ok(())
        },
        "arguments",
        3,
    ),
];

#[test]
fn what_was_altered_is_found_where_it_was() -> Tested {
    let run = recorded()?;
    let whole = run.evidence()?;
    for (what, alter, expected, call) in ALTERATIONS {
        let mut evidence = whole.clone();
        alter(&mut evidence)?;
        run.put(&evidence)?;
        let said = run.replay(&[])?;
        let line =
            said.expect(14).map_err(|error| format!("{what}: {error}"))?.of_type("replay").next().ok_or("a line")?;
        let found = (text(line, "/verdict"), text(line, "/difference/what"), number(line, "/difference/call"));
        assert_eq!(found, ("diverged", expected, call), "{what}: {line}");
    }
    run.put(&whole)?;
    run.is_identical()
}

#[test]
fn the_difference_is_shown_place_by_place() -> Tested {
    let run = recorded()?;
    let mut evidence = run.evidence()?;
    if let Frame::Call { asked, request: Some(Request::LogEmit { message, .. }), .. } = frame(&mut evidence, 5)? {
        asked[0] ^= 1;
        *message = "too".to_owned();
    }
    run.put(&evidence)?;
    let said = run.replay(&[])?;
    let line = said.expect(14)?.of_type("replay").next().ok_or("a line")?;
    assert_eq!(line.pointer("/difference/places"), Some(&json!([{"path": "/message", "then": "too", "now": "two"}])));
    assert_eq!((number(line, "/calls"), text(line, "/difference/tool")), (4, "log.emit"));
    Ok(())
}

#[test]
fn another_profile_is_said_and_compared_all_the_same() -> Tested {
    let run = recorded()?;
    let mut evidence = run.evidence()?;
    if let Frame::Start(start) = frame(&mut evidence, 0)? {
        start.profile = start.profile.replace("wasmtime=48.0.8", "wasmtime=47.0.0");
    }
    // Of another version, fuel is counted otherwise: it is not compared.
    if let Frame::Call { stamp, .. } = frame(&mut evidence, 4)? {
        stamp.fuel_used += 1;
    }
    run.put(&evidence)?;
    let said = run.replay(&[])?;
    let line = said.expect(0)?.of_type("replay").next().ok_or("a line")?;
    assert_eq!(text(line, "/verdict"), "identical");
    assert_eq!(line.pointer("/profile"), Some(&json!([{"name": "wasmtime", "then": "47.0.0", "now": "48.0.8"}])));
    Ok(())
}

#[test]
fn damage_is_damage() -> Tested {
    let run = recorded()?;
    let whole = fs::read(&run.file)?;
    for at in [25, 500, whole.len() / 2, whole.len() - 3_000, whole.len() - 40] {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        fs::write(&run.file, &damaged)?;
        run.replay(&[])?.is_error("evidence-damaged", 3)?;
    }
    fs::write(&run.file, &whole[..whole.len() / 3])?;
    run.replay(&[])?.is_error("evidence-damaged", 3)?;
    fs::write(&run.file, b"{}")?;
    run.replay(&[])?.is_error("evidence-not", 3)?;
    fs::write(&run.file, [b"casemate evidence 9\n", &whole[20..]].concat())?;
    run.replay(&[])?.is_error("evidence-version", 3)?;
    fs::remove_file(&run.file)?;
    run.replay(&[])?.is_error("evidence-file", 3)
}

#[test]
fn what_is_not_in_the_log_is_found() -> Tested {
    let run = recorded()?;
    let (zone, key) = (run.host.zone(2).display().to_string(), run.host.key()?);
    let in_log = run.replay(&["--zone", &zone, "--key", &key])?;
    let line = in_log.expect(0)?.of_type("in-log").next().ok_or("a line")?;
    assert_eq!((number(line, "/entries"), number(line, "/without")), (7, 0), "{line}");

    let whole = run.evidence()?;
    let mut altered = whole.clone();
    // Somebody else's seal on a record: the entry is right in itself, and not the log's.
    let piece = altered.pieces.get_mut(3).ok_or("a call")?;
    let other = whole.pieces.get(4).and_then(|piece| piece.entry.clone()).ok_or("an entry")?;
    if let Some(entry) = &mut piece.entry {
        entry.payload = other.payload;
        entry.salt = other.salt;
        entry.leaf.commitment = other.leaf.commitment;
    }
    run.put(&altered)?;
    run.replay(&["--zone", &zone])?.is_error("evidence-not-in-log", 14)?;

    // A call that the log has and the evidence leaves out.
    let mut shorter = whole.clone();
    shorter.pieces.remove(5);
    run.put(&shorter)?;
    run.replay(&["--zone", &zone])?.is_error("evidence-not-in-log", 14)?;

    // Another host's log.
    run.put(&whole)?;
    let stranger = Host::without_database()?;
    run.replay(&["--zone", &stranger.zone(1).display().to_string()])?.is_error("evidence-not-in-log", 14)
}
