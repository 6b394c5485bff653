//! Tenants as they are shown: a table for people, one JSON object a line for machines. It doesn't know how they came to
//! their standing.

use std::path::Path;

use casemate_gate::TenantId;
use casemate_gate::budget::written;
use casemate_store::RunState;
use serde_json::{Map, Value, json};

use crate::app::{Deleted, Export, Tenant};
use crate::cli::{Format, output};

/// A tenant that was just added.
pub(super) fn added(format: Format, name: &str, id: TenantId) {
    match format {
        Format::Json => {
            output::line(&json!({"type": "tenant", "tenant": name, "id": id, "state": "active"}).to_string());
        }
        Format::Human => output::line(&output::table(&["tenant", "id"], vec![vec![name.to_owned(), id.to_string()]])),
    }
}

/// A tenant with its runs by state.
pub(super) type Counted = (String, Tenant, Vec<(RunState, u64)>);

/// Tenants with their standings.
pub(super) fn tenants<'a>(format: Format, tenants: impl Iterator<Item = (&'a str, &'a Tenant)>) {
    match format {
        Format::Json => tenants.for_each(|(name, tenant)| output::line(&told(name, tenant).to_string())),
        Format::Human => {
            let rows = tenants.map(|(name, tenant)| row(name, tenant)).collect();
            output::line(&output::table(&["tenant", "id", "state", "since", "reason"], rows));
        }
    }
}

/// What a tenant's jobs get beside others'.
pub(super) fn share(format: Format, name: &str, weight: u32, cap: Option<u32>) {
    match format {
        Format::Json => {
            output::line(&json!({"type": "share", "tenant": name, "weight": weight, "concurrency": cap}).to_string());
        }
        Format::Human => {
            let cap = cap.map_or_else(|| "none".to_owned(), |cap| cap.to_string());
            let row = vec![name.to_owned(), weight.to_string(), cap];
            output::line(&output::table(&["tenant", "weight", "runs at once"], vec![row]));
        }
    }
}

/// The same with their runs.
pub(super) fn with_runs(format: Format, tenants: &[Counted]) {
    match format {
        Format::Json => {
            for (name, tenant, runs) in tenants {
                let mut line = told(name, tenant);
                let runs: Map<_, _> = runs.iter().map(|(state, runs)| (state.name().to_owned(), json!(runs))).collect();
                if let Value::Object(line) = &mut line {
                    line.insert("runs".to_owned(), Value::Object(runs));
                }
                output::line(&line.to_string());
            }
        }
        Format::Human => {
            let row = |(name, tenant, runs): &Counted| {
                let runs = runs.iter().map(|(state, runs)| format!("{runs} {}", state.name()));
                let mut row = row(name, tenant);
                row.push(runs.collect::<Vec<_>>().join(", "));
                row
            };
            let heads = ["tenant", "id", "state", "since", "reason", "runs"];
            output::line(&output::table(&heads, tenants.iter().map(row).collect()));
        }
    }
}

fn told(name: &str, tenant: &Tenant) -> Value {
    let (since, reason) = since(tenant);
    json!({
        "type": "tenant", "tenant": name, "id": tenant.id, "state": tenant.state(), "since": since, "reason": reason,
    })
}

fn row(name: &str, tenant: &Tenant) -> Vec<String> {
    let (since, reason) = since(tenant);
    let state = match tenant.state() {
        "active" => "active".to_owned(),
        other => output::notable(other),
    };
    let reason = reason.map(output::printable).unwrap_or_default();
    vec![name.to_owned(), tenant.id.to_string(), state, since.unwrap_or_default(), reason]
}

/// What was exported of a tenant.
pub(super) fn exported(format: Format, name: &str, to: &Path, exported: &Export) {
    let Export { id, files } = exported;
    let bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    match format {
        Format::Json => {
            let file = |(path, bytes, lines): &(String, u64, Option<u64>)| json!({"path": path, "bytes": bytes, "lines": lines});
            let files: Vec<_> = files.iter().map(file).collect();
            let line = json!({"type": "exported", "tenant": name, "id": id, "to": to, "files": files, "bytes": bytes});
            output::line(&line.to_string());
        }
        Format::Human => {
            let row = |(path, bytes, lines): &(String, u64, Option<u64>)| {
                let lines = lines.map(|lines| lines.to_string()).unwrap_or_default();
                vec![output::printable(path), lines, bytes.to_string()]
            };
            output::line(&output::table(&["file", "lines", "bytes"], files.iter().map(row).collect()));
            let words = format!("everything of {name} is in {}: {} files, {bytes} bytes", to.display(), files.len());
            output::line(&output::good(&words));
        }
    }
}

/// What went with a tenant.
pub(super) fn deleted(format: Format, name: &str, deleted: &Deleted) {
    let Deleted { id, rows, keys } = deleted;
    match format {
        Format::Json => {
            let rows: Map<_, _> = rows.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
            let line = json!({"type": "deleted", "tenant": name, "id": id, "rows": rows, "keys": keys});
            output::line(&line.to_string());
        }
        Format::Human => {
            let row = |(table, rows): &(String, u64)| vec![output::printable(table), rows.to_string()];
            if !rows.is_empty() {
                output::line(&output::table(&["table", "rows deleted"], rows.iter().map(row).collect()));
            }
            output::line(&output::good(&format!(
                "{name} is deleted, and its {keys} keys are destroyed; its log stays"
            )));
        }
    }
}

/// Since when its state is what it is, and why; nothing of one that is active.
fn since(tenant: &Tenant) -> (Option<String>, Option<&str>) {
    let suspended = tenant.suspended.as_ref();
    let since = tenant.leaving_ms.or(suspended.map(|suspended| suspended.since_ms));
    (since.map(written), suspended.and_then(|suspended| suspended.reason.as_deref()))
}
