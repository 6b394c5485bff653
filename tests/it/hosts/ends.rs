//! What must be so when faults have stopped: each accepted job has ended once, its effect happened as often as its attempts
//! say, no host wrote after it was fenced, nobody holds anything, and every log is whole.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use super::cluster::Cluster;
use super::work::{Accepted, Kind};
use crate::host::{Tested, until};

/// How long the rest may take.
const REST: Duration = Duration::from_secs(90);

/// Waits until every job has ended.
pub(super) fn all_have_ended(cluster: &Cluster) -> Tested {
    let open = "select count(*) from casemate.runs where state not in ('done', 'failed', 'cancelled', 'dead')";
    let ended = until(REST, || {
        std::thread::sleep(Duration::from_millis(200));
        Ok((cluster.number(open)? == 0).then_some(()))
    });
    ended.map_err(|error| {
        let left = "select r.id, r.tenant_id, r.state, r.epoch, r.host, r.not_before, r.wake_at, r.reason, r.ending, r.losses, now(),
            exists (select from casemate.queue q where q.run_id = r.id), exists (select from casemate.later q where q.run_id = r.id)
            from casemate.runs r where state not in ('done', 'failed', 'cancelled', 'dead') order by r.id limit 10";
        format!("{error}: {:?}", cluster.server.ask("casemate", left)).into()
    })
}

/// A job, as the database has it.
struct Found {
    state: String,
    reason: String,
    runs: u64,
    /// Attempts that came to an end of their own.
    ended: u64,
    losses: u64,
}

fn found(cluster: &Cluster) -> Tested<HashMap<String, Found>> {
    let ask = "select job_id, (array_agg(state order by attempt desc))[1], string_agg(reason::text, ',' order by attempt),
        count(*), count(*) filter (where state = 'done' or (state in ('failed', 'dead') and ending is null)), sum(losses)
        from casemate.runs group by job_id";
    let text = cluster.server.ask("casemate", ask)?;
    let mut found = HashMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [job, state, reason, runs, ended, losses] = fields[..] else { return Err(line.into()) };
        let (state, reason) = (state.to_owned(), reason.to_owned());
        let one = Found { state, reason, runs: runs.parse()?, ended: ended.parse()?, losses: losses.parse()? };
        found.insert(job.to_owned(), one);
    }
    Ok(found)
}

/// Every effect, by tenant's name and key.
fn effects(cluster: &Cluster) -> Tested<HashMap<(String, String), u64>> {
    let ask = "select t.name, k.key, convert_from(k.value, 'UTF8') from casemate.kv k join casemate.tenants t on t.id = k.tenant_id";
    let text = cluster.server.ask("casemate", ask)?;
    let mut effects = HashMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [tenant, key, count] = fields[..] else { return Err(line.into()) };
        effects.insert((tenant.to_owned(), key.to_owned()), count.parse()?);
    }
    Ok(effects)
}

/// Each accepted job has ended once, as it should, and its effect happened as often.
pub(super) fn each_is_done_once(cluster: &Cluster, accepted: &[Accepted]) -> Tested {
    let (found, effects) = (found(cluster)?, effects(cluster)?);
    let mut by_state: HashMap<&str, u64> = HashMap::new();
    let mut wrong = Vec::new();
    for job in accepted {
        let Some(one) = found.get(&job.id) else {
            wrong.push(format!("{job:?} was accepted and isn't there"));
            continue;
        };
        *by_state.entry(one.state.as_str()).or_default() += 1;
        let happened = effects.get(&(job.tenant.to_owned(), job.key.clone())).copied().unwrap_or_default();
        let is_expected = match (job.kind, job.is_changed) {
            (_, true) => matches!(one.state.as_str(), "done" | "failed" | "cancelled" | "dead"),
            (Kind::Fails | Kind::IsLate, false) => one.state == "dead",
            _ => one.state == "done",
        };
        // A deadline may be over before the first call.
        let least = if job.kind == Kind::IsLate { 0 } else { one.ended };
        if !is_expected || happened < least || happened > one.runs {
            let asked = cluster.members.first().ok_or("a host")?;
            let said = asked.ask(&["jobs", "result", &job.id, "--tenant", job.tenant])?;
            wrong.push(format!("{}{}", said.stdout, said.stderr));
            let Found { state, reason, runs, ended, losses } = one;
            wrong.push(format!(
                "{job:?}: {state} {reason}, {happened} effects, {runs} runs, {ended} ended, {losses} lost"
            ));
        }
    }
    // What nobody said was accepted happened as often as there is a run for it.
    let twice: Vec<_> = effects.iter().filter(|(_, count)| **count > 20).collect();
    println!("{} jobs: {by_state:?}; {} effects", accepted.len(), effects.values().sum::<u64>());
    if wrong.is_empty() && twice.is_empty() {
        Ok(())
    } else {
        Err(format!("{} wrong: {wrong:#?} {twice:?}", wrong.len()).into())
    }
}

/// No row of an epoch after the first of a later one; one outcome a call.
pub(super) fn nobody_wrote_after_the_fence(cluster: &Cluster) -> Tested {
    let late = "with firsts as (select run_id, epoch, min(recorded_at) as first from casemate.journal group by 1, 2)
        select count(*) from casemate.journal j join firsts f on f.run_id = j.run_id
        where f.epoch > j.epoch and j.recorded_at > f.first";
    assert_eq!(cluster.number(late)?, 0, "rows after a fence");
    let twice = "select count(*) from (select 1 from casemate.journal where kind = 2 group by run_id, seq having count(*) > 1) t";
    assert_eq!(cluster.number(twice)?, 0, "calls with two outcomes");
    Ok(())
}

/// Every host has stopped, holds nothing, and its log is whole.
pub(super) fn nothing_is_left(cluster: &mut Cluster) -> Tested {
    for member in &mut cluster.members {
        member.is_up()?;
        member.stop()?;
    }
    assert_eq!(cluster.number("select count(*) from casemate.leases")?, 0, "leases");
    assert_eq!(cluster.number("select count(*) from casemate.hosts where slots > 0")?, 0, "hosts");
    for member in &cluster.members {
        if member.host.data().join("zones").exists() {
            let key = fs::read_to_string(member.host.data().join("checkpoint.pub"))?;
            member.ask(&["audit", "verify", "--key", &key])?.expect(0)?;
        }
    }
    Ok(())
}
