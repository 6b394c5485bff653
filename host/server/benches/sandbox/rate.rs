//! Runs a second on one core and on two, beside the bare embedding on as many: each in a process of its own that the
//! kernel holds to its cores, one after the other in turn.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::bare::Bare;
use super::figures::{heading, line};
use super::world::{Keep, World};

const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_millis(1_500);
/// Callers for each core.
const CALLERS: usize = 4;

pub(crate) fn measure() {
    heading("Runs a second (one agent in Rust, 1 call; records in memory; the median of five processes)");
    for cores in [1, 2] {
        let runs: Vec<[f64; 3]> = (0..ROUNDS).map(|_| ask(cores)).collect();
        let bare = middle(runs.iter().map(|[bare, ..]| *bare));
        let whole = middle(runs.iter().map(|[_, whole, _]| *whole));
        let job = middle(runs.iter().map(|[.., job]| *job));
        line(&format!("{cores} core(s): bare wasmtime"), format!("{bare:.0}"));
        line(&format!("{cores} core(s): through every gate"), format!("{whole:.0} ({:.2} of bare)", whole / bare));
        line(&format!("{cores} core(s): as jobs, begun and ended on record"), format!("{job:.0} ({:.2})", job / bare));
    }
}

/// The median.
fn middle(rates: impl Iterator<Item = f64>) -> f64 {
    let mut rates: Vec<f64> = rates.collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// Has a process of its own measure, and reads what it prints.
fn ask(cores: usize) -> [f64; 3] {
    let (last, cores) = (cores - 1, cores.to_string());
    let mut held = Command::new("taskset");
    held.args(["--cpu-list", &format!("0-{last}")]).arg(std::env::current_exe().unwrap());
    let output = held.args(["rate-on", &cores]).output().expect("taskset, of Debian's util-linux");
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().expect("three rates")
}

/// What such a process does.
pub(crate) fn child(cores: usize) {
    let world = Arc::new(World::new(Keep::Memory));
    let bare = Arc::new(Bare::new(world.sandbox.engine(), &world.component));
    let callers = CALLERS * cores;
    let alone = {
        let bare = Arc::clone(&bare);
        rate(&world, callers, move |_| {
            let bare = Arc::clone(&bare);
            async move { drop(bare.run().await) }
        })
    };
    let whole = rate(&world, callers, |world| async move {
        let passage = world.passage();
        drop(world.run_here(passage).await);
    });
    let job = rate(&world, callers, |world| async move { world.job().await });
    println!("{alone} {whole} {job}");
}

fn rate<F>(world: &Arc<World>, callers: usize, run: impl Fn(Arc<World>) -> F + Send + Sync + 'static) -> f64
where
    F: Future<Output = ()> + Send,
{
    let (count, run) = (Arc::new(AtomicU64::new(0)), Arc::new(run));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (world, count, run) = (Arc::clone(world), Arc::clone(&count), Arc::clone(&run));
            let inner = Arc::clone(&world);
            world.runtime.spawn(async move {
                while begun.elapsed() < SPAN {
                    run(Arc::clone(&inner)).await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        world.runtime.block_on(task).unwrap();
    }
    count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}
