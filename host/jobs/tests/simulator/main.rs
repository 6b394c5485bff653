//! The simulator: hosts, a database, a ledger, tools and clients in one deterministic world in which processes die, stop
//! and lose each other's answers, held together by the crate's own functions. A seed is a schedule, and a schedule that
//! fails is found again by its seed.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a fault in the world is found by its panic")]

mod begin;
mod broken;
mod database;
mod host;
mod model;
mod outside;
mod random;
mod schedule;
mod serve;
mod task;
mod verify;
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use broken::Broken;
use world::World;

type Failure = (u64, &'static str, String);

/// Schedules of the right protocol.
const SCHEDULES: u64 = 100_000;
/// Within so many a broken one is caught.
const MOST: u64 = 60_000;
/// The seed of one schedule, to see it happen.
const SEED: &str = "CASEMATE_SIMULATOR_SEED";

fn play(seed: u64, broken: Option<Broken>) -> Option<Failure> {
    let (invariant, what) = World::new(seed, broken, false).run().err()?;
    Some((seed, invariant, what))
}

/// The first failure among `count` seeds, on all processors.
fn first(from: u64, count: u64, broken: Option<Broken>) -> Option<Failure> {
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let worker = || {
        while !is_over.load(Ordering::Relaxed) {
            let offset = next.fetch_add(1, Ordering::Relaxed);
            if offset >= count {
                return None;
            }
            if let Some(failure) = play(from + offset, broken) {
                is_over.store(true, Ordering::Relaxed);
                return Some(failure);
            }
        }
        None
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap()).min()
    })
}

#[expect(clippy::disallowed_methods, reason = "the seed that a person wants to see again comes with the command")]
fn wanted() -> Option<u64> {
    std::env::var(SEED).ok()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "each run looks at schedules that none has seen")]
fn fresh() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64) | 1 << 62
}

#[test]
fn the_protocol_holds() {
    if let Some(seed) = wanted() {
        let verdict = World::new(seed, None, true).run();
        assert_eq!(verdict, Ok(()));
        return;
    }
    let (start, random) = (Instant::now(), fresh());
    println!("half of the seeds from 0, half from {random}");
    let failure = first(0, SCHEDULES / 2, None).or_else(|| first(random, SCHEDULES / 2, None));
    if let Some((seed, invariant, what)) = failure {
        panic!("{invariant}: {what}\n{SEED}={seed} shows it");
    }
    println!("{SCHEDULES} schedules in {:.1} s", start.elapsed().as_secs_f64());
}

#[test]
fn every_broken_protocol_is_caught() {
    let mut missed = Vec::new();
    for &broken in Broken::ALL {
        match first(0, MOST, Some(broken)) {
            Some((seed, invariant, _)) => println!("| {} | {invariant} | {} |", broken.what(), seed + 1),
            None => missed.push(broken),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
