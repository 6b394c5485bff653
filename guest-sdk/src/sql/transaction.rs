//! Several statements that happen together, or not at all. It doesn't know what they say.

use std::cell::Cell;

use casemate_abi::Code;

use super::{Execute, Query, Rows, Value};
use crate::refusal::Refusal;
use crate::world;

/// How often [`transaction`] begins anew after the host lost one.
const ATTEMPTS: usize = 3;

/// A transaction that is open; made by [`begin`]. Dropped without [`Transaction::commit`], nothing of it happened. It
/// doesn't outlive a wait of the agent (`clock::sleep`), a minute, or the death of its host: then the next call in it is
/// refused as `rows-transaction-lost`, and nothing of it happened.
///
/// ```
/// use casemate::sql::{self, params};
/// use casemate::testing::Script;
///
/// let take = "update public.cases set amount = amount - $2 where id = $1";
/// let give = "update public.cases set amount = amount + $2 where id = $1";
/// let script = Script::new()
///     .sql_begin(Ok(()))
///     .sql_execute(take, params![7, 50], Ok(1))
///     .sql_execute(give, params![8, 50], Ok(1))
///     .sql_commit(Ok(()));
/// let moved = script.run(|| {
///     let transaction = sql::begin()?;
///     transaction.execute(take).bind(7).bind(50).run()?;
///     transaction.execute(give).bind(8).bind(50).run()?;
///     transaction.commit()
/// });
/// assert_eq!(moved, Ok(()));
/// ```
#[derive(Debug, PartialEq)]
#[must_use = "a transaction that is dropped was none"]
pub struct Transaction {
    handle: world::OpenTransaction,
    /// Whether the host said that it has lost it.
    lost: Cell<bool>,
}

/// Begins a transaction.
///
/// ```
/// use casemate::{sql, testing::Script};
///
/// // Dropped: nothing happens.
/// assert!(Script::new().sql_begin(Ok(())).run(|| sql::begin().map(drop)).is_ok());
/// ```
///
/// # Errors
/// Refused when the agent may not write any table, or has as much open as it may (`rows-open`).
pub fn begin() -> Result<Transaction, Refusal> {
    world::sql_begin().map(|handle| Transaction { handle, lost: Cell::new(false) })
}

/// Runs `work` in a transaction and commits it; where `work` fails, nothing of it happened. If the host lost the
/// transaction meanwhile, `work` is done again in another one, three times at most: it should do nothing that must not
/// happen twice except through the transaction.
///
/// ```
/// use casemate::sql::{self, params};
/// use casemate::testing::Script;
///
/// let insert = "insert into public.cases (note) values ($1)";
/// let script = Script::new().sql_begin(Ok(())).sql_execute(insert, params!["new"], Ok(1)).sql_commit(Ok(()));
/// let added = script.run(|| sql::transaction(|transaction| transaction.execute(insert).bind("new").run()));
/// assert_eq!(added, Ok(1));
/// ```
///
/// # Errors
/// Those of `work`, of [`begin`] and of [`Transaction::commit`].
pub fn transaction<T, E: From<Refusal>>(mut work: impl FnMut(&Transaction) -> Result<T, E>) -> Result<T, E> {
    for _ in 1..ATTEMPTS {
        let transaction = begin()?;
        let done = work(&transaction).and_then(|value| Ok(transaction.keep().map(|()| value)?));
        if done.is_ok() || !transaction.lost.get() {
            return done;
        }
    }
    let transaction = begin()?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

impl Transaction {
    /// Starts a SELECT or VALUES that sees what the transaction changed.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let one = Rows::new(["amount"], [params![50]]);
    /// let script = Script::new().sql_begin(Ok(())).sql_query("select amount from public.cases", params![], Ok(one));
    /// let amount = script.run(|| sql::begin()?.query("select amount from public.cases").row::<(i64,)>());
    /// assert_eq!(amount, Ok(Some((50,))));
    /// ```
    pub fn query(&self, statement: impl Into<String>) -> Query<'_> {
        Query { within: Some(self), ..super::query(statement) }
    }

    /// Starts an INSERT, UPDATE, DELETE or MERGE. One that is refused changed nothing; the transaction can go on.
    ///
    /// ```
    /// use casemate::sql::{self, params};
    /// use casemate::testing::Script;
    ///
    /// let clear = "delete from public.cases where amount = 0";
    /// let script = Script::new().sql_begin(Ok(())).sql_execute(clear, params![], Ok(3)).sql_commit(Ok(()));
    /// let cleared = script.run(|| {
    ///     let transaction = sql::begin()?;
    ///     let cleared = transaction.execute(clear).run()?;
    ///     transaction.commit().map(|()| cleared)
    /// });
    /// assert_eq!(cleared, Ok(3));
    /// ```
    pub fn execute(&self, statement: impl Into<String>) -> Execute<'_> {
        Execute { within: Some(self), ..super::execute(statement) }
    }

    /// Makes everything that the transaction changed real, together with its record.
    ///
    /// ```
    /// use casemate::{sql, testing::Script};
    ///
    /// let script = Script::new().sql_begin(Ok(())).sql_commit(Ok(()));
    /// assert_eq!(script.run(|| sql::begin()?.commit()), Ok(()));
    /// ```
    ///
    /// # Errors
    /// `rows-transaction-lost`, or a constraint that was deferred to the commit; then nothing of it happened.
    pub fn commit(self) -> Result<(), Refusal> {
        self.keep()
    }

    fn keep(&self) -> Result<(), Refusal> {
        self.noting(self.handle.commit())
    }

    pub(super) fn rows_of(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
        self.noting(self.handle.query(statement, parameters))
    }

    pub(super) fn change(&self, statement: &str, parameters: &[Value]) -> Result<u64, Refusal> {
        self.noting(self.handle.execute(statement, parameters))
    }

    pub(super) fn changed_rows(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Refusal> {
        self.noting(self.handle.returning(statement, parameters))
    }

    fn noting<T>(&self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        if result.as_ref().is_err_and(|refusal| refusal.kind() == Some(Code::RowsTransactionLost)) {
            self.lost.set(true);
        }
        result
    }
}
