//! A guest that loops takes no other guest's time. The program runs one agent at a time for several tenants; a looper
//! beside another agent takes the library.

use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_gate::policy::Policy as Parsed;
use casemate_gate::{Digest, TenantId};
use casemate_server::app::{App, Database};
use casemate_server::config::Config;
use casemate_server::crossing::Ended;
use casemate_server::dispatch::Job;
use casemate_server::sandbox::Candidate;
use serde_json::json;

use crate::host::{Host, Tested, guest, program};
use crate::policy::Policy;

/// How long the loopers loop.
const LOOP: Duration = Duration::from_secs(4);
/// More loopers than the sandbox has threads on two processors.
const LOOPERS: usize = 20;

async fn job(app: &App, agent: &str, policy: &Policy, tenant: TenantId) -> Tested<Job> {
    let (bytes, policy) = (guest(agent)?, Parsed::parse(&policy.text())?);
    let agent = app.dispatcher.admit(&[tenant], Digest::of(&bytes), Candidate::read(bytes), &policy).await?;
    Ok(Job { tenant, agent: Arc::new(agent), policy: Arc::new(policy) })
}

#[test]
fn a_run_beside_loopers_ends_long_before_them() -> Tested {
    let host = Host::without_database()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut config = Config::of_directory(host.data());
    config.compiler = program()?;
    let measured: Tested<_> = runtime.block_on(async {
        let app = App::open(&config, Database::NotNeeded).await?;
        let forever = Policy::logging().run("fuel", 1 << 50).tenant("fuel", 1 << 60).tenant("wall-clock", 1 << 40);
        let looper = forever.run("wall-clock", LOOP.as_millis() as u64);
        let looper = Arc::new(job(&app, "looper", &looper, app.tenants.named("acme")?).await?);
        let worker = job(&app, "hermit", &Policy::open(), app.tenants.named("globex")?).await?;
        let work =
            json!([{"do": "repeat", "times": 100, "actions": [{"do": "random"}, {"do": "burn", "turns": 1_000}]}]);

        let (alone, ended) = timed(&app, &worker, &work).await?;
        let began = Instant::now();
        let mut looping = Vec::new();
        for _ in 0..LOOPERS {
            let (dispatcher, looper) = (Arc::clone(&app.dispatcher), Arc::clone(&looper));
            looping.push(tokio::spawn(async move { dispatcher.run(&looper, json!(null), None).await }));
        }
        tokio::time::sleep(LOOP / 8).await; // they are in their loops by now
        let (beside, ended_beside) = timed(&app, &worker, &work).await?;
        let still_looping = looping.iter().filter(|run| !run.is_finished()).count();
        let mut codes = Vec::new();
        for run in looping {
            codes.extend(run.await??.1.result.err().map(|refusal| refusal.code() as u16));
        }
        let looped = began.elapsed();
        app.close().await?;
        assert!(ended.result.is_ok() && ended_beside.result.is_ok(), "{:?}", ended_beside.result);
        Ok((alone, beside, still_looping, codes, looped))
    });
    let (alone, beside, still_looping, codes, looped) = measured?;
    println!("alone {alone:?}, beside {LOOPERS} loopers {beside:?}; they were ended after {looped:?}");
    assert_eq!(still_looping, LOOPERS, "the neighbour ended first");
    assert_eq!(codes, [304; LOOPERS], "the clock ended the loopers");
    assert!(looped < LOOP * 4, "and in time: {looped:?}");
    // One turn of a looper is 10 ms. A hundred calls that each waited for all loopers' turns would take seconds.
    assert!(beside < Duration::from_secs(3), "{beside:?} beside loopers, {alone:?} alone");
    host.verify()?.expect(0).map(drop)
}

async fn timed(app: &App, job: &Job, work: &serde_json::Value) -> Tested<(Duration, Ended)> {
    let began = Instant::now();
    let (_, ended) = app.dispatcher.run(job, work.clone(), None).await?;
    Ok((began.elapsed(), ended))
}
