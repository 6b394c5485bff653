//! An export: what was put in is there, exactly; a neighbour's marks are nowhere in its bytes; another program, in Python,
//! finds every file as the manifest has it, and the log's root under the checkpoint.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{COUNTS, id_of, with_tables};
use crate::host::{Host, Tested, workspace};
use crate::policy::Policy;
use crate::said::text;

/// Every file below a directory.
fn files(directory: &Path, found: &mut Vec<PathBuf>) -> Tested {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            assert_eq!(path.metadata()?.permissions().mode() & 0o777, 0o700, "{}", path.display());
            files(&path, found)?;
        } else {
            assert_eq!(path.metadata()?.permissions().mode() & 0o777, 0o600, "{}", path.display());
            found.push(path);
        }
    }
    Ok(())
}

fn lines(path: &Path) -> Tested<Vec<Value>> {
    let text = fs::read_to_string(path)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn contains(bytes: &[u8], mark: &str) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
}

/// A run of each tenant, with a mark in its input, in a value, and an address that becomes a token.
fn lived_in() -> Tested<Host> {
    let host = with_tables()?;
    for tenant in ["acme", "globex"] {
        let actions = json!([
            {"do": "echo", "value": format!("input-of-{tenant} {tenant}@example.org")},
            {"do": "kv-set", "key": "probe/k", "value": format!("value-of-{tenant}")},
        ]);
        host.run("probe", &Policy::open(), &actions, &[tenant])?.expect(0)?;
    }
    Ok(host)
}

#[test]
fn everything_of_a_tenant_and_nothing_of_another() -> Tested {
    let host = lived_in()?;
    // A suspended tenant's data is the tenant's still.
    host.ask(&["tenant", "suspend", "acme", "--reason", "leaves us"])?.expect(0)?;
    let to = host.beside("export");
    let at = to.display().to_string();
    let said = host.ask(&["tenant", "export", "acme", "--to", &at])?;
    assert_eq!(text(said.expect(0)?.lines.first().ok_or("a line")?, "/type"), "exported");
    host.ask(&["tenant", "export", "acme", "--to", &at])?.is_error("tenant-export-exists", 3)?;

    let manifest: Value = serde_json::from_slice(&fs::read(to.join("manifest.json"))?)?;
    assert_eq!(text(&manifest, "/tenant/state"), "suspended");
    let listed = manifest.get("files").and_then(Value::as_array).ok_or("files")?;
    let tables: BTreeMap<&str, &Value> =
        listed.iter().filter(|file| file.get("table").is_some()).map(|file| (text(file, "/table"), file)).collect();
    let counted: Vec<(&str, u64)> = tables
        .iter()
        .filter(|(table, _)| !table.starts_with("casemate."))
        .map(|(table, file)| (*table, file.get("lines").and_then(Value::as_u64).unwrap_or_default()))
        .collect();
    assert_eq!(counted, COUNTS);

    // Cells are what Postgres reads back as the same value.
    let odd = lines(&to.join(text(tables.get("public.odd").ok_or("odd")?, "/path")))?;
    let first = odd.iter().find(|row| text(row, "/id") == "1").ok_or("a row")?;
    assert_eq!(text(first, "/amount"), "1.100000000000000000000000000001");
    assert_eq!(text(first, "/ratio"), "1.1");
    assert_eq!(text(first, "/at"), "2026-01-02 01:04:05.678901+00");
    assert_eq!(text(first, "/day"), "0044-03-15 BC");
    assert_eq!(text(first, "/bytes"), "\\x00ff27225c");
    assert_eq!(text(first, "/tags"), "{\"a,b\",NULL,\"\\\"\",\"\",acme}");
    assert_eq!(text(first, "/doc"), "{\"a\": [null], \"b\": 1.10}");
    assert_eq!(text(first, "/words"), "line\nline\ttab \"quoted\" \\ mark-of-acme");
    assert_eq!(first.get("boss"), Some(&Value::Null));
    let kv = lines(&to.join(text(tables.get("casemate.kv").ok_or("kv")?, "/path")))?;
    assert_eq!(
        kv,
        [json!({"agent": "probe", "key": "probe/k", "value": format!("\\x{}", hex::encode("value-of-acme"))})]
    );

    // The run, with the frames opened and the values behind its tokens.
    let runs = lines(&to.join("runs.jsonl"))?;
    assert_eq!(runs.len(), 1, "{runs:?}");
    let frames = fs::read_to_string(to.join("frames.jsonl"))?;
    for mark in ["input-of-acme", "acme@example.org", "probe/k", "\"kind\":\"end\""] {
        assert!(frames.contains(mark), "{mark} is not in {frames}");
    }

    let (mut all, globex) = (Vec::new(), id_of(&host, "globex")?);
    files(&to, &mut all)?;
    let value = hex::encode("value-of-globex");
    for path in &all {
        let bytes = fs::read(path)?;
        for mark in ["mark-of-globex", "input-of-globex", "globex@example.org", &value, &globex] {
            assert!(!contains(&bytes, mark), "{mark} is in {}", path.display());
        }
    }

    // The log is one that can be verified alone, by this program and by another.
    let audit = to.join("audit").display().to_string();
    host.ask(&["audit", "verify", "--exported", &audit, "--key", &host.key()?])?.expect(0)?;
    let peer = workspace().join("tests/peers/export.py");
    let checked = Command::new("python3").arg(peer).arg(&to).output()?;
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let checked: Value = serde_json::from_slice(&checked.stdout)?;
    assert_eq!(checked.get("files").and_then(Value::as_u64), Some(listed.len() as u64));
    assert_eq!(checked.get("tenants"), Some(&json!([id_of(&host, "acme")?])));

    // And a byte that was changed is found.
    let entries = to.join("audit/entries");
    let mut bytes = fs::read(&entries)?;
    *bytes.last_mut().ok_or("a byte")? ^= 1;
    fs::write(&entries, bytes)?;
    host.ask(&["audit", "verify", "--exported", &audit, "--key", &host.key()?])?.expect(12)?;
    host.is_in_order()
}

#[test]
fn a_table_that_is_not_protected_stops_it() -> Tested {
    let host = Host::seeded()?;
    let file = host.file("loose.sql", "create table public.loose (tenant_id uuid, id integer)")?;
    host.ask(&["db", "apply", &file])?.expect(0)?;
    let to = host.beside("export");
    host.ask(&["tenant", "export", "acme", "--to", &to.display().to_string()])?.is_error("store-tenant-table", 3)?;
    assert!(!to.exists(), "half of an export is none");
    Ok(())
}
