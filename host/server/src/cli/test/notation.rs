//! One call and its answer as they stand in a case: an object with the operation's name, its arguments by name, and a
//! `reply` or a refusal. It doesn't know what a case is.

use casemate_abi::Code;
use casemate_gate::call::Level;
use casemate_gate::{Ask as Wanted, Operation, Refusal, Reply, Request, Seq, Value as Cell};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cell::{BytesNote, CellNote, TextNote};
use super::layout::Layout;

/// A call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", deny_unknown_fields)]
enum Ask {
    #[serde(rename = "sql.query")]
    SqlQuery {
        statement: TextNote,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<CellNote>,
    },
    #[serde(rename = "sql.execute")]
    SqlExecute {
        statement: TextNote,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<CellNote>,
    },
    #[serde(rename = "sql.returning")]
    SqlReturning {
        statement: TextNote,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<CellNote>,
    },
    #[serde(rename = "sql.open")]
    SqlOpen {
        statement: TextNote,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<CellNote>,
    },
    #[serde(rename = "sql.next")]
    SqlNext { opened: u64, limit: u32 },
    #[serde(rename = "sql.begin")]
    SqlBegin {},
    #[serde(rename = "sql.commit")]
    SqlCommit { opened: u64 },
    #[serde(rename = "sql.transaction-query")]
    SqlTransactionQuery {
        opened: u64,
        statement: TextNote,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<CellNote>,
    },
    #[serde(rename = "sql.transaction-execute")]
    SqlTransactionExecute {
        opened: u64,
        statement: TextNote,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<CellNote>,
    },
    #[serde(rename = "sql.transaction-returning")]
    SqlTransactionReturning {
        opened: u64,
        statement: TextNote,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<CellNote>,
    },
    #[serde(rename = "kv.get")]
    KvGet { key: String },
    #[serde(rename = "kv.set")]
    KvSet { key: String, value: BytesNote },
    #[serde(rename = "kv.delete")]
    KvDelete { key: String },
    #[serde(rename = "kv.add")]
    KvAdd { key: String, delta: i64 },
    #[serde(rename = "log.emit")]
    LogEmit { level: LevelNote, message: TextNote },
    #[serde(rename = "clock.now")]
    ClockNow {},
    #[serde(rename = "clock.sleep")]
    ClockSleep { milliseconds: u64 },
    #[serde(rename = "random.bytes")]
    RandomBytes { length: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LevelNote {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsNote {
    columns: Vec<String>,
    rows: Vec<Vec<CellNote>>,
}

/// A refusal: its name, and its message where that matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusalNote {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

/// A call and its answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) request: Request,
    /// None for a call that needs no world to be answered, where the case doesn't say.
    pub(super) answer: Option<Result<Reply, RefusalNote>>,
}

impl RefusalNote {
    pub(super) fn of(refusal: &Refusal) -> Self {
        Self { name: refusal.code().name().to_owned(), message: Some(refusal.message().to_owned()) }
    }

    pub(super) fn write(&self) -> Layout {
        let field = |name: &str, value: &str| (name.to_owned(), Layout::Plain(value.into()));
        let message = self.message.iter().map(|message| field("message", message));
        Layout::Fields(std::iter::once(field("name", &self.name)).chain(message).collect())
    }

    /// The refusal with this name.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let code = Code::ALL.iter().find(|code| code.name() == self.name)?;
        Some(Refusal::new(*code, self.message.clone().unwrap_or_else(|| "as the case says".to_owned())))
    }
}

impl Entry {
    /// Reads an entry, or says what is wrong with it.
    pub(super) fn read(note: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = note else { return Err("write a call as an object".to_owned()) };
        let reply = fields.remove("reply");
        let refused = fields.remove("refused");
        let ask: Ask = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        let request = Request::from(ask);
        let answer = match (reply, refused) {
            (Some(_), Some(_)) => return Err("give it a `reply` or a `refused`, not both".to_owned()),
            (reply, None) => self::reply(request.operation(), reply)?.map(Ok),
            (None, Some(refused)) => {
                let note: RefusalNote = serde_json::from_value(refused).map_err(|error| error.to_string())?;
                if note.refusal().is_none() {
                    return Err(format!("name a refusal of the catalogue: `{}` is none", note.name));
                }
                Some(Err(note))
            }
        };
        Ok(Self { request, answer })
    }

    /// Its fields, in the order in which people read them.
    pub(super) fn write(&self) -> Result<Layout, serde_json::Error> {
        let mut fields = ordered(&self.request)?;
        match &self.answer {
            None | Some(Ok(Reply::Unit | Reply::Opened(_))) => {}
            Some(Ok(reply)) => fields.push(("reply".to_owned(), Layout::Plain(shown(reply)?))),
            Some(Err(refused)) => fields.push(("refused".to_owned(), refused.write())),
        }
        Ok(Layout::Fields(fields))
    }
}

/// The call as JSON, for comparisons.
pub(in crate::cli) fn asked(request: &Request) -> Result<Value, serde_json::Error> {
    serde_json::to_value(Ask::from(request.clone()))
}

/// The call that [`asked`] wrote.
pub(super) fn read_asked(note: Value) -> Result<Request, serde_json::Error> {
    serde_json::from_value::<Ask>(note).map(Request::from)
}

/// The reply as JSON, for comparisons.
pub(in crate::cli) fn replied(reply: &Reply) -> Result<Value, serde_json::Error> {
    shown(reply)
}

fn ordered(request: &Request) -> Result<Vec<(String, Layout)>, serde_json::Error> {
    let Value::Object(mut fields) = asked(request)? else { return Ok(Vec::new()) };
    let order = [
        "call",
        "opened",
        "level",
        "statement",
        "parameters",
        "key",
        "value",
        "delta",
        "message",
        "milliseconds",
        "length",
        "limit",
    ];
    let take =
        |fields: &mut Map<String, Value>, name: &str| Some((name.to_owned(), Layout::Plain(fields.remove(name)?)));
    Ok(order.iter().filter_map(|name| take(&mut fields, name)).collect())
}

/// The reply of an operation, as it is written; none where it need not be.
fn reply(operation: Operation, note: Option<Value>) -> Result<Option<Reply>, String> {
    fn of<T: for<'de> Deserialize<'de>>(note: Option<Value>) -> Result<T, String> {
        let note = note.ok_or("give it a `reply` or a `refused`: there is none")?;
        serde_json::from_value(note).map_err(|error| format!("`reply`: {error}"))
    }
    let maybe = |note: Option<Value>| note.filter(|note| !note.is_null());
    Ok(Some(match operation {
        Operation::SqlQuery
        | Operation::SqlReturning
        | Operation::SqlNext
        | Operation::SqlTransactionQuery
        | Operation::SqlTransactionReturning => {
            let RowsNote { columns, rows } = of(note)?;
            if let Some(row) = rows.iter().position(|row| row.len() != columns.len()) {
                return Err(format!("`reply`: row {} has not as many cells as there are columns", row + 1));
            }
            let rows = rows.into_iter().map(|row| row.into_iter().map(|cell| cell.0).collect()).collect();
            Reply::Rows { columns, rows }
        }
        Operation::SqlExecute | Operation::SqlTransactionExecute => Reply::Changed(of(note)?),
        // Known by the number of the call, which whoever answers it knows.
        Operation::SqlOpen | Operation::SqlBegin => match maybe(note) {
            None => Reply::Opened(Seq::default()),
            Some(_) => return Err("leave out the `reply`: what is opened is known by the call's number".to_owned()),
        },
        Operation::KvGet => match maybe(note) {
            None => Reply::Bytes(None),
            some => Reply::Bytes(Some(of::<BytesNote>(some)?.0)),
        },
        Operation::KvDelete => Reply::Existed(of(note)?),
        Operation::KvAdd => Reply::Counter(of(note)?),
        Operation::KvSet | Operation::SqlCommit | Operation::LogEmit | Operation::ClockSleep => match maybe(note) {
            None if matches!(operation, Operation::KvSet | Operation::SqlCommit) => Reply::Unit,
            None => return Ok(None),
            Some(_) => return Err("leave out the `reply`: this call has none".to_owned()),
        },
        Operation::ClockNow => match maybe(note) {
            None => return Ok(None),
            some => Reply::Time(of(some)?),
        },
        Operation::RandomBytes => match maybe(note) {
            None => return Ok(None),
            some => Reply::Random(hex::decode(of::<String>(some)?).map_err(|error| format!("`reply`: {error}"))?),
        },
    }))
}

fn shown(reply: &Reply) -> Result<Value, serde_json::Error> {
    Ok(match reply {
        Reply::Unit | Reply::Bytes(None) | Reply::Opened(_) => Value::Null,
        Reply::Rows { columns, rows } => {
            let rows = rows.iter().map(|row| row.iter().cloned().map(CellNote).collect()).collect();
            serde_json::to_value(RowsNote { columns: columns.clone(), rows })?
        }
        Reply::Changed(rows) => (*rows).into(),
        Reply::Bytes(Some(bytes)) => BytesNote(bytes.clone()).into(),
        Reply::Existed(existed) => (*existed).into(),
        Reply::Counter(counter) => (*counter).into(),
        Reply::Time(time) => (*time).into(),
        Reply::Random(bytes) => hex::encode(bytes).into(),
    })
}

fn within(opened: u64, ask: Wanted, statement: TextNote, parameters: Vec<Cell>) -> Request {
    Request::SqlWithin { opened: Seq::new(opened), ask, statement: statement.0, parameters }
}

impl From<Ask> for Request {
    fn from(ask: Ask) -> Self {
        let cells = |notes: Vec<CellNote>| notes.into_iter().map(|note| note.0).collect();
        match ask {
            Ask::SqlQuery { statement, parameters } => {
                Self::SqlQuery { statement: statement.0, parameters: cells(parameters) }
            }
            Ask::SqlExecute { statement, parameters } => {
                Self::SqlExecute { statement: statement.0, parameters: cells(parameters) }
            }
            Ask::SqlReturning { statement, parameters } => {
                Self::SqlReturning { statement: statement.0, parameters: cells(parameters) }
            }
            Ask::SqlOpen { statement, parameters } => {
                Self::SqlOpen { statement: statement.0, parameters: cells(parameters) }
            }
            Ask::SqlNext { opened, limit } => Self::SqlNext { opened: Seq::new(opened), limit },
            Ask::SqlBegin {} => Self::SqlBegin,
            Ask::SqlCommit { opened } => Self::SqlCommit { opened: Seq::new(opened) },
            Ask::SqlTransactionQuery { opened, statement, parameters } => {
                within(opened, Wanted::Query, statement, cells(parameters))
            }
            Ask::SqlTransactionExecute { opened, statement, parameters } => {
                within(opened, Wanted::Execute, statement, cells(parameters))
            }
            Ask::SqlTransactionReturning { opened, statement, parameters } => {
                within(opened, Wanted::Returning, statement, cells(parameters))
            }
            Ask::KvGet { key } => Self::KvGet { key },
            Ask::KvSet { key, value } => Self::KvSet { key, value: value.0 },
            Ask::KvDelete { key } => Self::KvDelete { key },
            Ask::KvAdd { key, delta } => Self::KvAdd { key, delta },
            Ask::LogEmit { level, message } => Self::LogEmit { level: level.into(), message: message.0 },
            Ask::ClockNow {} => Self::ClockNow,
            Ask::ClockSleep { milliseconds } => Self::ClockSleep { milliseconds },
            Ask::RandomBytes { length } => Self::RandomBytes { length },
        }
    }
}

impl From<Request> for Ask {
    fn from(request: Request) -> Self {
        let notes = |cells: Vec<Cell>| cells.into_iter().map(plainly).map(CellNote).collect();
        match request {
            Request::SqlQuery { statement, parameters } => {
                Self::SqlQuery { statement: TextNote(statement), parameters: notes(parameters) }
            }
            Request::SqlExecute { statement, parameters } => {
                Self::SqlExecute { statement: TextNote(statement), parameters: notes(parameters) }
            }
            Request::SqlReturning { statement, parameters } => {
                Self::SqlReturning { statement: TextNote(statement), parameters: notes(parameters) }
            }
            Request::SqlOpen { statement, parameters } => {
                Self::SqlOpen { statement: TextNote(statement), parameters: notes(parameters) }
            }
            Request::SqlNext { opened, limit } => Self::SqlNext { opened: opened.get(), limit },
            Request::SqlBegin => Self::SqlBegin {},
            Request::SqlCommit { opened } => Self::SqlCommit { opened: opened.get() },
            Request::SqlWithin { opened, ask, statement, parameters } => {
                let (opened, statement, parameters) = (opened.get(), TextNote(statement), notes(parameters));
                match ask {
                    Wanted::Query => Self::SqlTransactionQuery { opened, statement, parameters },
                    Wanted::Execute => Self::SqlTransactionExecute { opened, statement, parameters },
                    Wanted::Returning => Self::SqlTransactionReturning { opened, statement, parameters },
                }
            }
            Request::KvGet { key } => Self::KvGet { key },
            Request::KvSet { key, value } => Self::KvSet { key, value: BytesNote(value) },
            Request::KvDelete { key } => Self::KvDelete { key },
            Request::KvAdd { key, delta } => Self::KvAdd { key, delta },
            Request::LogEmit { level, message } => Self::LogEmit { level: level.into(), message: TextNote(message) },
            Request::ClockNow => Self::ClockNow {},
            Request::ClockSleep { milliseconds } => Self::ClockSleep { milliseconds },
            Request::RandomBytes { length } => Self::RandomBytes { length },
        }
    }
}

/// An argument that is JSON counts as the document that it is: the order of its fields is no difference.
fn plainly(cell: Cell) -> Cell {
    match cell {
        Cell::Json(text) => {
            Cell::Json(serde_json::from_str(&text).map_or(text, |document: Value| document.to_string()))
        }
        other => other,
    }
}

impl From<LevelNote> for Level {
    fn from(level: LevelNote) -> Self {
        match level {
            LevelNote::Debug => Self::Debug,
            LevelNote::Info => Self::Info,
            LevelNote::Warn => Self::Warn,
            LevelNote::Error => Self::Error,
        }
    }
}

impl From<Level> for LevelNote {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}
