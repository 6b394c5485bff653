//! The imports of `sql`: its values, and its two resources, whose handles stand for the number of the call that opened
//! them. It doesn't know which of them are still open.

use casemate_bindings::casemate::agent::sql::{self, Element};
use casemate_gate::{Ask, Reply, Request, Seq, Value};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};

use super::super::guest::Guest;
use super::{import, unit};

type Statement = (String, Vec<sql::Value>);
type Within = (Resource<sql::Transaction>, String, Vec<sql::Value>);

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut sql = linker.instance("casemate:agent/sql@0.1.0")?;
    sql.resource("rows", ResourceType::host::<sql::Rows>(), close)?;
    sql.resource("transaction", ResourceType::host::<sql::Transaction>(), close)?;
    import(
        &mut sql,
        "query",
        |(statement, parameters): Statement| Request::SqlQuery { statement, parameters: values_in(parameters) },
        rows,
    )?;
    import(
        &mut sql,
        "execute",
        |(statement, parameters): Statement| Request::SqlExecute { statement, parameters: values_in(parameters) },
        changed,
    )?;
    import(
        &mut sql,
        "returning",
        |(statement, parameters): Statement| Request::SqlReturning { statement, parameters: values_in(parameters) },
        rows,
    )?;
    import(
        &mut sql,
        "open",
        |(statement, parameters): Statement| Request::SqlOpen { statement, parameters: values_in(parameters) },
        opened::<sql::Rows>,
    )?;
    import(
        &mut sql,
        "[method]rows.next",
        |(rows, limit): (Resource<sql::Rows>, u32)| Request::SqlNext { opened: call_of(&rows), limit },
        rows,
    )?;
    import(&mut sql, "begin", |(): ()| Request::SqlBegin, opened::<sql::Transaction>)?;
    import(&mut sql, "[method]transaction.query", |within| within_in(within, Ask::Query), rows)?;
    import(&mut sql, "[method]transaction.execute", |within| within_in(within, Ask::Execute), changed)?;
    import(&mut sql, "[method]transaction.returning", |within| within_in(within, Ask::Returning), rows)?;
    import(
        &mut sql,
        "[method]transaction.commit",
        |(transaction,): (Resource<sql::Transaction>,)| Request::SqlCommit { opened: call_of(&transaction) },
        unit,
    )
}

/// The guest dropped its handle. It says nothing that a record would be needed for: what wasn't committed didn't happen.
fn close(mut store: StoreContextMut<'_, Guest>, handle: u32) -> wasmtime::Result<()> {
    store.data_mut().passage.close(Seq::new(u64::from(handle)));
    Ok(())
}

fn call_of<T: 'static>(handle: &Resource<T>) -> Seq {
    Seq::new(u64::from(handle.rep()))
}

/// A handle; none for a call whose number doesn't fit, before which every budget of calls is used up.
fn opened<T: 'static>(reply: Reply) -> Option<Resource<T>> {
    let Reply::Opened(seq) = reply else { return None };
    u32::try_from(seq.get()).ok().map(Resource::new_own)
}

fn rows(reply: Reply) -> Option<sql::RowSet> {
    let Reply::Rows { columns, rows } = reply else { return None };
    let rows = rows.into_iter().map(|row| row.into_iter().map(value_out).collect()).collect();
    Some(sql::RowSet { columns, rows })
}

fn changed(reply: Reply) -> Option<u64> {
    if let Reply::Changed(rows) = reply { Some(rows) } else { None }
}

fn within_in((transaction, statement, parameters): Within, ask: Ask) -> Request {
    Request::SqlWithin { opened: call_of(&transaction), ask, statement, parameters: values_in(parameters) }
}

fn values_in(values: Vec<sql::Value>) -> Vec<Value> {
    values.into_iter().map(value_in).collect()
}

/// Cases that the two types have under the same names.
macro_rules! translate {
    ($value:expr, $from:path, $to:path; $($case:ident),+; $($other:tt)*) => {{
        use {$from as From, $to as To};
        match $value {
            From::Null => To::Null,
            $(From::$case(value) => To::$case(value),)+
            $($other)*
        }
    }};
}

fn value_in(value: sql::Value) -> Value {
    translate!(value, sql::Value, Value;
        Boolean, Integer, Float, Text, Uuid, Json, Bytes, Numeric, Date, Time, Timestamp, TimestampTz;
        sql::Value::Array(elements) => Value::Array(elements.into_iter().map(element_in).collect()))
}

fn element_in(element: Element) -> Value {
    translate!(element, Element, Value;
        Boolean, Integer, Float, Text, Uuid, Json, Bytes, Numeric, Date, Time, Timestamp, TimestampTz;)
}

fn value_out(value: Value) -> sql::Value {
    translate!(value, Value, sql::Value;
        Boolean, Integer, Float, Text, Uuid, Json, Bytes, Numeric, Date, Time, Timestamp, TimestampTz;
        Value::Array(elements) => sql::Value::Array(elements.into_iter().map(element_out).collect()))
}

fn element_out(element: Value) -> Element {
    translate!(element, Value, Element;
        Boolean, Integer, Float, Text, Uuid, Json, Bytes, Numeric, Date, Time, Timestamp, TimestampTz;
        // The store reads no array in an array.
        Value::Array(_) => Element::Null)
}
