//! Following a run while it goes on: what it logged is seen although it computes and calls nobody.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

#[test]
fn a_line_is_seen_while_its_guest_computes() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::logging().run("fuel", u64::MAX / 8).run("wall-clock", 5_000);
    let began = Instant::now();
    let mut child = host.start("looper", &policy, &json!(null), &["acme"])?;
    let lines = BufReader::new(child.stdout.take().ok_or("a pipe")?).lines();
    let mut seen = None;
    let mut last = Value::Null;
    for line in lines {
        let event: Value = serde_json::from_str(&line?)?;
        if text(&event, "/type") == "log" {
            seen = Some((text(&event, "/message").to_owned(), began.elapsed()));
        }
        last = event;
    }
    child.wait()?;
    let (message, after) = seen.ok_or("the line was never seen")?;
    assert_eq!(message, "round and round");
    assert_eq!(text(&last, "/type"), "result");
    assert!(number(&last, "/running_ms") >= 5_000, "{last}");
    // The run went on for five seconds; what was seen before its end was seen while it looped.
    assert!(after < Duration::from_secs(4), "{after:?}");
    host.verify()?.expect(0).map(drop)
}
