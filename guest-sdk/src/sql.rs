//! The tenant's own rows in Postgres, under row-level security.
//!
//! A statement is text with `$1` … `$n` for its parameters, which are bound in that order. Never put a value into
//! the text: personal data found there is refused, and only parameters have their tokens put back.

mod cell;
mod row;
mod value;

use serde::de::DeserializeOwned;

use crate::bindings::casemate::agent::sql as wit;
use crate::refusal::Refusal;
use casemate_abi::Code;

pub use value::Value;

/// A SELECT (or VALUES) that is being put together; made by [`query`].
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let query = casemate::sql::query("select id from public.cases where amount > $1").bind(100);
/// let rows = query.fetch()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a query does nothing until its rows are fetched"]
pub struct Query {
    statement: String,
    parameters: Vec<Value>,
}

/// An INSERT, UPDATE, DELETE or MERGE that is being put together; made by [`execute`].
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let close = casemate::sql::execute("update public.cases set open = false where id = $1").bind(7);
/// assert_eq!(close.run()?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a statement does nothing until it is run"]
pub struct Execute {
    statement: String,
    parameters: Vec<Value>,
}

/// Rows as Postgres returned them, before they become a type of the agent's.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let rows = casemate::sql::query("select 1 as one").fetch()?;
/// assert_eq!(rows.columns, ["one"]);
/// assert_eq!(rows.rows, [[casemate::sql::Value::Integer(1)]]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// One list of cells for each row, in the order of the columns.
    pub rows: Vec<Vec<Value>>,
}

/// Starts a SELECT or VALUES.
///
/// ```no_run
/// #[derive(serde::Deserialize)]
/// struct Case {
///     id: i64,
///     note: Option<String>,
/// }
///
/// # fn main() -> Result<(), casemate::Refusal> {
/// let cases = casemate::sql::query("select id, note from public.cases where amount > $1")
///     .bind(100)
///     .rows::<Case>()?;
/// # Ok(())
/// # }
/// ```
pub fn query(statement: impl Into<String>) -> Query {
    Query { statement: statement.into(), parameters: Vec::new() }
}

/// Starts an INSERT, UPDATE, DELETE or MERGE.
///
/// ```no_run
/// # fn main() -> Result<(), casemate::Refusal> {
/// let changed = casemate::sql::execute("delete from public.cases where amount = $1").bind(0).run()?;
/// # Ok(())
/// # }
/// ```
pub fn execute(statement: impl Into<String>) -> Execute {
    Execute { statement: statement.into(), parameters: Vec::new() }
}

impl Query {
    /// Binds the next parameter.
    ///
    /// ```no_run
    /// let query = casemate::sql::query("select $1, $2").bind("a").bind(Some(2));
    /// ```
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// Binds the next parameters, one after the other.
    ///
    /// ```no_run
    /// let query = casemate::sql::query("select $1, $2").bind_all(casemate::sql::params!["a", 2]);
    /// ```
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(values);
        self
    }

    /// Runs the query and returns its rows as they are.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), casemate::Refusal> {
    /// let rows = casemate::sql::query("select 1 as one").fetch()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Refused when the agent may not read a table, when Postgres refuses the statement or when the rows are too
    /// many.
    pub fn fetch(self) -> Result<Rows, Refusal> {
        let wit::RowSet { columns, rows } = wit::query(&self.statement, &self.parameters)?;
        Ok(Rows { columns, rows })
    }

    /// Runs the query and returns its rows as values of a type: a struct (by column name) or a tuple (by position).
    ///
    /// A `json` cell is read as the document that it holds, and text as a number where the field is one (Postgres
    /// sends `numeric` as text).
    ///
    /// ```no_run
    /// # fn main() -> Result<(), casemate::Refusal> {
    /// let sums: Vec<(String, f64)> =
    ///     casemate::sql::query("select kind, sum(amount) from public.cases group by kind").rows()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Query::fetch`]; and `tool-argument`, made here, when a row does not fit the type.
    pub fn rows<T: DeserializeOwned>(self) -> Result<Vec<T>, Refusal> {
        self.fetch()?.read()
    }

    /// Runs the query and returns its first row, if it has one.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), casemate::Refusal> {
    /// let count: Option<(i64,)> = casemate::sql::query("select count(*) from public.cases").row()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Query::rows`].
    pub fn row<T: DeserializeOwned>(self) -> Result<Option<T>, Refusal> {
        let mut rows = self.fetch()?;
        rows.rows.truncate(1);
        Ok(rows.read()?.pop())
    }
}

impl Execute {
    /// Binds the next parameter.
    ///
    /// ```no_run
    /// let insert = casemate::sql::execute("insert into public.cases (note) values ($1)").bind("new");
    /// ```
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// Binds the next parameters, one after the other.
    ///
    /// ```no_run
    /// let insert = casemate::sql::execute("insert into public.cases (note, amount) values ($1, $2)")
    ///     .bind_all(casemate::sql::params!["new", 2]);
    /// ```
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(values);
        self
    }

    /// Runs the statement and returns the number of rows that it changed. The change is committed together with
    /// its record: it happens once, or not at all.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), casemate::Refusal> {
    /// let changed = casemate::sql::execute("update public.cases set open = false").run()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Refused when the agent may not write a table or when Postgres refuses the statement.
    pub fn run(self) -> Result<u64, Refusal> {
        wit::execute(&self.statement, &self.parameters)
    }
}

impl Rows {
    /// The rows as values of a type, as [`Query::rows`] reads them.
    ///
    /// ```
    /// use casemate::sql::{Rows, Value};
    ///
    /// let rows = Rows { columns: vec!["one".to_owned()], rows: vec![vec![Value::Integer(1)]] };
    /// let numbers: Vec<(i64,)> = rows.read()?;
    /// assert_eq!(numbers, [(1,)]);
    /// # Ok::<(), casemate::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// `tool-argument` when a row does not fit the type.
    pub fn read<T: DeserializeOwned>(self) -> Result<Vec<T>, Refusal> {
        let columns = &self.columns;
        let read = |(index, cells)| {
            row::read(columns, cells).map_err(|error| {
                Refusal::new(Code::ToolArgument, format!("row {} does not fit its type: {error}", index + 1))
            })
        };
        self.rows.into_iter().enumerate().map(read).collect()
    }
}

/// Puts values of several types together as parameters.
///
/// ```
/// use casemate::sql::{Value, params};
///
/// assert_eq!(params!["a", 2, true], [Value::from("a"), Value::from(2), Value::from(true)]);
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __params {
    ($($value:expr),* $(,)?) => { [$($crate::sql::Value::from($value)),*] };
}

#[doc(inline)]
pub use __params as params;
