//! A tenant that is deleted: its rows, runs and keys are gone and a neighbour's are not, what went stays on record, its name
//! is free; and a deletion that was killed in the middle is finished by the next one.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{COUNTS, changes, id_of, with_tables};
use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::{number, text};

const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// Tenants with rows of all kinds, a run each that kept a value and has ended, and a pack for the first.
fn lived_in() -> Tested<Host> {
    let host = with_tables()?;
    for tenant in ["acme", "globex"] {
        let actions = json!([{"do": "kv-set", "key": "probe/k", "value": format!("kept by {tenant}")}]);
        host.run("probe", &Policy::open(), &actions, &[tenant])?.expect(0)?;
        host.ask(&["budget", "set", tenant, "--window", "day", "calls=1000"])?.expect(0)?;
    }
    Ok(host)
}

fn counts() -> Value {
    let mut counts: serde_json::Map<_, _> =
        COUNTS.iter().map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect();
    counts.insert("casemate.approvals".to_owned(), json!(0));
    counts.insert("casemate.artefacts".to_owned(), json!(0));
    counts.insert("casemate.stretches".to_owned(), json!(0));
    counts.insert("casemate.windows".to_owned(), json!(0));
    counts.insert("casemate.events".to_owned(), json!(0));
    counts.insert("casemate.kv".to_owned(), json!(1));
    counts.insert("casemate.runs".to_owned(), json!(1));
    counts.insert("casemate.journal".to_owned(), json!(4));
    Value::Object(counts)
}

/// Whether the data directory has a word of the tenant anywhere but in the ledger.
fn is_named_in(host: &Host, id: &str) -> Tested<Vec<String>> {
    let mut found = Vec::new();
    for file in ["keys.json", "tenants.json", "registry.json", "budgets", "policies/active.json"] {
        if fs::read_to_string(host.data().join(file)).is_ok_and(|text| text.contains(id)) {
            found.push(file.to_owned());
        }
    }
    Ok(found)
}

/// Everything of `acme` is gone, and everything of `globex` is there.
fn is_gone(host: &Host, id: &str) -> Tested {
    host.ask(&["runs", "--tenant", "acme"])?.is_error("tenant-unknown", 3)?;
    assert_eq!(is_named_in(host, id)?, Vec::<String>::new());
    for (at, log) in [id, NIL].into_iter().enumerate() {
        let changes = changes(host, log)?;
        let removed: Vec<_> = changes.iter().filter(|change| text(change, "/happened") == "removed").collect();
        assert_eq!(removed.len(), 1, "{changes:?}");
        let removed = removed.first().ok_or("it is on record")?;
        assert_eq!((text(removed, "/name"), text(removed, "/before")), ("acme", id));
        assert_eq!(removed.pointer("/after/rows"), Some(&counts()));
        if at == 0 {
            assert_eq!(changes.last(), Some(*removed), "it is the last entry of its log");
        }
    }
    let rows = host.rows_of("globex", "select count(*), min(written), max(written) from public.assessments")?;
    assert_eq!(rows, json!([[300, 0, 0]]));
    let kept = host.run("probe", &Policy::open(), &json!([{"do": "kv-get", "key": "probe/k"}]), &["globex"])?;
    assert_eq!(kept.expect(0)?.answer(0)?, &json!("kept by globex"));
    host.verify()?.expect(0)?;
    // The name is free, and who gets it gets nothing else.
    host.ask(&["tenant", "add", "acme"])?.expect(0)?;
    assert_ne!(id_of(host, "acme")?, id);
    assert_eq!(host.rows("select count(*) from public.assessments")?, json!([[0]]));
    host.is_in_order()
}

#[test]
fn everything_of_a_tenant_goes_but_the_record_of_it() -> Tested {
    let host = lived_in()?;
    let id = id_of(&host, "acme")?;
    host.ask(&["tenant", "delete", "acme", "--confirm", "acme"])?.is_error("tenant-active", 3)?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    host.ask(&["tenant", "delete", "acme", "--confirm", "globex"])?.is_error("tenant-confirm", 2)?;
    host.ask(&["tenant", "delete", "initech", "--confirm", "initech"])?.is_error("tenant-unknown", 3)?;
    let artefacts = || Ok::<_, std::io::Error>(fs::read_dir(host.data().join("artefacts"))?.count());
    let before = artefacts()?;
    let said = host.ask(&["tenant", "delete", "acme", "--confirm", "acme"])?;
    let line = said.expect(0)?.lines.first().ok_or("a line")?;
    assert_eq!((text(line, "/id"), line.get("rows")), (id.as_str(), Some(&counts())), "{line}");
    assert!(number(line, "/keys") >= 2, "{line}");
    assert_eq!(artefacts()?, before, "the neighbour's runs began with the same component and policy");
    is_gone(&host, &id)
}

#[test]
fn a_table_that_is_not_protected_stops_it_before_it_has_begun() -> Tested {
    let host = Host::seeded()?;
    let file = host.file("loose.sql", "create table public.loose (tenant_id uuid, id integer)")?;
    host.ask(&["db", "apply", &file])?.expect(0)?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    host.ask(&["tenant", "delete", "acme", "--confirm", "acme"])?.is_error("store-tenant-table", 3)?;
    // It can be reinstated: nothing has begun.
    host.ask(&["tenant", "reinstate", "acme"])?.expect(0)?;
    let file = host.file("without.sql", "drop table public.loose")?;
    host.ask(&["db", "apply", &file])?.expect(0)?;
    assert_eq!(host.rows("select count(*) from public.assessments")?, json!([[300]]));
    Ok(())
}

#[test]
fn without_a_database_too() -> Tested {
    let host = Host::without_database()?;
    let id = id_of(&host, "acme")?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    host.ask(&["tenant", "delete", "acme", "--confirm", "acme"])?.expect(0)?;
    assert_eq!(is_named_in(&host, &id)?, Vec::<String>::new());
    host.ask(&["tenant", "add", "acme"])?.expect(0)?;
    host.verify()?.expect(0).map(drop)
}

/// How far a deletion has come, as it can be seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// It can't be taken back.
    Leaving,
    /// It is on record.
    Recorded,
    /// The keys are gone.
    Keyless,
}

impl Sign {
    fn is_seen(self, host: &Host, id: &str) -> Tested<bool> {
        let has =
            |file: &str, words: &str| fs::read_to_string(host.data().join(file)).is_ok_and(|text| text.contains(words));
        match self {
            Self::Leaving => Ok(has("tenants.json", "leaving_ms")),
            Self::Keyless => Ok(!has("keys.json", id)),
            Self::Recorded => {
                let words: &[u8] = b"\"happened\":\"removed\"";
                for segment in fs::read_dir(host.zone(1).join("segments"))? {
                    let bytes = fs::read(segment?.path())?;
                    if bytes.windows(words.len()).any(|window| window == words) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

/// Killed as soon as it has come so far, and again as soon as the next one has come further; then finished.
#[test]
fn a_deletion_that_was_killed_is_finished_by_the_next_one() -> Tested {
    let host = lived_in()?;
    let id = id_of(&host, "acme")?;
    host.ask(&["tenant", "suspend", "acme"])?.expect(0)?;
    let words = ["tenant", "delete", "acme", "--confirm", "acme"];
    let is_there = || fs::read_to_string(host.data().join("tenants.json")).is_ok_and(|text| text.contains(&id));
    let mut killed = Vec::new();
    for sign in [Sign::Leaving, Sign::Recorded, Sign::Keyless] {
        let mut child = host.command(&words)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while !sign.is_seen(&host, &id)? && child.try_wait()?.is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_micros(100));
        }
        child.kill()?;
        child.wait()?;
        if !is_there() {
            break;
        }
        killed.push(sign);
        // It can't be taken back, and it is nobody's any more.
        host.ask(&["tenant", "reinstate", "acme"])?.is_error("tenant-leaving", 3)?;
        host.ask(&["tenant", "export", "acme", "--to", &host.beside("export").display().to_string()])?
            .is_error("tenant-leaving", 3)?;
        host.ask(&["tenant", "add", "acme"])?.is_error("tenant-exists", 3)?;
    }
    assert!(killed.starts_with(&[Sign::Leaving]), "it was killed after it had begun");
    println!("killed after {killed:?}");
    if is_there() {
        host.ask(&words)?.expect(0)?;
    }
    is_gone(&host, &id)
}
