//! What jobs cost: rates, latencies, recovery, a neighbour's wait and an old snapshot elsewhere, on a Postgres of their own and
//! in one go. Started by `cargo xtask bench dispatch`, in release; results go into `docs/benchmarks.md`. It is no test:
//! nothing is judged here.

mod parts;
mod peers;
mod spread;
mod stand;

use spread::heading;

use crate::host::Tested;

type Part = (&'static str, fn() -> Tested);

/// The parts, by the name that runs one alone.
const PARTS: [Part; 6] = [
    ("rates", parts::rates),
    ("peers", peers::rates),
    ("pick-up", parts::pick_up),
    ("neighbour", parts::neighbour),
    ("snapshot", parts::snapshot),
    ("recovery", parts::recovery),
];

#[test]
#[ignore = "a benchmark: `cargo xtask bench dispatch`"]
#[expect(clippy::disallowed_methods, reason = "a benchmark's setting, not the host's")]
fn of_dispatch() -> Tested {
    let named = std::env::var("CASEMATE_BENCH_PART").ok();
    let mut ran = 0;
    for (name, measure) in PARTS {
        if named.as_deref().is_none_or(|named| named == name) {
            heading(name);
            measure()?;
            ran += 1;
        }
    }
    if ran > 0 { Ok(()) } else { Err("name a part: rates, peers, pick-up, neighbour, snapshot, recovery".into()) }
}
