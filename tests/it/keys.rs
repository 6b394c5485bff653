//! `casemate keys`: rotations on record that leave everything readable, an auditor who pins either of two keys, and
//! nothing secret on any output. Another implementation checks what is sealed and signed.

mod peer;

use std::fs;

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::resume::run_of;
use crate::said::{Said, number, spelled, text};

const EMAIL: &str = "ada.lindqvist@example.org";

fn rotate(host: &Host, what: &[&str]) -> Tested<Said> {
    let said = host.ask(&[&["keys", "rotate"], what].concat())?;
    said.expect(0)?;
    Ok(said)
}

/// Entries about keys in a zone: whose, what happened, to which kind of key, the version now.
fn told(host: &Host) -> Tested<Vec<(String, String, String, u64)>> {
    let mut told = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(2))? {
        let entry = entry?;
        if entry.leaf.kind == casemate_ledger::Kind::Registry {
            let change: Value = serde_json::from_slice(&entry.payload)?;
            if text(&change, "/subject") == "key" {
                assert_eq!(text(&change, "/name"), text(&change, "/after/id"), "{change}");
                told.push((
                    entry.leaf.tenant.to_string(),
                    text(&change, "/happened").to_owned(),
                    text(&change, "/after/kind").to_owned(),
                    number(&change, "/after/version"),
                ));
            }
        }
    }
    Ok(told)
}

#[test]
fn what_is_rotated_is_on_record_and_listed() -> Tested {
    let host = Host::without_database()?;
    let policy = Policy::open();
    host.run("hermit", &policy, &json!([{"do": "random"}]), &["acme"])?.expect(0)?;
    let nil = uuid_nil();
    let first = told(&host)?;
    let of = |told: &[(String, String, String, u64)], tenant: bool| -> Vec<(String, String, u64)> {
        let whose = told.iter().filter(|(whose, ..)| (*whose != nil) == tenant);
        whose.map(|(_, happened, kind, version)| (happened.clone(), kind.clone(), *version)).collect()
    };
    let added = |kind: &str| ("added".to_owned(), kind.to_owned(), 1);
    let kinds = ["root", "tenant", "signing/checkpoint", "signing/token", "signing/pack"];
    assert_eq!(of(&first, false), kinds.map(added));
    assert_eq!(of(&first, true), [added("tenant"), added("tenant")], "acme's and globex's");

    rotate(&host, &["--tenant", "acme"])?;
    rotate(&host, &["--host"])?;
    rotate(&host, &["--signing", "pack"])?;
    let all = told(&host)?;
    let new = all.iter().filter(|change| !first.contains(change)).cloned().collect::<Vec<_>>();
    let rotated = |kind: &str| ("rotated".to_owned(), kind.to_owned(), 2);
    assert_eq!(of(&new, true), [rotated("data/token"), rotated("tenant")]);
    let kinds = ["root", "data/compiled-code", "data/signing-seed", "tenant", "signing/pack"];
    assert_eq!(of(&new, false), kinds.map(rotated));

    let listed = host.ask(&["keys", "list", "--tenant", "acme"])?;
    let keys = listed.expect(0)?.of_type("key").map(|key| {
        (
            text(key, "/kind").to_owned(),
            text(key, "/purpose").to_owned(),
            number(key, "/version"),
            text(key, "/state").to_owned(),
        )
    });
    let expected = [
        ("tenant", "", 2, "active"),
        ("tenant", "", 1, "retired"),
        ("data", "token", 2, "active"),
        ("data", "token", 1, "retired"),
    ];
    let expected =
        expected.map(|(kind, of, version, state)| (kind.to_owned(), of.to_owned(), version, state.to_owned()));
    assert_eq!(keys.collect::<Vec<_>>(), expected, "{}", listed.stdout);
    host.run("hermit", &policy, &json!([{"do": "random"}]), &["acme"])?.expect(0)?;
    host.verify()?.expect(0).map(drop)
}

fn uuid_nil() -> String {
    "00000000-0000-0000-0000-000000000000".to_owned()
}

#[test]
fn a_run_that_waits_goes_on_after_every_kind_of_rotation_and_its_tokens_are_what_they_were() -> Tested {
    let host = Host::seeded()?;
    let echo = json!({"do": "echo", "value": EMAIL});
    let token = |said: &Said, at| said.answer(at).map(|token| token.as_str().unwrap_or_default().to_owned());
    let before = token(&host.probe(&Policy::open(), &json!([echo]))?, 0)?;
    // The guest puts the address together itself, so its token is made in the run, and again by the process that goes on.
    let actions = json!([echo, {"do": "kv-add", "key": "probe/n", "delta": 1}, {"do": "sleep", "ms": 500}, echo]);
    let mut child = host.start("probe", &Policy::open(), &spelled(&actions), &["acme"])?;
    let run = run_of(&mut child, "\"parked\"")?;
    child.kill()?;
    child.wait()?;
    for what in [&["--tenant", "acme"][..], &["--host"], &["--signing", "checkpoint"], &["--tenant", "acme"]] {
        rotate(&host, what)?;
    }
    let said = host.ask(&["resume", &run, "--tenant", "acme"])?;
    said.expect(0)?;
    assert_eq!(said.ended_by()?, 0, "{}", said.stdout);
    assert_eq!((token(&said, 0)?, token(&said, 3)?), (before.clone(), before.clone()), "the run's own epoch");
    let after = token(&host.probe(&Policy::open(), &json!([echo]))?, 0)?;
    assert_ne!(after, before, "a run that began later has the new epoch");
    host.verify()?.expect(0).map(drop)
}

#[test]
fn an_auditor_who_pins_either_key_verifies_and_one_who_pins_neither_does_not() -> Tested {
    let host = Host::without_database()?;
    host.run("hermit", &Policy::open(), &json!([{"do": "random"}]), &["acme"])?.expect(0)?;
    let old = host.key()?;
    let verify = |keys: &[&str]| {
        let keys = keys.iter().flat_map(|key| ["--key", key]);
        host.ask(&["audit", "verify"].into_iter().chain(keys).collect::<Vec<_>>())
    };
    rotate(&host, &["--signing", "checkpoint"])?;
    let both = host.key()?;
    let (new, second) = both.split_once('\n').ok_or("two keys")?;
    assert!(second == old && new != old, "{both}");
    verify(&[&old])?.expect(0)?;
    verify(&[new])?.expect(0)?;
    verify(&[&old, new])?.expect(0)?;
    verify(&[&format!("{new},{old}")])?.expect(0)?;
    verify(&[&both])?.expect(0)?;
    let other = Host::without_database()?.key()?;
    verify(&[&other])?.is_error("ledger-checkpoint-signature", 12)?;
    verify(&[&other, &old])?.expect(0)?;
    verify(&["nonsense"])?.is_error("input-key", 2)?;
    verify(&[])?.expect(2)?;

    let public = host.ask(&["keys", "export-public", "--signing", "checkpoint"])?;
    let keys: Vec<_> =
        public.expect(0)?.of_type("public-key").map(|key| (text(key, "/key"), text(key, "/state"))).collect();
    assert_eq!(keys, [(new, "active"), (old.as_str(), "retiring")]);
    let audit = host.ask(&["audit", "key"])?;
    let audit: Vec<_> = audit.expect(0)?.lines.iter().map(|line| text(line, "/verifier_key").to_owned()).collect();
    assert_eq!(audit, [new, &old]);

    // Without an overlap the old key signs no more; what it signed before is covered by the new one.
    rotate(&host, &["--signing", "checkpoint", "--overlap", "0"])?;
    host.run("hermit", &Policy::open(), &json!([{"do": "random"}]), &["acme"])?.expect(0)?;
    verify(&[new])?.is_error("ledger-checkpoint-signature", 12)?;
    host.verify()?.expect(0)?;
    // A changed signature by any pinned key is found, whoever else signed.
    let checkpoint = crate::tamper::checkpoint(&host, 1)?;
    let whole = fs::read_to_string(&checkpoint)?;
    let last = whole.trim_end().rsplit_once(' ').map(|(_, signature)| signature.to_owned()).ok_or("a signature")?;
    let digit = last.chars().nth(40).ok_or("a digit")?;
    let other = if digit == 'A' { "B" } else { "A" };
    let flipped = format!("{}{other}{}", last.get(..40).unwrap_or_default(), last.get(41..).unwrap_or_default());
    fs::write(&checkpoint, whole.replace(&last, &flipped))?;
    host.verify()?.is_error("ledger-checkpoint-signature", 12)?;
    Ok(())
}

#[test]
fn nothing_secret_is_shown_or_lies_open() -> Tested {
    let host = Host::without_database()?;
    host.ask(&["keys", "list"])?.expect(0)?;
    rotate(&host, &["--host"])?;
    let file = fs::read_to_string(host.data().join("host.key"))?;
    let secrets: Vec<_> = file.lines().skip(1).filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(secrets.len(), 2, "the file has two versions");
    let mut shown = fs::read_to_string(host.data().join("keys.json"))?;
    for words in
        [&["keys", "list"][..], &["keys", "export-public"], &["audit", "key"], &["keys", "rotate", "--tenant", "acme"]]
    {
        let said = host.ask(words)?;
        shown.push_str(&said.expect(0)?.stdout);
        shown.push_str(&said.stderr);
    }
    for secret in secrets {
        assert!(secret.len() == 44 && !shown.contains(secret));
    }
    Ok(())
}

#[test]
fn what_is_missing_is_said() -> Tested {
    let host = Host::empty()?;
    host.ask(&["keys", "list"])?.is_error("keys-none", 4)?;
    host.ask(&["keys", "export-public"])?.is_error("keys-none", 4)?;
    host.ask(&["keys", "rotate", "--tenant", "initech"])?.is_error("tenant-unknown", 3)?;
    host.ask(&["keys", "rotate"])?.expect(2)?;
    host.ask(&["keys", "rotate", "--host", "--signing", "pack"])?.expect(2)?;
    host.ask(&["tenant", "add", "acme"])?.expect(0)?;
    let key = host.data().join("host.key");
    fs::rename(&key, host.beside("away"))?;
    host.ask(&["tenant", "list"])?.is_error("keys-missing", 4)?;
    assert!(!key.exists(), "no other key takes its place");
    fs::rename(host.beside("away"), &key)?;
    host.ask(&["tenant", "list"])?.expect(0).map(drop)
}
