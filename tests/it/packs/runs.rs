//! Runs under packs: each is under its tenant's active one, says so in every entry, keeps its version when it goes on, and
//! meets the new one where that forbids.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casemate_ledger::Kind;
use serde_json::{Value, json};

use super::applied;
use crate::host::{Host, Tested, component};
use crate::policy::Policy;
use crate::resume::run_of;
use crate::said::{Said, text};

fn logging() -> Policy {
    Policy::closed().granting("log", &["write"], &[])
}

/// Everything that the hermit imports.
fn hermit() -> Policy {
    logging().granting("clock", &["read", "wait"], &[]).granting("random", &["read"], &[])
}

/// Runs an agent under whatever holds for the tenants.
fn run(host: &Host, guest: &str, input: &Value, tenants: &[&str]) -> Tested<Said> {
    let (guest, input) = (component(guest)?, host.file("input.json", input.to_string())?);
    let mut words = vec!["run", guest.as_str(), "--input", input.as_str()];
    words.extend(tenants.iter().flat_map(|tenant| ["--tenant", tenant]));
    host.ask(&words)
}

#[test]
fn a_run_is_under_the_active_pack_and_every_entry_of_it_says_so() -> Tested {
    let host = Host::without_database()?;
    let digest = applied(&host, "one", 1, &hermit())?;
    let said = run(&host, "hermit", &json!([{"do": "random"}, {"do": "log", "message": "x"}]), &["acme"])?;
    said.expect(0)?;
    let mut kinds = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(3))? {
        let entry = entry?;
        if !entry.leaf.run.is_nil() {
            assert_eq!(hex::encode(entry.leaf.policy), digest, "{:?}", entry.leaf.kind);
            kinds.push(entry.leaf.kind);
        }
    }
    assert!(kinds.contains(&Kind::Open) && kinds.contains(&Kind::End) && kinds.len() > 3, "{kinds:?}");
    // The pack decides, not who starts the run.
    let other = host.run("hermit", &hermit(), &json!([]), &["acme"])?;
    other.is_error("policy-pack-active", 3)?;
    host.run("hermit", &hermit(), &json!([]), &["globex"])?.expect(0)?;
    let shown = host.ask(&["budget", "show", "acme"])?;
    assert!(shown.expect(0)?.of_type("budget").any(|line| text(line, "/from") == "policy"), "{}", shown.stdout);
    Ok(())
}

#[test]
fn without_a_pack_everything_is_denied_and_the_error_says_what_to_do() -> Tested {
    let host = Host::without_database()?;
    let said = run(&host, "hermit", &json!([]), &["acme"])?;
    said.expect(3)?;
    let error = said.error()?;
    assert!(text(&error, "/code").starts_with("component-"), "{error}");
    assert!(error.to_string().contains("casemate policy apply DIR --tenant acme"), "{error}");
    // Two tenants at once, one of whom has a pack: none of them runs, since one of the runs can't begin.
    applied(&host, "one", 1, &hermit())?;
    run(&host, "hermit", &json!([]), &["acme", "globex"])?.expect(3)?;
    let said = run(&host, "hermit", &json!([{"do": "random"}]), &["acme"])?;
    assert_eq!(said.expect(0)?.of_type("result").count(), 1);
    Ok(())
}

#[test]
fn each_tenant_is_under_its_own_pack() -> Tested {
    let host = Host::without_database()?;
    applied(&host, "one", 1, &hermit().run("calls", 1))?;
    let two = super::signed(&host, "two", 1, &hermit().run("calls", 2))?;
    host.ask(&["policy", "apply", &two, "--tenant", "globex"])?.expect(0)?;
    let actions = json!([{"do": "random"}, {"do": "random"}, {"do": "random"}]);
    let said = run(&host, "hermit", &actions, &["globex", "acme"])?;
    let mut refused: Vec<(String, usize)> = said
        .expect(0)?
        .of_type("result")
        .map(|line| {
            let replies = line.pointer("/result").and_then(Value::as_array);
            let count = replies.map(|all| all.iter().filter(|reply| reply.get("refused").is_some()).count());
            (text(line, "/tenant").to_owned(), count.unwrap_or_default())
        })
        .collect();
    refused.sort();
    assert_eq!(refused, [("acme".to_owned(), 2), ("globex".to_owned(), 1)], "{}", said.stdout);
    Ok(())
}

#[test]
fn an_expired_pack_begins_no_run() -> Tested {
    let host = Host::without_database()?;
    // Signed a day ago, but for a few seconds, for one day: it holds still, and soon no more.
    let seconds = 12;
    let day = Duration::from_secs(24 * 60 * 60);
    let now = since_epoch()?;
    let signed_at = now.checked_sub(day).and_then(|then| then.checked_add(Duration::from_secs(seconds)));
    let signed_at = signed_at.ok_or("a day ago")?;
    let key = casemate_keys::SigningKey::from_seed("ada", &[11; 32])?;
    let mut files = casemate_gate::pack::Files::default();
    files.add("pack.toml", b"id = \"test\"\nversion = 1\ntitle = \"Short\"\nvalid-days = 1\n".to_vec())?;
    files.add("policy.toml", hermit().text().into_bytes())?;
    let files = casemate_gate::pack::sign(&files, &key, u64::try_from(signed_at.as_millis())?)?;
    let directory = host.beside("short");
    std::fs::create_dir(&directory)?;
    for (name, bytes) in files.iter() {
        std::fs::write(directory.join(name), bytes)?;
    }
    host.ask(&["policy", "trust", &key.public().to_string()])?.expect(0)?;
    let directory = directory.display().to_string();
    host.ask(&["policy", "apply", &directory, "--tenant", "acme"])?.expect(0)?;
    run(&host, "hermit", &json!([]), &["acme"])?.expect(0)?;
    // Times are written to the second, so it ends a little earlier than that.
    let ends = now.checked_add(Duration::from_secs(seconds)).ok_or("soon")?;
    std::thread::sleep(ends.saturating_sub(since_epoch()?));
    run(&host, "hermit", &json!([]), &["acme"])?.is_error("pack-expired", 3)?;
    host.ask(&["policy", "apply", &directory, "--tenant", "globex"])?.is_error("pack-expired", 3)?;
    let listed = host.ask(&["policy", "list"])?;
    let acme = listed.expect(0)?.lines.iter().find(|line| text(line, "/tenant") == "acme").ok_or("acme")?;
    assert_eq!(text(acme, "/state"), "expired");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the pack has to expire by the clock of the program under test")]
fn since_epoch() -> Tested<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

#[test]
fn a_run_that_goes_on_keeps_its_version_until_the_active_one_forbids_a_call() -> Tested {
    let host = Host::seeded()?;
    let one = applied(&host, "one", 1, &Policy::open())?;
    let actions = json!([
        {"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "sleep", "ms": 2_500},
        {"do": "log", "message": "still here"}, {"do": "kv-add", "key": "probe/n", "delta": 1},
    ]);
    let (guest, input) = (component("probe")?, host.file("input.json", actions.to_string())?);
    let words = ["run", guest.as_str(), "--input", input.as_str(), "--tenant", "acme"];
    let mut child =
        host.command(&words)?.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn()?;
    let run = run_of(&mut child, "\"parked\"")?;
    child.kill()?;
    child.wait()?;
    // The new version has other budgets, and grants no key any more.
    let narrower =
        Policy::closed().granting("log", &["write"], &[]).granting("clock", &["read", "wait"], &[]).run("calls", 500);
    let two = applied(&host, "two", 2, &narrower)?;
    let resumed = host.ask(&["resume", &run, "--tenant", "acme"])?;
    assert_eq!(resumed.expect(1)?.ended_by()?, 204, "{}", resumed.stdout);
    let called: Vec<&str> = resumed.of_type("crossing").map(|line| text(line, "/tool")).collect();
    assert_eq!(called, ["clock.sleep", "log.emit", "kv.add"], "what the new version grants goes on");
    let mut versions = std::collections::BTreeSet::new();
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let entry = entry?;
        if entry.leaf.run.to_string() == run {
            versions.insert(hex::encode(entry.leaf.policy));
        }
    }
    assert!(versions.contains(&one), "{versions:?} has {one}, and perhaps {two}");
    host.verify()?.expect(0).map(drop)
}
