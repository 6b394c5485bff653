//! Every guest, by the first word of its name: one test for each topic, on one host. It doesn't know the guests.

use super::judged::{self, judge};
use super::script::{Guest, Verdict, all};
use super::waiting;
use crate::host::{Host, Tested};

/// What the guests' names begin with. Those that need rows or keys have a database.
const TOPICS: [&str; 15] = [
    "cpu", "stack", "memory", "handle", "lie", "result", "trap", "realloc", "flood", "wait", "import", "probe",
    "forge", "shape", "feature",
];

fn needs_database(guest: &Guest) -> bool {
    guest.grants.iter().any(|grant| grant == "kv" || grant == "sql")
}

/// Runs all guests of these topics and says everything that went another way than their heads say.
fn come_as_expected(topics: &[&str]) -> Tested {
    let guests: Vec<Guest> = all()?.into_iter().filter(|guest| topics.contains(&topic(guest))).collect();
    assert!(guests.len() >= topics.len(), "there are guests of {topics:?}");
    let without = Host::without_database()?;
    let with = if guests.iter().any(needs_database) { Some(Host::seeded()?) } else { None };
    let mut wrong = Vec::new();
    let mut highest = 0;
    for guest in &guests {
        let host = with.as_ref().filter(|_| needs_database(guest)).unwrap_or(&without);
        let name = &guest.name;
        let found = if guest.verdict == Verdict::Parked {
            waiting::judge(guest)?
        } else {
            let judged = judged::run(host, guest).map_err(|error| format!("{name}: {error}"))?;
            let (peak, took) = (judged.measured.peak, judged.measured.took.as_millis());
            highest = highest.max(peak.saturating_sub(judged::cap(guest)));
            println!("{name}: {} MiB, {took} ms", peak >> 20);
            judge(host, guest, &judged)?
        };
        wrong.extend(found.into_iter().map(|what| format!("{name}: {what}")));
    }
    println!("at most {} MiB beyond the caps", highest >> 20);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    for host in [Some(without), with].into_iter().flatten() {
        host.verify()?.expect(0)?;
    }
    Ok(())
}

fn topic(guest: &Guest) -> &str {
    guest.name.split('-').next().unwrap_or_default()
}

#[test]
fn every_guest_has_a_topic_and_there_are_many() -> Tested {
    let guests = all()?;
    assert!(guests.len() >= 40, "{} guests", guests.len());
    for guest in guests {
        assert!(TOPICS.contains(&topic(&guest)), "no test runs {}", guest.name);
    }
    Ok(())
}

/// A test for each topic, so that they run beside each other.
macro_rules! topics {
    ($($test:ident: $($topic:literal),+;)+) => {
        $(#[test]
        fn $test() -> Tested {
            come_as_expected(&[$($topic),+])
        })+

        #[test]
        fn every_topic_has_a_test() {
            let mut tested = [$($($topic),+),+];
            let mut topics = TOPICS;
            tested.sort_unstable();
            topics.sort_unstable();
            assert_eq!(tested, topics);
        }
    };
}

topics! {
    loops_and_recursion: "cpu", "stack";
    memory: "memory";
    handles_and_traps: "handle", "trap";
    lies: "lie";
    results: "result";
    allocators: "realloc";
    floods: "flood", "wait";
    imports: "import";
    probes_and_forgeries: "probe", "forge";
    shapes_and_features: "shape", "feature";
}
