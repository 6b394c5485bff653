//! What the crossing costs, beside what it is made of, in one go: a bare wasmtime embedding, the disk's own
//! three-fold append, one commit of Postgres. Run by `cargo xtask bench`; results go into `docs/benchmarks.md`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that can't be set up has nothing to say")]

#[path = "crossing/bare.rs"]
mod bare;
#[path = "crossing/disk.rs"]
mod disk;
#[path = "crossing/world.rs"]
mod world;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::Request;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use world::{Keep, World};

/// Concurrent callers of the ledger.
const CALLERS: usize = 64;

fn guests(criterion: &mut Criterion) {
    let world = World::new(Keep::Memory);
    let mut group = criterion.benchmark_group("guest");
    let bare = bare::Bare::new(world.sandbox.engine(), &world.component);
    group.bench_function("a bare wasmtime: instantiate, run, one call", |bencher| {
        bencher.iter(|| world.runtime.block_on(bare.run()));
    });
    group.bench_function("b whole crossing, journal and ledger in memory", |bencher| {
        bencher.iter_batched(
            || world.passage(),
            |passage| world.runtime.block_on(world.run_here(passage)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("b' the same as a job: dispatched, begun and ended on record", |bencher| {
        bencher.iter(|| world.runtime.block_on(world.job()));
    });
    drop(group);
    let zones = World::new(Keep::Zones);
    let mut group = criterion.benchmark_group("guest");
    group.bench_function("c the same job with three zones", |bencher| {
        bencher.iter(|| zones.runtime.block_on(zones.job()));
    });
}

fn durable(criterion: &mut Criterion) {
    let zones = World::new(Keep::Zones);
    let mut group = criterion.benchmark_group("durable");
    let mut disk = disk::ThreeFiles::new();
    group.bench_function("d append 4 KiB + fdatasync, three files in parallel", |bencher| {
        bencher.iter(|| disk.append());
    });
    group.bench_function("ledger: one append in three zones, one caller", |bencher| {
        bencher.iter(|| zones.append());
    });
    group.bench_function("ledger: one append in three zones, 64 callers", |bencher| {
        bencher.iter_custom(|rounds| concurrently(&zones, rounds));
    });
}

/// Time per append when [`CALLERS`] threads append at once.
fn concurrently(zones: &World, rounds: u64) -> Duration {
    let each = rounds.div_ceil(CALLERS as u64);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| (0..each).for_each(|_| zones.append()));
        }
    });
    begun.elapsed().mul_f64(rounds as f64 / (each * CALLERS as u64) as f64)
}

fn calls(criterion: &mut Criterion) {
    let world = World::new(Keep::ZonesAndPostgres);
    let mut group = criterion.benchmark_group("call");
    let database = world.database.clone().expect("a database");
    let mut number = 0_u64;
    group.bench_function("e one insert and commit in Postgres", |bencher| {
        bencher.iter(|| {
            number += 1;
            world.runtime.block_on(database.add_tenant(&format!("bench-{number}-{}", std::process::id()))).unwrap()
        });
    });
    let mut passage = world.runtime.block_on(world.recorded_passage());
    group.bench_function("pure: clock.now", |bencher| {
        bencher.iter(|| black_box(world.runtime.block_on(passage.cross(Request::ClockNow, 0))));
    });
    group.bench_function("read: kv.get", |bencher| {
        let request = || Request::KvGet { key: "bench/counter".to_owned() };
        bencher.iter(|| black_box(world.runtime.block_on(passage.cross(request(), 0))));
    });
    group.bench_function("effect: kv.add", |bencher| {
        let request = || Request::KvAdd { key: "bench/counter".to_owned(), delta: 1 };
        bencher.iter(|| world::answered(world.runtime.block_on(passage.cross(request(), 0))));
    });
    drop(group);
    drop(passage);
    let _all = Arc::new(world);
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(6)).warm_up_time(Duration::from_secs(1)).sample_size(60);
    targets = guests, durable, calls
}
criterion_main!(benches);
