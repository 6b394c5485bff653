//! Shared documents for whoever can't wait on the host's runtime: its threads may all be waiting for the same lock. A thread
//! with a runtime and a connection of its own does what is asked, one after the other, and outlasts a restart of Postgres of
//! some seconds. It doesn't know what stands in the documents.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use sqlx::postgres::PgRow;
use sqlx::{ConnectOptions as _, PgConnection, Row as _};
use uuid::Uuid;

use super::{Document, REPLACE, UPDATE};
use crate::error::{StoreError, sqlstate};
use crate::provision::ConnectInfo;

/// Questions that wait for the thread.
const WAITING: usize = 64;
/// How long one is tried.
const PATIENCE: Duration = Duration::from_secs(8);
/// How soon it is tried again.
const AGAIN: Duration = Duration::from_millis(200);

const NEWER: &str = "select version, content from casemate.documents where name = $1 and version <> $2";
const VERSIONS: &str = "select name, version from casemate.documents where starts_with(name, $1) order by name";
/// Whether the answer to a replacement was lost, and not the replacement.
const IS_DONE: &str = "select 1 from casemate.documents where name = $1 and version = $2 + 1 and content = $3";
const PUT: &str = "insert into casemate.documents as d (name, version, content) values ($1, 1, $2)
    on conflict (name) do update set version = d.version + 1, content = excluded.content, changed_at = now()";
/// Hosts that are up and have not noted that they are so far. What a host noted is a number in a document of its own.
const BEHIND: &str = "select h.name from casemate.hosts h left join casemate.documents d on d.name = 'noted/' || h.id
    where h.expires_at > now() and coalesce(convert_from(d.content, 'UTF8')::bigint, 0) < $1 order by h.name limit 100";

/// A statement, and what it is given.
#[derive(Debug)]
struct Question {
    text: &'static str,
    binds: Vec<Bind>,
}

#[derive(Debug)]
enum Bind {
    Text(String),
    Number(i64),
    Bytes(Vec<u8>),
}

#[derive(Debug)]
struct Ask {
    question: Question,
    answer: SyncSender<Result<Vec<PgRow>, sqlx::Error>>,
}

/// See the file's head. Cheap to share; the thread ends with it.
#[derive(Debug)]
pub struct Keeper {
    asks: SyncSender<Ask>,
}

impl Keeper {
    /// Starts the thread; it connects when it is first asked.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when there can be no thread.
    pub fn open(info: &ConnectInfo) -> Result<Self, StoreError> {
        let (asks, asked) = sync_channel(WAITING);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let mut client = Client { info: info.clone(), conn: None };
        let runtime = runtime.map_err(StoreError::unreachable)?;
        let work = move || serve(&runtime, &mut client, &asked);
        thread::Builder::new().name("documents".to_owned()).spawn(work).map_err(StoreError::unreachable)?;
        Ok(Self { asks })
    }

    /// A document, if it has another version than the one that is known (0 for none).
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub fn newer(&self, name: &str, known: i64) -> Result<Option<Document>, StoreError> {
        let name = name.to_owned();
        let rows = self.ask(Question { text: NEWER, binds: vec![Bind::Text(name), Bind::Number(known)] })?;
        let read = |row: &PgRow| Ok(Document { version: row.try_get(0)?, content: row.try_get(1)? });
        rows.first().map(read).transpose().map_err(|error: sqlx::Error| StoreError::unreachable(error))
    }

    /// Names and versions of the documents whose names begin so.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub fn versions(&self, prefix: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = self.ask(Question { text: VERSIONS, binds: vec![Bind::Text(prefix.to_owned())] })?;
        let read = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }

    /// As [`crate::Db::replace_document`].
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]: then it is not known whether it was replaced.
    pub fn replace(&self, name: &str, last: i64, content: &[u8]) -> Result<Option<i64>, StoreError> {
        let binds = vec![Bind::Text(name.to_owned()), Bind::Number(last), Bind::Bytes(content.to_vec())];
        let text = if last == 0 { REPLACE } else { UPDATE };
        let rows = self.ask(Question { text, binds })?;
        Ok((!rows.is_empty()).then(|| last.saturating_add(1)))
    }

    /// Notes how far a host is with a document.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub fn note(&self, host: Uuid, version: i64) -> Result<(), StoreError> {
        let binds = vec![Bind::Text(format!("noted/{host}")), Bind::Bytes(version.to_string().into_bytes())];
        self.ask(Question { text: PUT, binds }).map(drop)
    }

    /// Names of hosts that are up and not so far yet.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub fn behind(&self, version: i64) -> Result<Vec<String>, StoreError> {
        let rows = self.ask(Question { text: BEHIND, binds: vec![Bind::Number(version)] })?;
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }

    fn ask(&self, question: Question) -> Result<Vec<PgRow>, StoreError> {
        let gone = || StoreError::Unreachable("the thread that keeps documents is gone".into());
        let (answer, answered) = sync_channel(1);
        self.asks.send(Ask { question, answer }).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?.map_err(StoreError::unreachable)
    }
}

fn serve(runtime: &tokio::runtime::Runtime, client: &mut Client, asked: &Receiver<Ask>) {
    for Ask { question, answer } in asked {
        let found = runtime.block_on(client.answer(&question));
        // Whoever asked may be gone.
        let _heard = answer.send(found);
    }
}

struct Client {
    info: ConnectInfo,
    conn: Option<PgConnection>,
}

impl Client {
    /// Again on a new connection, where one broke: what was asked is done once however often it is asked.
    async fn answer(&mut self, question: &Question) -> Result<Vec<PgRow>, sqlx::Error> {
        let deadline = Instant::now() + PATIENCE;
        let mut has_tried = false;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let tried = tokio::time::timeout(left, self.once(question, has_tried)).await;
            match tried.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                // Postgres has understood, and won't say anything else the next time.
                Err(error) if is_refusal(&error) || Instant::now() + AGAIN >= deadline => {
                    self.conn = None;
                    return Err(error);
                }
                Err(_) => {
                    self.conn = None;
                    has_tried = true;
                    tokio::time::sleep(AGAIN).await;
                }
                Ok(rows) => return Ok(rows),
            }
        }
    }

    async fn once(&mut self, question: &Question, has_tried: bool) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.info.host().connect().await?,
        };
        let replaces = matches!(question.text, REPLACE | UPDATE);
        if has_tried && replaces {
            let done = question.of(IS_DONE).fetch_all(&mut conn).await?;
            if !done.is_empty() {
                self.conn = Some(conn);
                return Ok(done);
            }
        }
        let rows = question.of(question.text).fetch_all(&mut conn).await?;
        self.conn = Some(conn);
        Ok(rows)
    }
}

impl Question {
    fn of(&self, text: &'static str) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
        self.binds.iter().fold(sqlx::query(text), |query, bind| match bind {
            Bind::Text(text) => query.bind(text.clone()),
            Bind::Number(number) => query.bind(*number),
            Bind::Bytes(bytes) => query.bind(bytes.clone()),
        })
    }
}

/// Whether Postgres has said no; one that is starting or stopping says so by a class of its own.
fn is_refusal(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| !["57", "08", "53", "40"].iter().any(|class| code.starts_with(class)))
}
