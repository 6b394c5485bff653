//! Everything of a tenant in a directory: rows of all tables, runs with their frames opened, policy, budgets, components, and
//! its log as an auditor verifies it. The manifest is written last and names every file with its digest, so what has one is
//! whole. It doesn't know how the files come to whoever gets them.

mod folder;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use casemate_gate::budget::written;
use casemate_gate::journal::{Row, RowKind};
use casemate_gate::registry::{Change, Happened, Subject};
use casemate_gate::{Digest, TenantId};
use casemate_ledger::verify::{CHECKPOINT, ENTRIES};
use casemate_store::{RunRecord, TableHead};
use serde_json::{Map, Value, json};

use super::Tenant;
use crate::app::{App, AppError, read_pack};
use crate::clock;
use crate::config::Config;
use crate::dispatch::Exported;
use crate::dispatch::registry::record;
use folder::{File, Folder};

/// The form of an export.
const FORM: &str = "casemate export v1";

/// What was exported.
#[derive(Debug)]
pub struct Export {
    /// Whose.
    pub id: TenantId,
    /// The files by their path in the directory, with their bytes and lines.
    pub files: Vec<(String, u64, Option<u64>)>,
}

impl App {
    /// Writes everything of a tenant into a directory, which must not be there yet. `told` is told of each file. The export
    /// is on record before anything leaves.
    ///
    /// # Errors
    /// [`AppError::ExportExists`], [`AppError::TenantLeaving`]; those of database, ledger, keys and files: then the
    /// directory is removed again.
    pub async fn export_tenant(
        &self,
        config: &Config,
        name: &str,
        to: &Path,
        told: &mut dyn FnMut(&str, u64),
    ) -> Result<Export, AppError> {
        let tenant = self.tenants.get(name)?.clone();
        if tenant.leaving_ms.is_some() {
            return Err(AppError::TenantLeaving(name.to_owned()));
        }
        let folder = Folder::make(to)?;
        let change = Change::new(Subject::Tenant, name, Happened::Exported, Value::Null, Value::Null);
        record(&self.ledger, tenant.id, self.packs.digest(tenant.id)?, &[change]).await?;
        match self.write_all(config, name, &tenant, folder, told).await {
            Ok(export) => Ok(export),
            Err(error) => {
                // Half of an export is none; what can't be removed has no manifest.
                if let Err(error) = std::fs::remove_dir_all(to) {
                    tracing::warn!(%error, "what was exported could not be removed");
                }
                Err(error)
            }
        }
    }

    async fn write_all(
        &self,
        config: &Config,
        name: &str,
        tenant: &Tenant,
        mut folder: Folder<'_>,
        told: &mut dyn FnMut(&str, u64),
    ) -> Result<Export, AppError> {
        let id = tenant.id;
        self.write_database(id, &mut folder, told).await?;
        if let Some(pack) = self.packs.active(id)? {
            for (file, bytes) in read_pack(&self.packs.folder(pack.digest))?.iter() {
                folder.write(&format!("policy/{file}"), bytes)?;
            }
        }
        for digest in self.dispatcher.artefacts_of(id).await? {
            // A policy that was a pack is not among them.
            if let Ok(bytes) = self.artefacts.get(digest) {
                folder.write(&format!("artefacts/{digest}"), &bytes)?;
            }
        }
        let mut budgets = folder.begin("budgets.jsonl")?;
        for line in self.dispatcher.budgets_of(id).await? {
            budgets.line(&line)?;
        }
        folder.end(budgets, Map::new(), told)?;
        self.write_log(config, id, &mut folder, told).await?;
        let agents = self.dispatcher.agents_of(id).await;
        let agents: Map<String, Value> =
            agents.into_iter().map(|(agent, component)| (agent.to_string(), json!(component.to_string()))).collect();
        let suspended = tenant.suspended.as_ref();
        let manifest = json!({
            "form": FORM,
            "tenant": {
                "name": name, "id": id, "state": tenant.state(),
                "since": suspended.map(|suspended| written(suspended.since_ms)),
                "reason": suspended.and_then(|suspended| suspended.reason.clone()),
            },
            "at": written(clock::now_ms()),
            "host": self.keys.host(),
            "policy": self.packs.digest(id)?.to_string(),
            "agents": agents,
            "cells": {
                "form": "postgres-text", "timezone": "UTC", "datestyle": "ISO, YMD", "intervalstyle": "iso_8601",
                "bytea": "hex", "encoding": "UTF8",
            },
        });
        let files = folder.close(manifest)?;
        Ok(Export { id, files })
    }

    async fn write_database(
        &self,
        id: TenantId,
        folder: &mut Folder<'_>,
        told: &mut dyn FnMut(&str, u64),
    ) -> Result<(), AppError> {
        let mut writing = Writing::Nothing;
        let mut tables = 0_u64;
        self.dispatcher
            .export(id, |piece| -> Result<(), AppError> {
                match piece {
                    Exported::Table(head) => {
                        std::mem::replace(&mut writing, Writing::Nothing).end(folder, told)?;
                        tables = tables.saturating_add(1);
                        writing = Writing::Table(folder.begin(&table_file(tables, &head.name))?, head);
                        Ok(())
                    }
                    Exported::Runs => {
                        std::mem::replace(&mut writing, Writing::Nothing).end(folder, told)?;
                        writing = Writing::Runs(folder.begin("runs.jsonl")?, folder.begin("frames.jsonl")?);
                        Ok(())
                    }
                    Exported::Row(cells) => match &mut writing {
                        Writing::Table(file, head) => file.line(&row(head, cells)),
                        _ => Ok(()),
                    },
                    Exported::Run(run) => match &mut writing {
                        Writing::Runs(runs, _) => runs.line(&told_run(&run)),
                        _ => Ok(()),
                    },
                    Exported::Frame { row: Row { run, seq, epoch, kind, .. }, frame } => match &mut writing {
                        Writing::Runs(_, frames) => {
                            let frame = serde_json::to_value(&frame).map_err(|_| AppError::Interrupted)?;
                            let (seq, epoch, kind) = (seq.get(), epoch.get(), kind_name(kind));
                            frames.line(&json!({"run": run, "call": seq, "claim": epoch, "kind": kind, "frame": frame}))
                        }
                        _ => Ok(()),
                    },
                }
            })
            .await?;
        writing.end(folder, told)
    }

    /// The log as it stands, under a checkpoint of this moment, with the keys that verify it.
    async fn write_log(
        &self,
        config: &Config,
        id: TenantId,
        folder: &mut Folder<'_>,
        told: &mut dyn FnMut(&str, u64),
    ) -> Result<(), AppError> {
        let signed = self.ledger.checkpoint(self.ledger.origin(id.as_uuid())).await?;
        let mut entries = folder.begin(&format!("audit/{ENTRIES}"))?;
        let covered = signed.first().map_or(0, casemate_ledger::SignedCheckpoint::size);
        for entry in self.dispatcher.log_of(id)? {
            let entry = entry.map_err(AppError::from)?;
            // What came after the checkpoint is nobody's word yet.
            if entry.leaf.index < covered {
                entries.bytes(&entry.to_bytes())?;
            }
        }
        folder.end(entries, Map::from_iter([("entries".to_owned(), json!(covered))]), told)?;
        if let Some(signed) = signed.first() {
            folder.write(&format!("audit/{CHECKPOINT}"), signed.note())?;
        }
        let keys = std::fs::read(config.verifier_key()).map_err(AppError::file(config.verifier_key()))?;
        folder.write("audit/keys", &keys)
    }
}

/// The file that is being written.
enum Writing {
    Nothing,
    Table(File, TableHead),
    Runs(File, File),
}

impl Writing {
    fn end(self, folder: &mut Folder<'_>, told: &mut dyn FnMut(&str, u64)) -> Result<(), AppError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Table(file, head) => {
                let column = |(name, kind): &(String, String)| json!({"name": name, "type": kind});
                let columns: Vec<Value> = head.columns.iter().map(column).collect();
                let about = [("table".to_owned(), json!(head.name)), ("columns".to_owned(), json!(columns))];
                folder.end(file, Map::from_iter(about), told)
            }
            Self::Runs(runs, frames) => {
                folder.end(runs, Map::new(), told)?;
                folder.end(frames, Map::new(), told)
            }
        }
    }
}

/// A table's file: numbered, since two names may become the same one here.
fn table_file(number: u64, name: &str) -> String {
    let plain = |byte: char| if byte.is_ascii_alphanumeric() || matches!(byte, '_' | '.') { byte } else { '-' };
    let name: String = name.chars().map(plain).take(100).collect();
    format!("tables/{number:04}-{name}.jsonl")
}

fn row(head: &TableHead, cells: Vec<Option<String>>) -> Value {
    head.columns.iter().map(|(name, _)| name.clone()).zip(cells.into_iter().map(Value::from)).collect()
}

fn told_run(run: &RunRecord) -> Value {
    let moment = |time: SystemTime| {
        written(u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX))
    };
    let digest = |digest: Digest| digest.to_string();
    json!({
        "run": run.id, "agent": run.agent, "component": digest(run.component), "policy": digest(run.policy),
        "state": run.state.name(), "claims": run.epoch.get(), "created": moment(run.created_at),
        "finished": run.finished_at.map(moment), "wakes": run.wake_at.map(moment),
    })
}

const fn kind_name(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Start => "start",
        RowKind::Intent => "intent",
        RowKind::Outcome => "outcome",
        RowKind::End => "end",
    }
}
