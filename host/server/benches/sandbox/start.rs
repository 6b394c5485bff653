//! Cold, cached and warm starts, and one more call, beside the bare embedding: every round measures each once, so that
//! a slow moment of the machine hits them alike.

use std::time::{Duration, Instant};

use super::bare::Bare;
use super::figures::{heading, line, median, time};
use super::world::{self, Keep, World};
use casemate_server::sandbox::Candidate;

const ROUNDS: usize = 2_000;
const COLD: usize = 10;
const CACHED: usize = 60;

pub(crate) fn measure() {
    let world = World::new(Keep::Memory);
    heading("Starts (one agent in Rust, 1 call; records in memory)");
    let directory = tempfile::tempdir().unwrap();
    let candidate = Candidate::read(world.component.clone()).unwrap();
    let grants = world::grants();
    let mut cold: Vec<Duration> = (0..COLD)
        .map(|number| {
            let fresh = world::sandbox(&directory.path().join(number.to_string()));
            timed(|| drop(world.runtime.block_on(fresh.load(&candidate, &grants)).unwrap()))
        })
        .collect();
    line("cold: from bytes to ready, in a compiler process", time(median(&mut cold)));
    let sandbox = world::sandbox(directory.path());
    drop(world.runtime.block_on(sandbox.load(&candidate, &grants)).unwrap());
    let mut cached: Vec<Duration> = (0..CACHED)
        .map(|_| timed(|| drop(world.runtime.block_on(sandbox.load(&candidate, &grants)).unwrap())))
        .collect();
    line("cached: from bytes to ready, code checked and mapped", time(median(&mut cached)));

    let bare = Bare::new(world.sandbox.engine(), &world.component);
    let (mut alone, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(timed(|| drop(world.runtime.block_on(bare.run()))));
        let passage = world.passage();
        whole.push(timed(|| drop(world.runtime.block_on(world.run_here(passage)))));
    }
    let (alone, whole) = (median(&mut alone), median(&mut whole));
    line("bare wasmtime, warm: instantiate, run, one call", time(alone));
    line("Casemate, warm: the same through every gate", time(whole));
    line("difference (aim: at most 15 us)", time(whole.saturating_sub(alone)));
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
