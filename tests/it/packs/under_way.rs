//! A pack that is applied in the host in which a run is under way: the run keeps the version that it began with, and stops
//! at its next call where the new one forbids that. The program runs one command at a time; this takes the library.

use std::path::Path;
use std::sync::Arc;

use casemate_gate::Digest;
use casemate_server::app::{App, Database};
use casemate_server::config::Config;
use casemate_server::crossing::event::What;
use casemate_server::dispatch::Job;
use casemate_server::sandbox::Candidate;
use serde_json::json;
use tokio::sync::mpsc;

use super::signed;
use crate::host::{Host, Tested, guest, program};
use crate::policy::Policy;

/// Calls of the run: more than it makes until a pack is applied.
const CALLS: u64 = 50_000;

/// Starts a run under one policy, and applies another as soon as it is seen to be under way. The number of the refusal that
/// ended it, or 0; and how many calls it made.
fn run_while_applying(one: &Policy, two: &Policy) -> Tested<(u16, u64)> {
    let host = Host::without_database()?;
    let (one, two) = (signed(&host, "one", 1, one)?, signed(&host, "two", 2, two)?);
    let mut config = Config::of_directory(host.data());
    config.compiler = program()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended: Tested<_> = runtime.block_on(async {
        let mut app = App::open(&config, Database::NotNeeded).await?;
        let tenant = app.tenants.named("acme")?;
        let began = app.apply_pack(tenant, Path::new(&one)).await?.pack.ok_or("a pack")?;
        let (bytes, policy) = (guest("hermit")?, Arc::new(began.source.policy));
        let agent = app.dispatcher.admit(&[tenant], Digest::of(&bytes), Candidate::read(bytes), &policy).await?;
        let job = Job { tenant, agent: Arc::new(agent), policy };
        #[expect(clippy::disallowed_methods, reason = "a run's calls, and so its events, are bounded by its budget")]
        let (events, mut told) = mpsc::unbounded_channel();
        let dispatcher = Arc::clone(&app.dispatcher);
        let input = json!([{"do": "repeat", "times": CALLS, "actions": [{"do": "random"}]}]);
        let running = tokio::spawn(async move { dispatcher.run(&job, input, Some(events)).await });
        while let Some(event) = told.recv().await {
            if let What::Crossed(_) = event.what {
                break;
            }
        }
        assert!(!running.is_finished(), "the run ended before the pack came");
        let now = app.apply_pack(tenant, Path::new(&two)).await?.pack.ok_or("a pack")?;
        assert_eq!(now.version, 2);
        told.close();
        let (run, ended) = running.await??;
        app.close().await?;
        let code = ended.result.err().map_or(0, |refusal| refusal.code() as u16);
        Ok((run, code, ended.bill.calls, began.digest))
    });
    let (run, code, calls, digest) = ended?;
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let leaf = entry?.leaf;
        if leaf.run == run.as_uuid() {
            assert_eq!(leaf.policy, *digest.as_bytes(), "every entry of the run has the version that it began with");
        }
    }
    host.verify()?.expect(0)?;
    Ok((code, calls))
}

fn policy() -> Policy {
    let policy = Policy::logging().granting("clock", &["read", "wait"], &[]).run("calls", CALLS * 2);
    policy.run("result-bytes", 1 << 30).run("fuel", 1 << 40)
}

#[test]
fn a_run_stops_at_the_next_call_that_the_new_version_forbids() -> Tested {
    let with = policy().granting("random", &["read"], &[]);
    let (code, calls) = run_while_applying(&with, &policy())?;
    assert_eq!(code, 204);
    assert!((1..CALLS).contains(&calls), "{calls}");
    Ok(())
}

#[test]
fn a_run_keeps_its_version_where_the_new_one_forbids_nothing() -> Tested {
    let with = policy().granting("random", &["read"], &[]);
    // The new version would let it make ten calls.
    let (code, calls) = run_while_applying(&with, &with.clone().run("calls", 10))?;
    assert_eq!((code, calls), (0, CALLS));
    Ok(())
}
