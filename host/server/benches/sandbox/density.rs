//! How many agents live in a GiB of resident memory, each with its budget, its vault and its record, inside a call that
//! has not been answered. Counted as the growth of the process's resident set (`Rss` of `/proc/self/smaps_rollup`), from
//! before the first of them to all of them: everything that the host holds for an agent is in it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::figures::{heading, line};
use super::stand::{Limits, Stand};
use super::world;

const AGENTS: u64 = 1_500;

pub(crate) fn measure() {
    let stand = Stand::new();
    let limits = Limits { fuel: 1 << 40, memory: 64 << 20, wall_clock: 600_000, calls: 1_000, bytes: 1 << 20 };
    let job = Arc::new(stand.job(world::guest("hermit"), 1, &limits));
    // One run to its end: what is made once is not an agent's.
    stand.runtime.block_on(stand.dispatcher.run(&job, json!([{"do": "clock"}]), None)).unwrap().1.result.unwrap();
    let before = resident();
    // The record of the wait is held up, so each of them stays in its call, with its memory.
    let input = json!([{"do": "random"}, {"do": "log", "message": "here"}, {"do": "sleep", "ms": 1}]);
    stand.held.send_replace(true);
    let runs: Vec<_> = (0..AGENTS)
        .map(|_| {
            let (dispatcher, job, input) = (Arc::clone(&stand.dispatcher), Arc::clone(&job), input.clone());
            stand.runtime.spawn(async move { dispatcher.run(&job, input, None).await })
        })
        .collect();
    while stand.waiting() < AGENTS {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (live, grown) = (stand.sandbox.pool(), resident().saturating_sub(before));
    stand.held.send_replace(false);
    for run in runs {
        stand.runtime.block_on(run).unwrap().unwrap().1.result.unwrap();
    }
    let each = grown / AGENTS;
    heading("Density (idle agents, each alive inside a call, with budgets on)");
    line("live agents, by the pool's count", live.component_instances);
    line("resident memory for each", format!("{} KiB", each / 1024));
    line("live agents a GiB (aim: at least 1000)", (1 << 30) / each.max(1));
    line(
        "resident memory after all ended",
        format!("{} KiB an agent", resident().saturating_sub(before) / AGENTS / 1024),
    );
}

/// Bytes of this process that are resident.
fn resident() -> u64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}
