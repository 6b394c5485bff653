//! One budget, spent by several hosts at once: together they never pass its limit, and what a host had been lent that was killed
//! comes back to the last call, by the journals of its runs.

use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::Cluster;
use crate::host::{Tested, component, until};
use crate::policy::Policy;
use crate::said::{number, text};

/// Calls of a month that the jobs may make together; they would make more.
const LIMIT: u64 = 300;
const JOBS: u64 = 40;
const CALLS: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(90);

/// A job that counts each of its calls under its own key, and computes between them.
fn job(name: &str, calls: u64) -> Value {
    let one = |_| [json!({"do": "kv-add", "key": name, "delta": 1}), json!({"do": "burn", "turns": 200_000})];
    Value::from((0..calls).flat_map(one).collect::<Vec<_>>())
}

fn hand_over(cluster: &Cluster, policy: &Policy, inputs: &[Value]) -> Tested {
    let lines: String = inputs.iter().map(|input| format!("{input}\n")).collect();
    let host = &cluster.first;
    let (guest, inputs) = (component("probe")?, host.file("inputs.jsonl", lines)?);
    let policy = host.file("policy.toml", policy.text())?;
    let words = ["jobs", "submit", &guest, "--tenant", "acme", "--policy", &policy, "--inputs", &inputs];
    host.ask(&words)?.expect(0).map(drop)
}

/// What was used and is held of the tenant's month.
fn used(cluster: &Cluster) -> Tested<(u64, u64)> {
    let said = cluster.first.ask(&["budget", "show", "acme"])?;
    let of_month = |line: &&Value| {
        (text(line, "/window"), text(line, "/resource")) == ("month", "calls")
            && line.pointer("/agent") == Some(&Value::Null)
    };
    let line = said.expect(0)?.lines.iter().find(of_month).ok_or("a line for the calls of the month")?;
    Ok((number(line, "/used"), number(line, "/held")))
}

fn over(cluster: &Cluster) -> Tested {
    let open = "select count(*) from casemate.runs where state not in ('done', 'failed', 'cancelled', 'dead')";
    until(PATIENCE, || Ok((cluster.number(open)? == 0).then_some(())))
}

const EFFECTS: &str = "select coalesce(sum(convert_from(value, 'UTF8')::bigint), 0) from casemate.kv";

#[test]
fn hosts_together_stay_within_a_limit_and_what_a_dead_one_held_comes_back() -> Tested {
    let mut cluster = Cluster::new(2, 2)?;
    let policy = Policy::open().within("tenant.month", "calls", LIMIT).denials(1000);
    for member in &mut cluster.members {
        member.start()?;
    }
    let inputs: Vec<_> = (0..JOBS).map(|at| job(&format!("probe/{at}"), CALLS)).collect();
    hand_over(&cluster, &policy, &inputs)?;
    // In the middle of it.
    until(PATIENCE, || Ok((cluster.number(EFFECTS)? > LIMIT / 6).then_some(())))?;
    let [one, two] = &mut cluster.members[..] else { return Err("two hosts".into()) };
    let killed = if cluster.server.ask("casemate", "select host from casemate.leases limit 1")? == one.id()? {
        one
    } else {
        two
    };
    killed.kill()?;
    over(&cluster)?;
    let (effects, (used, held)) = (cluster.number(EFFECTS)?, used(&cluster)?);
    println!("{effects} calls took effect, {used} were charged, {held} are held, of {LIMIT}");
    assert_eq!((used, held), (effects, 0), "each call once, and nothing is left with the dead host");
    assert!(effects <= LIMIT, "{effects}");
    // Whatever is left, is there for the next job, to the last call.
    let left = LIMIT - effects;
    hand_over(&cluster, &policy, &[job("probe/last", left + 1)])?;
    over(&cluster)?;
    assert_eq!(cluster.number(EFFECTS)?, LIMIT);
    Ok(())
}
