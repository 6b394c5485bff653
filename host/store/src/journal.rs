//! The journal in Postgres. An append is one round trip: claim, proof of who appends, epoch check and commit in one
//! call of a definer function. It doesn't know what a frame says.

use std::error::Error;

use casemate_gate::job::Ending;
use casemate_gate::journal::{Journal, JournalError, Row};
use casemate_gate::rls::Scope;
use futures_util::future::BoxFuture;

use std::time::Duration;

use crate::claims::Keyring;
use crate::error::sqlstate;
use crate::session::{Db, Door};
use crate::wire;

/// Most rows of one append, as the function has it.
const ROWS: usize = 1024;
/// Most bytes of a frame, as the table has it.
const FRAME: usize = 16 * 1024 * 1024;
/// How long an append may take before the host gives up on it.
const LIMIT: Duration = Duration::from_secs(30);

/// Keeps the frames of runs that survive the process.
#[derive(Debug, Clone)]
pub struct PgJournal {
    db: Db,
}

impl PgJournal {
    /// The journal of this database.
    #[must_use]
    pub fn new(db: &Db) -> Self {
        Self { db: db.clone() }
    }

    async fn record(&self, scope: &Scope, rows: Vec<Row>) -> Result<(), JournalError> {
        if rows.is_empty() {
            return Ok(());
        }
        let append = Append::new(self.db.keyring(), scope, &rows)?;
        let token = self.db.keyring().token(scope, LIMIT).map_err(unavailable)?;
        let db = self.db.clone();
        let appended = self.db.on_host(tokio::time::timeout(LIMIT, async move {
            let mut lease = db.lease(Door::Records).await.map_err(unavailable)?;
            let conn = lease.get();
            let record = "select casemate.journal_record($1, $2, $3, $4, $5, $6, $7, $8)";
            let appended: i64 = sqlx::query_scalar(record)
                .bind(token)
                .bind(append.key)
                .bind(append.run)
                .bind(append.epoch)
                .bind(append.seqs)
                .bind(append.kinds)
                .bind(append.frames)
                .bind(append.tag.as_slice())
                .fetch_one(conn)
                .await
                .map_err(refused)?;
            lease.clean();
            Ok(appended)
        }));
        match appended.await.map_err(unavailable)?.map_err(unavailable)?? {
            0 => Err(JournalError::Fenced),
            _ => Ok(()),
        }
    }
}

impl Journal for PgJournal {
    fn append<'a>(&'a self, scope: &'a Scope, rows: Vec<Row>) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(self.record(scope, rows))
    }

    fn end<'a>(&'a self, scope: &'a Scope, rows: Vec<Row>, ending: Ending) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(self.db.end_run(scope, rows, ending))
    }
}

/// The arguments of an append with the tag over them.
#[derive(Debug)]
pub(crate) struct Append {
    key: String,
    run: uuid::Uuid,
    epoch: i64,
    seqs: Vec<i64>,
    kinds: Vec<i16>,
    frames: Vec<Vec<u8>>,
    tag: [u8; 32],
}

impl Append {
    /// Rows of one run under one claim.
    pub(crate) fn new(keyring: &Keyring, scope: &Scope, rows: &[Row]) -> Result<Self, JournalError> {
        let first = rows.first().ok_or_else(|| unavailable("an append needs a row"))?;
        let (run, epoch) = (first.run, first.epoch);
        let alike = rows.iter().all(|row| row.run == run && row.epoch == epoch && row.sealed.len() <= FRAME);
        if !alike || rows.len() > ROWS {
            return Err(unavailable("an append is at most 1024 rows of one run and epoch, of at most 16 MiB each"));
        }
        let signed = |number: u64| i64::try_from(number).map_err(unavailable);
        let seqs = rows.iter().map(|row| signed(row.seq.get())).collect::<Result<Vec<_>, _>>()?;
        let heads: Vec<(String, &[u8])> = rows
            .iter()
            .map(|row| {
                let head = format!("|{}:{}:{}|", row.seq, row.kind.number(), row.sealed.len());
                (head, row.sealed.as_slice())
            })
            .collect();
        let tag = keyring.journal_tag(&format!("{}|{run}|{epoch}", scope.tenant()), &heads);
        Ok(Self {
            key: keyring.id().to_owned(),
            run: run.as_uuid(),
            epoch: signed(epoch.get())?,
            seqs,
            kinds: rows.iter().map(|row| row.kind.number()).collect(),
            frames: rows.iter().map(|row| row.sealed.clone()).collect(),
            tag,
        })
    }

    /// As one statement of a message; it ends the transaction if the run is fenced.
    pub(crate) fn statement(&self) -> String {
        let Self { key, run, epoch, seqs, kinds, frames, tag } = self;
        let numbers = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(",");
        let frames = numbers(&mut frames.iter().map(|frame| wire::bytes(frame)));
        let seqs = numbers(&mut seqs.iter().map(ToString::to_string));
        let kinds = numbers(&mut kinds.iter().map(ToString::to_string));
        format!(
            "SELECT casemate.journal_append_or_abort('{key}', '{run}', {epoch}, ARRAY[{seqs}]::bigint[], \
             ARRAY[{kinds}]::smallint[], ARRAY[{frames}], {})",
            wire::bytes(tag)
        )
    }
}

pub(crate) fn unavailable(error: impl Into<Box<dyn Error + Send + Sync>>) -> JournalError {
    JournalError::Unavailable(error.into())
}

/// The function's own refusal, and a row that is there already: then another claim, or an append whose answer was
/// lost, has recorded this call, and the run has to be claimed anew and replayed.
pub(crate) fn refused(error: sqlx::Error) -> JournalError {
    match sqlstate(&error).as_deref() {
        Some("CM001" | "23505") => JournalError::Fenced,
        _ => unavailable(error),
    }
}
