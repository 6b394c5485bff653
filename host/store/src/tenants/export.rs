//! Everything of one tenant out of the database, in one snapshot, row by row: tables of users, values of `kv`, runs and
//! their journals. Cells are in Postgres's own text form, which is read back exactly; frames are sealed still. It doesn't
//! know where the rows go, and waits for whoever takes them.

use casemate_gate::RunId;
use casemate_gate::journal::Row;
use casemate_gate::rls::Scope;
use futures_util::TryStreamExt as _;
use sqlx::{Either, Row as _};
use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use super::keeper::{self, Mode};
use super::tables::{self, UserTable};
use crate::error::StoreError;
use crate::runs::{JOURNAL_COLUMNS, RUN_COLUMNS, RunRecord, journal_row, run_record};
use crate::session::{Db, Lease};
use crate::wire::{self, identifier};

/// One piece of what a tenant has.
#[derive(Debug)]
pub enum Piece {
    /// A table begins.
    Table(TableHead),
    /// A row of it: its cells in the order of the columns, in text form.
    Row(Vec<Option<String>>),
    /// The runs begin; after it come runs and frames only.
    Runs,
    /// A run.
    Run(Box<RunRecord>),
    /// A sealed frame of it.
    Frame(Row),
}

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableHead {
    /// Its name, quoted where it must be.
    pub name: String,
    /// Names and types of its columns, in order.
    pub columns: Vec<(String, String)>,
}

impl Db {
    /// Sends everything of the scope's tenant. A receiver that goes away ends it without an error.
    ///
    /// # Errors
    /// [`StoreError::TenantTable`] and its kind when it would not be everything; [`StoreError::Unreachable`].
    pub async fn export_tenant(&self, scope: &Scope, to: Sender<Piece>) -> Result<(), StoreError> {
        let order = tables::find(self).await?;
        let (db, scope) = (self.clone(), scope.clone());
        let exported = self.on_host(async move {
            let mut lease = keeper::open(&db, &scope, Mode::Snapshot).await?;
            let own = [
                UserTable::of_host("kv", &[("agent", "text"), ("key", "text"), ("value", "bytea")]),
                UserTable::of_host("events", &[("id", "uuid"), ("happened_at", "timestamptz"), ("content", "bytea")]),
                UserTable::of_host(
                    "artefacts",
                    &[("digest", "bytea"), ("content", "bytea"), ("kept_at", "timestamptz")],
                ),
            ];
            for table in order.iter().flatten().chain(&own) {
                if !send_table(&mut lease, table, &to).await? {
                    return Ok(());
                }
            }
            if send_runs(&mut lease, &to).await? {
                wire::simple(lease.get(), "commit".to_owned()).await.map_err(StoreError::unreachable)?;
                lease.clean();
            }
            Ok(())
        });
        exported.await.map_err(StoreError::unreachable)?
    }
}

/// Sends a table; whether anybody still takes it.
async fn send_table(lease: &mut Lease, table: &UserTable, to: &Sender<Piece>) -> Result<bool, StoreError> {
    let head = TableHead { name: table.name(), columns: table.columns.clone() };
    if to.send(Piece::Table(head)).await.is_err() {
        return Ok(false);
    }
    let columns = table.columns.iter().map(|(name, _)| identifier(name)).collect::<Vec<_>>().join(", ");
    let select = format!("select {columns} from {} where tenant_id = (select app.tenant())", table.source());
    let mut rows = wire::stream(lease.get(), select);
    while let Some(step) = rows.try_next().await.map_err(StoreError::unreachable)? {
        let Either::Right(row) = step else { continue };
        let cells = (0..table.columns.len()).map(|column| wire::text(&row, column)).collect::<Result<_, _>>();
        if to.send(Piece::Row(cells.map_err(StoreError::unreachable)?)).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Sends the runs, each before its frames; whether anybody still takes them.
async fn send_runs(lease: &mut Lease, to: &Sender<Piece>) -> Result<bool, StoreError> {
    if to.send(Piece::Runs).await.is_err() {
        return Ok(false);
    }
    // The frames first, since what reads them counts columns from 0; a run without frames has one row.
    let select = format!(
        "select {JOURNAL_COLUMNS}, {RUN_COLUMNS} from casemate.runs r
         left join casemate.journal j on j.tenant_id = r.tenant_id and j.run_id = r.id
         where r.tenant_id = (select app.tenant()) order by r.id, j.seq, j.epoch, j.kind"
    );
    let mut rows = wire::query(select).fetch(lease.get());
    let mut under_way: Option<RunId> = None;
    while let Some(row) = rows.try_next().await.map_err(StoreError::unreachable)? {
        let run = run_record(&row, 5).map_err(StoreError::unreachable)?;
        if under_way.replace(run.id) != Some(run.id) && to.send(Piece::Run(Box::new(run))).await.is_err() {
            return Ok(false);
        }
        let has_frame = row.try_get::<Option<Uuid>, _>(0).map_err(StoreError::unreachable)?.is_some();
        if has_frame {
            let frame = journal_row(&row).map_err(StoreError::unreachable)?;
            if to.send(Piece::Frame(frame)).await.is_err() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
