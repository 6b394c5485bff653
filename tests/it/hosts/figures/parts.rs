//! What is measured, part by part. It doesn't know how hosts are started, nor how times are got.

use std::time::Duration;

use serde_json::json;

use super::spread::{Spread, line};
use super::stand::Stand;
use crate::host::{Tested, until};

/// Seconds of a lease, where no host is lost.
const LEASE: u64 = 15;
/// Runs of one figure, one at a time and many at once.
pub(super) const ALONE: u64 = 300;
pub(super) const CROWD: u64 = 3_000;
/// How many at once.
const SLOTS: u32 = 32;
/// Jobs that wait in front of the neighbour's.
const BACKLOG: u64 = 100_000;
/// How long a snapshot stays open.
const PINNED: Duration = Duration::from_secs(60);
/// How often a host is killed.
const KILLS: usize = 7;

/// Jobs handed over a second, runs a second and what one takes, by their number of calls.
pub(super) fn rates() -> Tested {
    let mut stand = Stand::new(1, LEASE)?;
    let commit = stand.commits()?;
    line("an insert and its commit, by pgbench", &commit);
    for (slots, runs) in [(1, ALONE), (SLOTS, CROWD)] {
        stand.serve(slots)?;
        // The component is compiled, and connections are open.
        stand.submit("acme", 50, 3)?;
        stand.drained()?;
        for calls in [0, 1, 3, 9] {
            let took = stand.submit("acme", runs, calls)?;
            stand.drained()?;
            let what = format!("{calls} calls, {slots} at once");
            line(&format!("{what}: handed over in bulk"), format!("{:.0}/s", runs as f64 / took.as_secs_f64()));
            line(&format!("{what}: runs"), format!("{:.0}/s", stand.rate("acme", runs)?));
            if slots == 1 {
                let run = stand.gaps("acme", runs)?;
                line(&format!("{what}: a run"), &run);
                let aim = (calls + 3) as f64 * commit.at(50) * 1.3 + 1.0;
                line(&format!("{what}: aim for the p50, {} commits x 1.3 + 1 ms", calls + 3), format!("{aim:.2} ms"));
            }
        }
    }
    Ok(())
}

/// What a single job takes from its commit to its end, on a host with nothing else to do.
pub(super) fn pick_up() -> Tested {
    let mut stand = Stand::new(1, LEASE)?;
    stand.serve(SLOTS)?;
    stand.submit("acme", 20, 1)?;
    stand.drained()?;
    line("one job alone, 1 call, from its commit to its end", single(&mut stand, "globex", 100)?);
    Ok(())
}

/// The same for one tenant while another has a backlog.
pub(super) fn neighbour() -> Tested {
    let mut stand = Stand::new(1, LEASE)?;
    stand.serve(SLOTS)?;
    stand.submit("acme", 200, 1)?;
    stand.drained()?;
    line("a job of globex, with nobody else", single(&mut stand, "globex", 60)?);
    for _ in 0..BACKLOG / 10_000 {
        stand.submit("acme", 10_000, 1)?;
    }
    let before = stand.cluster.number("select count(*) from casemate.runs where state = 'ready'")?;
    line("a job of globex behind acme's backlog", single(&mut stand, "globex", 60)?);
    let after = stand.cluster.number("select count(*) from casemate.runs where state = 'ready'")?;
    line("jobs of acme that were ready, before and after", format!("{before}, {after}"));
    Ok(())
}

fn single(stand: &mut Stand, tenant: &str, count: u64) -> Tested<Spread> {
    for _ in 0..count {
        let ended = format!(
            "select count(*) from casemate.runs where finished_at is not null
              and tenant_id = (select id from casemate.tenants where name = '{tenant}')"
        );
        let before = stand.cluster.number(&ended)?;
        stand.submit(tenant, 1, 1)?;
        until(Duration::from_secs(60), || Ok((stand.cluster.number(&ended)? > before).then_some(())))?;
    }
    stand.turnarounds(tenant, count)
}

/// The rate at which jobs are claimed and ended while somebody else's transaction has a snapshot open.
pub(super) fn snapshot() -> Tested {
    let mut stand = Stand::new(1, LEASE)?;
    stand.serve(SLOTS)?;
    stand.submit("acme", CROWD, 0)?;
    stand.drained()?;
    let rate = stand.rate("acme", CROWD)?;
    let jobs = (rate * PINNED.as_secs_f64()) as u64;
    for is_pinned in [false, true, false, true] {
        let pinned = if is_pinned { Some(stand.pin(PINNED + Duration::from_secs(30))?) } else { None };
        stand.submit("acme", jobs, 0)?;
        stand.drained()?;
        let what = if is_pinned { "a snapshot open elsewhere" } else { "nothing open" };
        let (all, last) = (stand.rate("acme", jobs)?, stand.rate("acme", jobs / 6)?);
        line(&format!("{what}: of {jobs} jobs, and the last sixth"), format!("{all:.0}/s, {last:.0}/s"));
        if let Some(mut pinned) = pinned {
            pinned.kill()?;
            pinned.wait()?;
        }
    }
    Ok(())
}

/// How long after SIGKILL of its host a run is another's, and at its end.
pub(super) fn recovery() -> Tested {
    for lease in [2, LEASE] {
        let mut stand = Stand::new(2, lease)?;
        let (mut taken, mut ended) = (Vec::new(), Vec::new());
        for _ in 0..KILLS {
            stand.serve(4)?;
            let actions = json!([{"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "burn", "turns": 200_000_000}]);
            stand.submit_inputs("acme", &format!("{actions}\n"))?;
            let killed = stand.kill_holder()?;
            let held = "select count(*) from casemate.runs where state = 'running' and epoch > 1";
            until(Duration::from_secs(60), || Ok((stand.cluster.number(held)? > 0).then_some(())))?;
            taken.push(killed.elapsed().as_secs_f64() * 1e3);
            let open = "select count(*) from casemate.runs where state <> 'done'";
            until(Duration::from_secs(60), || Ok((stand.cluster.number(open)? == 0).then_some(())))?;
            ended.push(killed.elapsed().as_secs_f64() * 1e3);
        }
        line(&format!("a lease of {lease} s: another host has the run after"), Spread::of(taken));
        line(&format!("a lease of {lease} s: the run has ended after"), Spread::of(ended));
    }
    Ok(())
}
