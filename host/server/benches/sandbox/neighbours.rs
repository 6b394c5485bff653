//! What a well-behaved tenant notices of a hostile one: the same jobs alone and beside 64 hostile guests, in turn, in one
//! go. The hostile ones are begun again as soon as they are stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use casemate_server::dispatch::Job;
use serde_json::{Value, json};

use super::figures::{heading, line, percentile, time};
use super::stand::{Limits, Stand};
use super::world;

const HOSTILE: usize = 64;
const JOBS: usize = 400;
/// The neighbour's pace: it is no load of its own.
const PAUSE: Duration = Duration::from_millis(2);

pub(crate) fn measure() {
    heading("A neighbour's latency beside 64 hostile guests of another tenant (aim: p99 at most 1.5 x its own alone)");
    let stand = Stand::new();
    let limits = Limits { fuel: 1 << 40, memory: 64 << 20, wall_clock: 60_000, calls: 1_000_000, bytes: 1 << 30 };
    let good = stand.job(world::guest("hermit"), 1, &limits);
    let work = json!([{"do": "repeat", "times": 50, "actions": [{"do": "random"}, {"do": "burn", "turns": 1_000}]}]);
    let short = Limits { wall_clock: 1_000, ..limits };
    let hostile: [(&str, &str, Value, Limits); 6] = [
        ("endless loops", "looper", json!(null), limits),
        ("memory bombs", "hog", json!({}), limits),
        ("call floods", "hermit", json!([{"do": "repeat", "times": 1_000_000, "actions": [{"do": "random"}]}]), limits),
        (
            "log floods",
            "hermit",
            json!([{"do": "repeat", "times": 1_000_000, "actions": [{"do": "log-fill", "length": 10_000}]}]),
            limits,
        ),
        ("traps, begun again at once", "panicker", json!("now"), limits),
        ("loops that are stopped and begun again", "looper", json!(null), short),
    ];
    for (what, guest, input, limits) in hostile {
        let bad = Arc::new(stand.job(world::guest(guest), 2, &limits));
        let (mut alone, mut beside) = (jobs(&stand, &good, &work), Vec::new());
        let over = Arc::new(AtomicBool::new(false));
        let attack: Vec<_> = (0..HOSTILE).map(|_| stand.runtime.spawn(again(&stand, &bad, &input, &over))).collect();
        std::thread::sleep(Duration::from_millis(300));
        beside.extend(jobs(&stand, &good, &work));
        over.store(true, Ordering::Relaxed);
        stand.dispatcher.suspend(bad.tenant);
        attack.iter().for_each(tokio::task::JoinHandle::abort);
        std::thread::sleep(Duration::from_millis(300));
        alone.extend(jobs(&stand, &good, &work));
        let ratio = percentile(&mut beside, 99).as_secs_f64() / percentile(&mut alone, 99).as_secs_f64();
        let both = |share| {
            format!(
                "{} / {}",
                time(percentile(&mut alone.clone(), share)),
                time(percentile(&mut beside.clone(), share))
            )
        };
        line(what, format!("p50 {}, p99 {}: {ratio:.2} x", both(50), both(99)));
    }
}

/// The neighbour's jobs, one after the other, each from its start to its end.
fn jobs(stand: &Stand, job: &Job, work: &Value) -> Vec<Duration> {
    let one = || {
        std::thread::sleep(PAUSE);
        let begun = Instant::now();
        stand.runtime.block_on(stand.dispatcher.run(job, work.clone(), None)).unwrap().1.result.unwrap();
        begun.elapsed()
    };
    (0..JOBS).map(|_| one()).collect()
}

fn again(
    stand: &Stand,
    job: &Arc<Job>,
    input: &Value,
    over: &Arc<AtomicBool>,
) -> impl Future<Output = ()> + Send + 'static {
    let (dispatcher, job, input, over) =
        (Arc::clone(&stand.dispatcher), Arc::clone(job), input.clone(), Arc::clone(over));
    async move {
        while !over.load(Ordering::Relaxed) {
            // However it ends: a hostile run's refusal is what is meant to happen.
            let _ended = dispatcher.run(&job, input.clone(), None).await;
        }
    }
}
