//! What is on record of packs: every activation, rollback and refusal in the tenant's log, trusted keys in the host's, and
//! in every entry the version that held.

use casemate_ledger::{Entry, Kind};
use serde_json::{Value, json};
use std::fs;

use super::{applied, signed};
use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::text;

/// Entries of the tenant who was added first, in order.
fn entries(host: &Host) -> Tested<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        entries.push(entry?);
    }
    // The nil tenant is the host itself.
    let first = entries.iter().map(|entry| entry.origin.tenant).find(|tenant| !tenant.is_nil()).ok_or("no entries")?;
    entries.retain(|entry| entry.origin.tenant == first);
    Ok(entries)
}

fn payload(entry: &Entry) -> Value {
    serde_json::from_slice(&entry.payload).unwrap_or_default()
}

#[test]
fn every_change_and_every_refusal_is_an_entry_under_the_version_that_held() -> Tested {
    let host = Host::without_database()?;
    let one = applied(&host, "one", 1, &Policy::logging())?;
    let bad = signed(&host, "bad", 2, &Policy::logging())?;
    fs::write(host.beside("bad/policy.toml"), "name = \"test\"")?;
    host.ask(&["policy", "apply", &bad, "--tenant", "acme"])?.is_error("pack-file-changed", 3)?;
    let two = applied(&host, "two", 2, &Policy::logging().run("calls", 9))?;
    host.ask(&["budget", "set", "acme", "--window", "day", "calls=100"])?.expect(0)?;
    host.ask(&["policy", "rollback", "--tenant", "acme"])?.expect(0)?;
    host.ask(&["policy", "rollback", "--tenant", "acme"])?.expect(0)?;
    host.ask(&["policy", "rollback", "--tenant", "acme"])?.is_error("pack-none", 3)?;

    let entries = entries(&host)?;
    let told: Vec<(Kind, String, Value, Value)> = entries
        .iter()
        .map(|entry| {
            let payload = payload(entry);
            let of = |name: &str| payload.pointer(name).cloned().unwrap_or_default();
            let what = match entry.leaf.kind {
                Kind::Refusal => format!("{} {}", entry.leaf.decision, text(&payload, "/code")),
                _ => format!("{} {}", text(&payload, "/subject"), text(&payload, "/happened")),
            };
            (entry.leaf.kind, what, of("/before/digest"), of("/after/digest"))
        })
        .collect();
    let registry = |what: &str, before: Value, after: Value| (Kind::Registry, what.to_owned(), before, after);
    let null = Value::Null;
    assert_eq!(
        told,
        [
            registry("tenant added", null.clone(), null.clone()),
            registry("key added", null.clone(), null.clone()),
            registry("pack activated", null.clone(), json!(one)),
            (Kind::Refusal, "203 pack-file-changed".to_owned(), null.clone(), null.clone()),
            registry("pack activated", json!(one), json!(two)),
            registry("budget changed", null.clone(), null.clone()),
            registry("pack rolled-back", json!(two), json!(one)),
            registry("pack rolled-back", json!(one), null),
        ]
    );
    // Decided under the version before; what follows stands under the new one.
    let builtin = entries.first().map(|entry| hex::encode(entry.leaf.policy)).ok_or("no entries")?;
    let held: Vec<String> = entries.iter().map(|entry| hex::encode(entry.leaf.policy)).collect();
    assert_eq!(held, [&builtin, &builtin, &builtin, &one, &one, &two, &two, &one].map(String::clone));
    // A refusal names the pack by its manifest, and says nothing that nobody vouches for.
    let manifest = fs::read(host.beside("bad/manifest.json"))?;
    let refused = entries.iter().find(|entry| entry.leaf.kind == Kind::Refusal).map(payload).ok_or("a refusal")?;
    let digest = casemate_gate::Digest::of(&manifest).to_string();
    assert_eq!(refused, json!({"pack": digest, "code": "pack-file-changed"}));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn a_host_that_died_between_record_and_activation_leaves_the_old_pack_active() -> Tested {
    let host = Host::without_database()?;
    let one = applied(&host, "one", 1, &Policy::logging())?;
    let before = fs::read(host.data().join("policies/active.json"))?;
    let two = applied(&host, "two", 2, &Policy::logging().run("calls", 9))?;
    // As it lies when the host dies after the entry and before the rename; and with half a pack.
    fs::write(host.data().join("policies/active.json"), &before)?;
    fs::remove_file(host.data().join("policies/packs").join(&two).join("policy.toml"))?;
    let active = |host: &Host| -> Tested<String> {
        let listed = host.ask(&["policy", "list"])?;
        let acme = listed.expect(0)?.lines.iter().find(|line| text(line, "/tenant") == "acme").cloned();
        Ok(text(&acme.ok_or("acme")?, "/pack/digest").to_owned())
    };
    assert_eq!(active(&host)?, one);
    let directory = host.beside("two").display().to_string();
    host.ask(&["policy", "apply", &directory, "--tenant", "acme"])?.expect(0)?;
    assert_eq!(active(&host)?, two);
    // An active pack that was tampered with is no pack: nothing runs under it.
    let policy = host.data().join("policies/packs").join(&two).join("policy.toml");
    fs::write(&policy, Policy::open().text())?;
    host.ask(&["policy", "list"])?.is_error("pack-file-changed", 3)?;
    let input = host.file("input.json", "[]")?;
    let guest = crate::host::component("hermit")?;
    host.ask(&["run", &guest, "--input", &input, "--tenant", "acme"])?.is_error("pack-file-changed", 3)?;
    // And the same pack, applied once more, puts it right.
    host.ask(&["policy", "apply", &directory, "--tenant", "acme"])?.expect(0)?;
    assert_eq!(active(&host)?, two);
    Ok(())
}
