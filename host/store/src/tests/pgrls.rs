//! What `pgrls`, a linter and prover for row-level security by others, says of the tables that ship. What it finds and
//! is accepted stands here with its reason; anything else fails, and so does a reason that is no longer needed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::world::{AnyError, Outcome};
use crate::Cluster;

/// Rules, where they are broken, and why that is as it should be.
const ACCEPTED: &[(&[&str], &[&str], &str)] = &[
    (
        // No column in the condition; constant true for reading, for writing, for whoever isn't logged in.
        &["SEC005", "SEC008", "SEC028", "SEC038"],
        &[
            "app.keys.keys_of_owner",
            "casemate.journal.journal_append_by_owner",
            "casemate.journal.journal_erased_by_owner",
            "casemate.journal.journal_read_by_host",
            "casemate.journal.journal_read_by_keeper",
            "casemate.journal.journal_seen_by_owner",
            "casemate.kv.kv_erased_by_owner",
            "casemate.kv.kv_of_host",
            "casemate.kv.kv_read_by_keeper",
            "casemate.kv.kv_seen_by_owner",
            "casemate.approvals.approvals_erased_by_owner",
            "casemate.approvals.approvals_of_host",
            "casemate.approvals.approvals_read_by_keeper",
            "casemate.approvals.approvals_seen_by_owner",
            "casemate.windows.windows_erased_by_owner",
            "casemate.windows.windows_of_host",
            "casemate.windows.windows_read_by_keeper",
            "casemate.windows.windows_seen_by_owner",
            "casemate.stretches.stretches_erased_by_owner",
            "casemate.stretches.stretches_of_host",
            "casemate.stretches.stretches_read_by_keeper",
            "casemate.stretches.stretches_seen_by_owner",
            "casemate.artefacts.artefacts_erased_by_owner",
            "casemate.artefacts.artefacts_of_host",
            "casemate.artefacts.artefacts_read_by_keeper",
            "casemate.artefacts.artefacts_seen_by_owner",
            "casemate.documents.documents_of_host",
            "casemate.documents.documents_of_owner",
            "casemate.events.events_erased_by_owner",
            "casemate.events.events_of_host",
            "casemate.events.events_read_by_keeper",
            "casemate.events.events_seen_by_owner",
            "casemate.hosts.hosts_of_host",
            "casemate.hosts.hosts_of_owner",
            "casemate.later.later_of_host",
            "casemate.later.later_of_owner",
            "casemate.leases.leases_of_host",
            "casemate.leases.leases_of_owner",
            "casemate.queue.queue_of_host",
            "casemate.queue.queue_of_owner",
            "casemate.queue_0.queue_of_owner",
            "casemate.queue_1.queue_of_owner",
            "casemate.queue_2.queue_of_owner",
            "casemate.queue_3.queue_of_owner",
            "casemate.queue_4.queue_of_owner",
            "casemate.queue_5.queue_of_owner",
            "casemate.queue_6.queue_of_owner",
            "casemate.queue_7.queue_of_owner",
            "casemate.queue_slot.queue_slot_of_host",
            "casemate.queue_slot.queue_slot_of_owner",
            "casemate.shares.shares_of_host",
            "casemate.shares.shares_of_owner",
            "casemate.runs.runs_of_host",
            "casemate.runs.runs_of_owner",
            "casemate.runs.runs_read_by_keeper",
            "casemate.tenants.tenants_of_host",
            "casemate.tenants.tenants_of_owner",
            "public.assessments.tenant_rows",
            "public.summaries.tenant_rows",
            "public.tasks.tenant_rows",
        ],
        "permissive policies say who sees anything at all, to one named login or to agents; whose rows they are, the \
         restrictive floor says, and where there is none, `exemptions.rs` says why",
    ),
    (
        &["SEC007"],
        &[
            "app.keys",
            "casemate.documents",
            "casemate.hosts",
            "casemate.later",
            "casemate.leases",
            "casemate.queue",
            "casemate.queue_0",
            "casemate.queue_1",
            "casemate.queue_2",
            "casemate.queue_3",
            "casemate.queue_4",
            "casemate.queue_5",
            "casemate.queue_6",
            "casemate.queue_7",
            "casemate.queue_slot",
            "casemate.shares",
            "casemate.tenants",
        ],
        "tables without a floor: the exemptions of `casemate db check`, which hold no tenant's data",
    ),
    (
        &["SEC013"],
        &["casemate.runs.keep_queue", "public.assessments.count_write"],
        "the first keeps the queue as the runs are, as the owner, whom FORCE binds; the second runs as who writes",
    ),
    (
        &["SEC014"],
        &[
            "app.open",
            "app.rotate",
            "app.tenant",
            "casemate.due",
            "casemate.erase",
            "casemate.forget",
            "casemate.journal_append",
            "casemate.journal_append_or_abort",
            "casemate.journal_begin",
            "casemate.journal_record",
            "casemate.keep_queue",
            "casemate.suspended",
            "casemate.turn_queue",
        ],
        "definer functions of an owner whom FORCE binds, with a pinned search path: they do nothing without the host's \
         signature, but for the trigger, what tends the queue for the host's login, and `rotate`, which only the owner may \
         call",
    ),
    (&["PERF003"], &["casemate.tenants.tenants_erased_by_owner"], "asked once in a tenant's life, of one row"),
    (&["SEC001"], &["app.migrations"], "numbers and digests of migrations, no tenant's data; no agent may read it"),
];

fn ask(cluster: &Cluster, words: &[&str]) -> Result<Value, AnyError> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/bin/pgrls");
    if !program.exists() {
        return Err("run `cargo xtask guests` first: it makes target/peers with PyPI's pgrls".into());
    }
    let url = format!("postgresql://postgres@/casemate?host={}", cluster.socket().display());
    let mut command = Command::new(program);
    command.args(words).args(["--database-url", &url, "--schemas", "public,app,casemate", "--format", "json"]);
    let said = command.env("PGPASSWORD", cluster.superuser_password()).output()?;
    serde_json::from_slice(&said.stdout).map_err(|_| String::from_utf8_lossy(&said.stderr).into_owned().into())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// With the tables of the example and the template in place.
pub(super) fn what_ships_is_accepted(cluster: &Cluster) -> Outcome {
    let linted = ask(cluster, &["lint"])?;
    let violations = linted.get("violations").and_then(Value::as_array).ok_or("violations")?;
    let found: BTreeSet<(&str, &str)> =
        violations.iter().map(|one| (text(one, "rule_id"), text(one, "location"))).collect();
    let strange: Vec<_> = found.iter().filter(|(rule, place)| !accepts(rule, place)).collect();
    assert!(strange.is_empty(), "not accepted: {strange:?}");
    for (rules, places, reason) in ACCEPTED {
        for place in *places {
            let is_needed = rules.iter().any(|rule| found.contains(&(rule, place)));
            assert!(is_needed, "{place} is accepted because {reason}, but isn't found");
        }
    }
    // And its proof that nobody reads a row without a claim.
    let proven = ask(cluster, &["verify"])?;
    assert_eq!(proven.pointer("/summary/leak").and_then(Value::as_u64), Some(0), "{proven}");
    let each = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let policies: Vec<Value> = each(&proven, "tables").iter().flat_map(|table| each(table, "policies")).collect();
    assert!(policies.len() > 10, "{proven}");
    let open: Vec<_> = policies
        .iter()
        .filter(|policy| text(policy, "verdict") != "isolated")
        .map(|policy| (text(policy, "policy"), text(policy, "verdict")))
        .collect();
    // They ask a function whether the claim's tenant is suspended, which the prover doesn't look into. They are the
    // owner's, for the function that erases a tenant, and the floor holds the owner.
    let owners = [
        "approvals_seen_by_owner",
        "artefacts_seen_by_owner",
        "events_seen_by_owner",
        // This one asks the runs, which have the floor, too.
        "journal_found_by_owner",
        "journal_seen_by_owner",
        "kv_seen_by_owner",
        "stretches_seen_by_owner",
        "windows_seen_by_owner",
    ];
    assert_eq!(open, owners.map(|name| (name, "unverified")), "{proven}");
    Ok(())
}

fn accepts(rule: &str, place: &str) -> bool {
    ACCEPTED.iter().any(|(rules, places, _)| rules.contains(&rule) && places.contains(&place))
}
