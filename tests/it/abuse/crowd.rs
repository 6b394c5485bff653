//! Sixty-four hostile guests of one tenant at once, of every kind, beside another tenant's agent that does its work:
//! each hostile one comes to its own verdict, the neighbour to its right result, and the process holds no more than the
//! tenants may. It runs in a process of its own, so that its memory is nobody else's. It doesn't measure how long the
//! neighbour takes: benchmarks do.

use std::process::Command;
use std::sync::Arc;

use casemate_gate::policy::Policy as Parsed;
use casemate_gate::{Digest, TenantId};
use casemate_server::app::{App, Database};
use casemate_server::config::Config;
use casemate_server::dispatch::Job;
use casemate_server::sandbox::Candidate;
use serde_json::{Value, json};

use super::judged::{self, HOST_BYTES};
use super::measured;
use super::script::{Guest, Verdict, named};
use super::{assemble, rows};
use crate::host::{Host, Tested, guest, program};
use crate::policy::Policy;

/// Runs of each hostile guest.
const EACH: usize = 4;
const HOSTILE: [&str; 16] = [
    "cpu-endless-loop",
    "cpu-fill",
    "cpu-start-function",
    "flood-of-calls",
    "flood-of-lines",
    "flood-of-randomness",
    "handle-flood",
    "lie-string-of-a-gigabyte",
    "memory-at-once",
    "memory-bomb",
    "memory-table-bomb",
    "realloc-takes-all",
    "result-deep",
    "stack-recursion",
    "trap-unreachable",
    "wait-for-nothing",
];
/// Memory of all of a tenant's runs: less than the hostile ones want together.
const TENANT_BYTES: u64 = 64 << 20;

#[test]
fn a_neighbour_beside_sixty_four_hostile_guests() -> Tested {
    let host = Host::empty()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "abuse::crowd::the_crowd", "--ignored", "--nocapture"]);
    let measured = measured::run(&host, &mut command)?;
    measured.said.expect(0)?;
    assert!(measured.said.stdout.contains("1 passed"), "{}", measured.said.stdout);
    let limit = 2 * TENANT_BYTES + HOST_BYTES;
    println!("{} MiB, {:?}", measured.peak >> 20, measured.took);
    assert!(measured.peak <= limit, "the process held {} bytes, more than {limit}", measured.peak);
    Ok(())
}

async fn job(app: &App, bytes: Vec<u8>, policy: &Policy, tenant: TenantId) -> Tested<Job> {
    let policy = Parsed::parse(&policy.text())?;
    let agent = app.dispatcher.admit(&[tenant], Digest::of(&bytes), Candidate::read(bytes), &policy).await?;
    Ok(Job { tenant, agent: Arc::new(agent), policy: Arc::new(policy) })
}

/// What a guest's own policy says, with what its tenant needs for sixty-four.
fn shared(guest: &Guest) -> Tested<Policy> {
    let wide = [("fuel", 1 << 40), ("wall-clock", 1 << 32), ("calls", 1 << 20), ("log-bytes", 1 << 30)];
    let policy = wide.iter().fold(judged::policy(guest)?, |policy, (name, limit)| policy.tenant(name, *limit));
    Ok(policy.tenant("result-bytes", 1 << 30).tenant("memory", TENANT_BYTES))
}

#[test]
#[ignore = "a process of its own runs it: `a_neighbour_beside_sixty_four_hostile_guests`"]
fn the_crowd() -> Tested {
    let host = Host::without_database()?;
    let mut config = Config::of_directory(host.data());
    config.compiler = program()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended: Tested<_> = runtime.block_on(async {
        let app = App::open(&config, Database::NotNeeded).await?;
        let (acme, globex) = (app.tenants.named("acme")?, app.tenants.named("globex")?);
        let neighbour = job(&app, guest("hermit")?, &Policy::open().tenant("memory", TENANT_BYTES), globex).await?;
        let work = json!([{"do": "burn", "turns": 2_000_000}, {"do": "log", "message": "done"},
            {"do": "repeat", "times": 50, "actions": [{"do": "log", "message": "more"}, {"do": "burn", "turns": 1_000}]}]);
        let (_, alone) = app.dispatcher.run(&neighbour, work.clone(), None).await?;
        let mut running = Vec::new();
        for name in HOSTILE {
            let guest = named(name)?;
            let hostile = Arc::new(job(&app, assemble::component(&guest)?, &shared(&guest)?, acme).await?);
            for _ in 0..EACH {
                let (dispatcher, hostile) = (Arc::clone(&app.dispatcher), Arc::clone(&hostile));
                let run = async move { dispatcher.run(&hostile, Value::Null, None).await };
                running.push((guest.clone(), tokio::spawn(run)));
            }
        }
        let (_, beside) = app.dispatcher.run(&neighbour, work, None).await?;
        let mut ended = Vec::new();
        for (guest, run) in running {
            let (run, end) = run.await??;
            ended.push((guest, run, end.result));
        }
        app.close().await?;
        assert_eq!(beside.bill.fuel_used, alone.bill.fuel_used);
        assert_eq!(beside.result.as_ref().ok(), alone.result.as_ref().ok());
        assert!(alone.result.is_ok(), "{:?}", alone.result);
        Ok(ended)
    });
    let ended = ended?;
    assert_eq!(ended.len(), 64);
    for (guest, run, result) in ended {
        let Err(refusal) = result else { return Err(format!("{} has a result", guest.name).into()) };
        let code = refusal.code() as u16;
        // Its tenant has less memory than they want together: that ends a run too, by its own words.
        let by_its_tenant = code == 303 && refusal.message().contains("the tenant's budget `memory`");
        let own = matches!(&guest.verdict, Verdict::Refused(own, _) if *own == code);
        assert!(own || by_its_tenant, "{}: {refusal}", guest.name);
        let found = rows::of(&host, &run.to_string())?;
        let whole = by_its_tenant || rows::are(&found, &guest.rows)?;
        assert!(whole, "{}: rows are {found:?}, not `{}`", guest.name, guest.rows);
    }
    host.verify()?.expect(0).map(drop)
}
