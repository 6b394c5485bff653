//! What the sandbox costs, beside a bare wasmtime embedding with the same engine, in one go: starts, calls, runs a
//! second, live agents a GiB, the decision of a grant, and a neighbour's latency beside hostile guests. Run by
//! `cargo xtask bench sandbox`; results go into `docs/benchmarks.md`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that can't be set up has nothing to say")]

#[path = "crossing/bare.rs"]
mod bare;
#[path = "sandbox/density.rs"]
mod density;
#[path = "sandbox/figures.rs"]
mod figures;
#[path = "sandbox/grant.rs"]
mod grant;
#[path = "sandbox/neighbours.rs"]
mod neighbours;
#[path = "sandbox/rate.rs"]
mod rate;
#[path = "sandbox/stand.rs"]
mod stand;
#[path = "sandbox/start.rs"]
mod start;
#[path = "crossing/world.rs"]
#[expect(dead_code, reason = "the other benchmark uses the rest")]
mod world;

/// The parts, by the name that runs one alone.
const PARTS: [(&str, fn()); 5] = [
    ("start", start::measure),
    ("rate", rate::measure),
    ("density", density::measure),
    ("grant", grant::measure),
    ("neighbours", neighbours::measure),
];

fn main() {
    // Cargo and criterion's callers pass words that begin with a dash; they mean nothing here.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    match words.first().map(String::as_str) {
        Some("rate-on") => rate::child(words.get(1).and_then(|cores| cores.parse().ok()).unwrap_or(1)),
        Some(part) => PARTS.iter().filter(|(name, _)| *name == part).for_each(|(_, measure)| measure()),
        None => PARTS.iter().for_each(|(_, measure)| measure()),
    }
}
