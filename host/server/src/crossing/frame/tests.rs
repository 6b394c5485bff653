//! The format of the journal's frames, pinned: what one version wrote, every later one must read. A golden file is
//! made anew with `UPDATE_GOLDEN=1`, and then a new version byte is due.

use std::path::Path;

use proptest::prelude::*;

use super::{Frame, FrameError, Refused, Stamp, Start};
use casemate_gate::call::Level;
use casemate_gate::{AgentName, Ask, Digest, Refusal, Reply, Request, Seq, Value};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const STAMP: Stamp = Stamp { time_ms: 1_767_225_600_000, fuel_used: 123_456 };

/// Every variant of every closed enum that a frame can hold, so that none can move unseen.
fn samples() -> Result<Vec<(&'static str, Frame)>, Box<dyn std::error::Error>> {
    let values = vec![
        Value::Null,
        Value::Boolean(true),
        Value::Integer(-7),
        Value::Float(0.5),
        Value::Text("text".to_owned()),
        Value::Uuid("67e55044-10b1-426f-9247-bb680e5fe0c8".to_owned()),
        Value::Json("{}".to_owned()),
        Value::Bytes(vec![0, 255]),
    ];
    let key = || "k".to_owned();
    let statement = || "select 1".to_owned();
    let call = |request, result| Frame::Call { stamp: STAMP, asked: [9; 32], request, result, vault: Vec::new() };
    let start = Start {
        time_ms: STAMP.time_ms,
        agent: AgentName::try_from("assessor".to_owned())?,
        component: Digest::of(b"component"),
        policy: Digest::of(b"policy"),
        profile: "det-1".to_owned(),
        input: "{}".to_owned(),
        seed: [3; 32],
        fuel: 1_000_000,
        vault: Vec::new(),
    };
    let text = |text: &str| text.to_owned();
    let typed = vec![
        Value::Numeric(text("1.50")),
        Value::Date(text("2026-01-31")),
        Value::Time(text("23:59:59")),
        Value::Timestamp(text("2026-01-31T23:59:59")),
        Value::TimestampTz(text("2026-01-31T23:59:59Z")),
        Value::Array(vec![Value::Integer(1), Value::Null]),
    ];
    let within =
        Request::SqlWithin { opened: Seq::new(4), ask: Ask::Execute, statement: statement(), parameters: Vec::new() };
    let refused = || Refused { code: 201, message: "no".to_owned() };
    let query = Request::SqlQuery { statement: statement(), parameters: values.clone() };
    let rows = Reply::Rows { columns: vec!["c".to_owned()], rows: vec![values.clone()] };
    let intent = |request| Frame::Intent { stamp: STAMP, asked: [9; 32], request, vault: Vec::new() };
    Ok(vec![
        ("start", Frame::Start(start)),
        ("call-query", call(Some(query), Ok(rows))),
        ("call-get", call(Some(Request::KvGet { key: key() }), Ok(Reply::Bytes(Some(vec![1]))))),
        ("call-log", call(Some(Request::LogEmit { level: Level::Error, message: key() }), Ok(Reply::Unit))),
        ("call-now", call(Some(Request::ClockNow), Ok(Reply::Time(1)))),
        ("call-random", call(Some(Request::RandomBytes { length: 2 }), Ok(Reply::Random(vec![1, 2])))),
        ("call-refused", call(None, Err(refused()))),
        ("intent-execute", intent(Request::SqlExecute { statement: statement(), parameters: Vec::new() })),
        ("intent-set", intent(Request::KvSet { key: key(), value: vec![1] })),
        ("intent-delete", intent(Request::KvDelete { key: key() })),
        ("intent-add", intent(Request::KvAdd { key: key(), delta: -1 })),
        ("intent-sleep", intent(Request::ClockSleep { milliseconds: 5 })),
        ("outcome-changed", Frame::Outcome { stamp: STAMP, result: Ok(Reply::Changed(3)), vault: Vec::new() }),
        ("outcome-existed", Frame::Outcome { stamp: STAMP, result: Ok(Reply::Existed(true)), vault: Vec::new() }),
        ("outcome-counter", Frame::Outcome { stamp: STAMP, result: Ok(Reply::Counter(-4)), vault: Vec::new() }),
        ("wait", Frame::Wait { stamp: STAMP, asked: [9; 32], until_ms: 7 }),
        (
            "asked",
            Frame::Asked {
                stamp: STAMP,
                asked: [9; 32],
                request: Request::KvDelete { key: "k".to_owned() },
                approval: uuid::Uuid::from_u128(5),
                until_ms: 7,
                bound: [3; 32],
            },
        ),
        ("end", Frame::End { stamp: STAMP, result: Ok("{}".to_owned()) }),
        ("end-refused", Frame::End { stamp: STAMP, result: Err(refused()) }),
        (
            "call-typed",
            call(Some(Request::SqlOpen { statement: statement(), parameters: typed }), Ok(Reply::Opened(Seq::new(3)))),
        ),
        ("call-next", call(Some(Request::SqlNext { opened: Seq::new(3), limit: 256 }), Ok(Reply::Unit))),
        ("call-begin", call(Some(Request::SqlBegin), Ok(Reply::Opened(Seq::new(4))))),
        ("call-within", call(Some(within), Ok(Reply::Changed(1)))),
        ("intent-returning", intent(Request::SqlReturning { statement: statement(), parameters: Vec::new() })),
        ("intent-commit", intent(Request::SqlCommit { opened: Seq::new(4) })),
        ("ended", Frame::Ended { stamp: STAMP, result: Ok("{}".to_owned()), said: [9; 32] }),
        ("ended-refused", Frame::Ended { stamp: STAMP, result: Err(refused()), said: [9; 32] }),
    ])
}

#[test]
fn the_format_is_what_it_was() -> Outcome {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/frames.hex");
    let mut text = String::new();
    for (name, frame) in samples()? {
        let bytes = frame.encode()?;
        assert_eq!(Frame::decode(&bytes)?, frame, "{name} comes back as it was");
        text.push_str(&format!("{name} {}\n", hex::encode(bytes)));
    }
    if option_env!("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &text)?;
    }
    assert_eq!(text, std::fs::read_to_string(golden)?);
    Ok(())
}

#[test]
fn a_cut_a_longer_and_a_newer_frame_are_refused() -> Outcome {
    for (name, frame) in samples()? {
        let bytes = frame.encode()?;
        for end in 0..bytes.len() {
            let cut = bytes.get(..end).unwrap_or_default();
            assert!(Frame::decode(cut).is_err(), "{name} cut at {end}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(matches!(Frame::decode(&longer), Err(FrameError::Damaged(_))));
    }
    assert!(matches!(Frame::decode(&[2, 0]), Err(FrameError::Version(Some(2)))));
    Ok(())
}

/// Frames come from strangers, too: what is nested as deep as a frame is long would take the reader's stack.
#[test]
fn arrays_in_arrays_are_refused() -> Outcome {
    let deep = |levels: usize| {
        let array = (0..levels).fold(Value::Integer(1), |inner, _| Value::Array(vec![inner]));
        let request = Request::SqlQuery { statement: "select $1".to_owned(), parameters: vec![array] };
        Frame::Intent { stamp: STAMP, asked: [9; 32], request, vault: Vec::new() }
    };
    assert_eq!(Frame::decode(&deep(1).encode()?)?, deep(1));
    assert!(matches!(Frame::decode(&deep(2).encode()?), Err(FrameError::Damaged(_))));
    let flat = deep(1).encode()?;
    // The array's own two bytes, many times over.
    let at = flat.windows(2).rposition(|bytes| bytes == [13, 1]).ok_or("an array")?;
    let mut bomb = flat.get(..at).unwrap_or_default().to_vec();
    bomb.extend([13, 1].repeat(400_000));
    assert!(matches!(Frame::decode(&bomb), Err(FrameError::Damaged(_))));
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic_or_allocate_without_bound(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let framed = [&[1], bytes.as_slice()].concat();
        let _any = Frame::decode(&framed);
    }

    /// A frame is read again when the run is resumed, and by whoever may open the run's log: it holds what the guest was
    /// told.
    #[test]
    fn a_refusals_cause_is_in_no_frame(message in "[ a-z]{0,40}", secret in "[0-9A-F]{12,40}") {
        let plain = Refusal::new(casemate_abi::Code::RowsUnavailable, message);
        let hiding = plain.clone().with_cause("store-unreachable", &secret);
        let frame = |refusal| Frame::Call {
            stamp: STAMP,
            asked: [9; 32],
            request: None,
            result: Err(Refused::from(refusal)),
            vault: Vec::new(),
        };
        let encode = |refusal| frame(refusal).encode().map_err(|error| TestCaseError::fail(error.to_string()));
        let encoded = encode(&hiding)?;
        prop_assert_eq!(&encoded, &encode(&plain)?);
        prop_assert!(!encoded.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}
