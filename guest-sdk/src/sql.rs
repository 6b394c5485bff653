//! The tenant's own rows in Postgres, under row-level security.
//!
//! A statement is text with `$1` … `$n` for its parameters, which are bound in that order. Never put a value into
//! the text: personal data found there is refused, and only parameters have their tokens put back.

mod cell;
mod row;
mod stream;
mod transaction;
mod value;

use serde::de::DeserializeOwned;

use crate::refusal::Refusal;
use crate::world;
use casemate_abi::Code;

pub use stream::Stream;
pub use transaction::{Transaction, begin, transaction};
pub use value::{Element, Value};

/// A SELECT (or VALUES) that is being put together; made by [`query`].
///
/// ```
/// use casemate::sql::{self, Rows, params};
/// use casemate::testing::Script;
///
/// let large = "select id from public.cases where amount > $1";
/// let script = Script::new().sql_query(large, params![100], Ok(Rows::new(["id"], [params![7]])));
/// let found = script.run(|| sql::query(large).bind(100).row::<(i64,)>());
/// assert_eq!(found, Ok(Some((7,))));
/// ```
#[derive(Debug, PartialEq)]
#[must_use = "a query does nothing until its rows are fetched"]
pub struct Query<'t> {
    statement: String,
    parameters: Vec<Value>,
    within: Option<&'t Transaction>,
}

/// An INSERT, UPDATE, DELETE or MERGE that is being put together; made by [`execute`].
///
/// ```
/// use casemate::sql::{self, params};
/// use casemate::testing::Script;
///
/// let close = "update public.cases set open = false where id = $1";
/// let script = Script::new().sql_execute(close, params![7], Ok(1));
/// assert_eq!(script.run(|| sql::execute(close).bind(7).run()), Ok(1));
/// ```
#[derive(Debug, PartialEq)]
#[must_use = "a statement does nothing until it is run"]
pub struct Execute<'t> {
    statement: String,
    parameters: Vec<Value>,
    within: Option<&'t Transaction>,
}

/// Rows as Postgres returned them, before they become a type of the agent's.
///
/// ```
/// use casemate::sql::{Rows, Value, params};
///
/// let rows = Rows::new(["id", "note"], [params![7, "new"], params![8, None::<&str>]]);
/// assert_eq!(rows.columns, ["id", "note"]);
/// assert_eq!(rows.rows.last(), Some(&vec![Value::Integer(8), Value::Null]));
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
/// ```
/// use casemate::sql::{self, Rows, params};
/// use casemate::testing::Script;
///
/// #[derive(serde::Deserialize)]
/// struct Case {
///     id: i64,
///     note: Option<String>,
/// }
///
/// fn without_note() -> Result<Vec<i64>, casemate::Refusal> {
///     let cases = sql::query("select id, note from public.cases where amount > $1").bind(100).rows::<Case>()?;
///     Ok(cases.into_iter().filter(|case| case.note.is_none()).map(|case| case.id).collect())
/// }
///
/// let found = Rows::new(["id", "note"], [params![7, "new"], params![8, None::<&str>]]);
/// let script =
///     Script::new().sql_query("select id, note from public.cases where amount > $1", params![100], Ok(found));
/// assert_eq!(script.run(without_note), Ok(vec![8]));
/// ```
pub fn query(statement: impl Into<String>) -> Query<'static> {
    Query { statement: statement.into(), parameters: Vec::new(), within: None }
}

/// Starts an INSERT, UPDATE, DELETE or MERGE.
///
/// ```
/// use casemate::sql::{self, params};
/// use casemate::testing::Script;
///
/// let clear = "delete from public.cases where amount = $1";
/// let script = Script::new().sql_execute(clear, params![0], Ok(3));
/// assert_eq!(script.run(|| sql::execute(clear).bind(0).run()), Ok(3));
/// ```
pub fn execute(statement: impl Into<String>) -> Execute<'static> {
    Execute { statement: statement.into(), parameters: Vec::new(), within: None }
}

impl Query<'_> {
    /// Binds the next parameter.
    ///
    /// ```
    /// use casemate::sql::{params, query};
    ///
    /// let query = query("select $1, $2").bind("a").bind(Some(2));
    /// assert_eq!(query, casemate::sql::query("select $1, $2").bind_all(params!["a", 2]));
    /// ```
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// Binds the next parameters, one after the other.
    ///
    /// ```
    /// use casemate::sql::{Value, query};
    ///
    /// let ids = [3_i64, 5].map(Value::from);
    /// let both = query("select note from public.cases where id in ($1, $2)").bind_all(ids);
    /// assert_eq!(both, query("select note from public.cases where id in ($1, $2)").bind(3_i64).bind(5_i64));
    /// ```
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(values);
        self
    }

    /// Runs the query and returns its rows as they are.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let one = Rows::new(["one"], [params![1]]);
    /// let script = Script::new().sql_query("select 1 as one", params![], Ok(one.clone()));
    /// assert_eq!(script.run(|| sql::query("select 1 as one").fetch()), Ok(one));
    /// ```
    ///
    /// # Errors
    /// Refused when the agent may not read a table, when Postgres refuses the statement or when the rows are too
    /// many.
    pub fn fetch(self) -> Result<Rows, Refusal> {
        match self.within {
            None => world::sql_query(&self.statement, &self.parameters),
            Some(transaction) => transaction.rows_of(&self.statement, &self.parameters),
        }
    }

    /// Runs the query and hands out its rows as they are read, a few hundred at a time: for more rows than one call
    /// returns, or than the agent wants to hold. They are those of the moment at which the query is opened. One that
    /// belongs to a transaction can't be read so.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let all = "select amount from public.cases";
    /// let script = Script::new().sql_stream(all, params![], Ok(Rows::new(["amount"], [params![5], params![7]])));
    /// let sum = script.run(|| {
    ///     let mut sum = 0;
    ///     for row in sql::query(all).stream::<(i64,)>()? {
    ///         sum += row?.0;
    ///     }
    ///     Ok::<_, casemate::Refusal>(sum)
    /// });
    /// assert_eq!(sum, Ok(12));
    /// ```
    ///
    /// # Errors
    /// As [`Query::fetch`]; each row that is read may be refused, too. The stream ends with a refusal.
    pub fn stream<T: DeserializeOwned>(self) -> Result<Stream<T>, Refusal> {
        if self.within.is_some() {
            let message = "a query in a transaction is read as a whole: use `rows`, or a stream outside of it";
            return Err(Refusal::new(Code::ToolArgument, message));
        }
        world::sql_open(&self.statement, &self.parameters).map(Stream::new)
    }

    /// Runs the query and returns its rows as values of a type: a struct (by column name) or a tuple (by position).
    ///
    /// A `json` cell is read as the document that it holds, `numeric` as a number or, to keep every digit, as a string;
    /// dates and times as strings (RFC 3339), and so by the types of any crate of times.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let by_kind = "select kind, sum(amount) from public.cases group by kind";
    /// let found = Rows::new(["kind", "sum"], [params!["loan", "12.50"], params!["lease", "3"]]);
    /// let script = Script::new().sql_query(by_kind, params![], Ok(found));
    /// let sums = script.run(|| sql::query(by_kind).rows::<(String, f64)>());
    /// assert_eq!(sums, Ok(vec![("loan".to_owned(), 12.5), ("lease".to_owned(), 3.0)]));
    /// ```
    ///
    /// # Errors
    /// As [`Query::fetch`]; and `tool-argument`, made here, when a row does not fit the type.
    pub fn rows<T: DeserializeOwned>(self) -> Result<Vec<T>, Refusal> {
        self.fetch()?.read()
    }

    /// Runs the query and returns its first row, if it has one.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let count = Rows::new(["count"], [params![300]]);
    /// let script = Script::new().sql_query("select count(*) from public.cases", params![], Ok(count));
    /// let counted = script.run(|| sql::query("select count(*) from public.cases").row::<(i64,)>());
    /// assert_eq!(counted, Ok(Some((300,))));
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

impl Execute<'_> {
    /// Binds the next parameter.
    ///
    /// ```
    /// use casemate::sql::{execute, params};
    ///
    /// let insert = "insert into public.cases (note) values ($1)";
    /// assert_eq!(execute(insert).bind("new"), execute(insert).bind_all(params!["new"]));
    /// ```
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// Binds the next parameters, one after the other.
    ///
    /// ```
    /// use casemate::sql::{execute, params};
    ///
    /// let insert = "insert into public.cases (note, amount) values ($1, $2)";
    /// assert_eq!(execute(insert).bind_all(params!["new", 2]), execute(insert).bind("new").bind(2));
    /// ```
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(values);
        self
    }

    /// Runs the statement and returns the number of rows that it changed. The change is committed together with
    /// its record: it happens once, or not at all.
    ///
    /// ```
    /// use casemate::sql::{self, params};
    /// use casemate::testing::Script;
    ///
    /// let script = Script::new().sql_execute("update public.cases set open = false", params![], Ok(12));
    /// assert_eq!(script.run(|| sql::execute("update public.cases set open = false").run()), Ok(12));
    /// ```
    ///
    /// # Errors
    /// Refused when the agent may not write a table or when Postgres refuses the statement.
    pub fn run(self) -> Result<u64, Refusal> {
        match self.within {
            None => world::sql_execute(&self.statement, &self.parameters),
            Some(transaction) => transaction.change(&self.statement, &self.parameters),
        }
    }

    /// Runs a statement with RETURNING and returns its rows as they are.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let insert = "insert into public.cases (note) values ($1) returning id";
    /// let script = Script::new().sql_returning(insert, params!["new"], Ok(Rows::new(["id"], [params![9]])));
    /// let rows = script.run(|| sql::execute(insert).bind("new").fetch());
    /// assert_eq!(rows, Ok(Rows::new(["id"], [params![9]])));
    /// ```
    ///
    /// # Errors
    /// As [`Execute::run`], and when the rows are too many: then nothing was changed.
    pub fn fetch(self) -> Result<Rows, Refusal> {
        match self.within {
            None => world::sql_returning(&self.statement, &self.parameters),
            Some(transaction) => transaction.changed_rows(&self.statement, &self.parameters),
        }
    }

    /// Runs a statement with RETURNING and returns its rows as values of a type, as [`Query::rows`] reads them.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let close = "update public.cases set open = false where amount < $1 returning id";
    /// let script = Script::new().sql_returning(close, params![5], Ok(Rows::new(["id"], [params![9], params![11]])));
    /// assert_eq!(script.run(|| sql::execute(close).bind(5).returning::<(i64,)>()), Ok(vec![(9,), (11,)]));
    /// ```
    ///
    /// # Errors
    /// As [`Execute::fetch`]; and `tool-argument`, made here, when a row does not fit the type: the change stays.
    pub fn returning<T: DeserializeOwned>(self) -> Result<Vec<T>, Refusal> {
        self.fetch()?.read()
    }
}

impl Rows {
    /// Rows that a test has its agent find: the columns' names, and one list of as many cells for each row.
    ///
    /// ```
    /// use casemate::sql::{Rows, params};
    ///
    /// let rows = Rows::new(["id", "note"], [params![7, "new"]]);
    /// assert_eq!(rows.read::<(i64, String)>()?, [(7, "new".to_owned())]);
    /// # Ok::<(), casemate::Refusal>(())
    /// ```
    #[must_use]
    pub fn new<const N: usize>(columns: [&str; N], rows: impl IntoIterator<Item = [Value; N]>) -> Self {
        let rows = rows.into_iter().map(Vec::from).collect();
        Self { columns: columns.map(str::to_owned).to_vec(), rows }
    }

    /// The rows as values of a type, as [`Query::rows`] reads them.
    ///
    /// ```
    /// use casemate::sql::{Rows, params};
    ///
    /// let rows = Rows::new(["id", "open"], [params![7, true]]);
    /// assert_eq!(rows.read::<(i64, bool)>()?, [(7, true)]);
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
