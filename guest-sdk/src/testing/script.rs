//! A script as a test's author writes it: one method a call, in the order in which the agent makes them, each with the
//! call's arguments and what it returns. It doesn't know the agent.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Asked, Stage, Step};
use crate::Refusal;
use crate::clock::{Time, milliseconds};
use crate::log::Level;
use crate::sql::{Rows, Value};

/// What an agent asks, in order, and what it is answered. A call that is not the next one fails the test, and so does one
/// that is left over. Lines of the log need no place in it.
///
/// ```
/// use casemate::testing::Script;
/// use casemate::{Code, Refusal, kv, log};
///
/// fn visits() -> Result<i64, Refusal> {
///     log::info("a visit")?;
///     kv::add("visits", 1).or_else(|refusal| match refusal.kind() {
///         Some(Code::ToolCounter) => Ok(i64::MAX),
///         _ => Err(refusal),
///     })
/// }
///
/// let full = Refusal::new(Code::ToolCounter, "the counter is full");
/// assert_eq!(Script::new().kv_add("visits", 1, Ok(3)).run(visits), Ok(3));
/// assert_eq!(Script::new().kv_add("visits", 1, Err(full)).run(visits), Ok(i64::MAX));
/// ```
#[derive(Default)]
#[must_use = "a script does nothing until an agent is run on it"]
pub struct Script {
    steps: VecDeque<Step>,
}

impl Script {
    /// A script without calls.
    ///
    /// ```
    /// let sum = casemate::testing::Script::new().run(|| 1 + 1);
    /// assert_eq!(sum, 2);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    fn step<T: 'static>(mut self, asked: Asked, answer: Result<T, Refusal>) -> Self {
        self.steps.push_back(Step { asked, answer: Box::new(answer) });
        self
    }

    /// Then it runs this query. White space in the statement doesn't matter.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let found = Rows::new(["amount"], [params![100], params![7]]);
    /// let amounts = Script::new()
    ///     .sql_query("select amount from public.cases where kind = $1", params!["loan"], Ok(found))
    ///     .run(|| sql::query("select amount from public.cases where kind = $1").bind("loan").rows::<(i64,)>());
    /// assert_eq!(amounts, Ok(vec![(100,), (7,)]));
    /// ```
    pub fn sql_query(
        self,
        statement: impl Into<String>,
        parameters: impl IntoIterator<Item = Value>,
        answer: Result<Rows, Refusal>,
    ) -> Self {
        self.step(Asked::Query(statement.into(), parameters.into_iter().collect()), answer)
    }

    /// Then it runs this statement, which changes so many rows.
    ///
    /// ```
    /// use casemate::sql::{self, params};
    /// use casemate::testing::Script;
    ///
    /// let closed = Script::new()
    ///     .sql_execute("update public.cases set open = false where id = $1", params![7], Ok(1))
    ///     .run(|| sql::execute("update public.cases set open = false where id = $1").bind(7).run());
    /// assert_eq!(closed, Ok(1));
    /// ```
    pub fn sql_execute(
        self,
        statement: impl Into<String>,
        parameters: impl IntoIterator<Item = Value>,
        answer: Result<u64, Refusal>,
    ) -> Self {
        self.step(Asked::Execute(statement.into(), parameters.into_iter().collect()), answer)
    }

    /// Then it runs this statement for the rows of its RETURNING.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let script = Script::new().sql_returning("delete from public.cases returning id", params![], Ok(Rows::new(["id"], [params![7]])));
    /// let gone = script.run(|| sql::execute("delete from public.cases returning id").returning::<(i64,)>());
    /// assert_eq!(gone, Ok(vec![(7,)]));
    /// ```
    pub fn sql_returning(
        self,
        statement: impl Into<String>,
        parameters: impl IntoIterator<Item = Value>,
        answer: Result<Rows, Refusal>,
    ) -> Self {
        self.step(Asked::Returning(statement.into(), parameters.into_iter().collect()), answer)
    }

    /// Then it opens this query as a stream, and reads these rows as far as it likes.
    ///
    /// ```
    /// use casemate::sql::{self, Rows, params};
    /// use casemate::testing::Script;
    ///
    /// let found = Rows::new(["id"], [params![7], params![8]]);
    /// let script = Script::new().sql_stream("select id from public.cases", params![], Ok(found));
    /// let first = script.run(|| sql::query("select id from public.cases").stream::<(i64,)>()?.next().transpose());
    /// assert_eq!(first, Ok(Some((7,))));
    /// ```
    pub fn sql_stream(
        self,
        statement: impl Into<String>,
        parameters: impl IntoIterator<Item = Value>,
        answer: Result<Rows, Refusal>,
    ) -> Self {
        self.step(Asked::Stream(statement.into(), parameters.into_iter().collect()), answer)
    }

    /// Then it begins a transaction. The statements in it are steps like those outside of one.
    ///
    /// ```
    /// use casemate::testing::Script;
    /// use casemate::{Code, Refusal, sql};
    ///
    /// let full = Refusal::new(Code::RowsOpen, "four are open");
    /// assert_eq!(Script::new().sql_begin(Err(full.clone())).run(sql::begin), Err(full));
    /// ```
    pub fn sql_begin(self, answer: Result<(), Refusal>) -> Self {
        self.step(Asked::Begin, answer)
    }

    /// Then it commits its transaction. A script in which the agent drops it has no such step.
    ///
    /// ```
    /// use casemate::{sql, testing::Script};
    ///
    /// let script = Script::new().sql_begin(Ok(())).sql_commit(Ok(()));
    /// assert_eq!(script.run(|| sql::transaction(|_| Ok::<_, casemate::Refusal>(()))), Ok(()));
    /// ```
    pub fn sql_commit(self, answer: Result<(), Refusal>) -> Self {
        self.step(Asked::Commit, answer)
    }

    /// Then it asks for the value under this key.
    ///
    /// ```
    /// use casemate::{kv, testing::Script};
    ///
    /// let script = Script::new().kv_get("last", Ok(Some("17".into()))).kv_get("next", Ok(None));
    /// let found = script.run(|| (kv::get("last"), kv::get("next")));
    /// assert_eq!(found, (Ok(Some(b"17".to_vec())), Ok(None)));
    /// ```
    pub fn kv_get(self, key: impl Into<String>, answer: Result<Option<Vec<u8>>, Refusal>) -> Self {
        self.step(Asked::Get(key.into()), answer)
    }

    /// Then it puts this value under this key.
    ///
    /// ```
    /// use casemate::{kv, testing::Script};
    ///
    /// let script = Script::new().kv_set("last", "17", Ok(()));
    /// assert_eq!(script.run(|| kv::set("last", "17")), Ok(()));
    /// ```
    pub fn kv_set(self, key: impl Into<String>, value: impl AsRef<[u8]>, answer: Result<(), Refusal>) -> Self {
        self.step(Asked::Set(key.into(), value.as_ref().to_vec()), answer)
    }

    /// Then it removes this key, which was there or not.
    ///
    /// ```
    /// use casemate::{kv, testing::Script};
    ///
    /// let script = Script::new().kv_delete("last", Ok(true));
    /// assert_eq!(script.run(|| kv::delete("last")), Ok(true));
    /// ```
    pub fn kv_delete(self, key: impl Into<String>, answer: Result<bool, Refusal>) -> Self {
        self.step(Asked::Delete(key.into()), answer)
    }

    /// Then it adds to this counter, which has this value afterwards.
    ///
    /// ```
    /// use casemate::{kv, testing::Script};
    ///
    /// let script = Script::new().kv_add("done", 3, Ok(20));
    /// assert_eq!(script.run(|| kv::add("done", 3)), Ok(20));
    /// ```
    pub fn kv_add(self, key: impl Into<String>, delta: i64, answer: Result<i64, Refusal>) -> Self {
        self.step(Asked::Add(key.into(), delta), answer)
    }

    /// Then it logs this line. Only a line whose place or refusal matters needs this.
    ///
    /// ```
    /// use casemate::log::{self, Level};
    /// use casemate::testing::Script;
    /// use casemate::{Code, Refusal};
    ///
    /// let full = Refusal::new(Code::BudgetLogBytes, "the log is full");
    /// let script = Script::new().log(Level::Info, "half done", Err(full.clone()));
    /// assert_eq!(script.run(|| log::info("half done")), Err(full));
    /// ```
    pub fn log(self, level: Level, message: impl Into<String>, answer: Result<(), Refusal>) -> Self {
        self.step(Asked::Log(level, message.into()), answer)
    }

    /// Then it asks for the time.
    ///
    /// ```
    /// use casemate::clock::{self, Time};
    /// use casemate::testing::Script;
    ///
    /// let noon = Time::from_milliseconds(1_767_268_800_000);
    /// assert_eq!(Script::new().clock_now(Ok(noon)).run(clock::now), Ok(noon));
    /// ```
    pub fn clock_now(self, answer: Result<Time, Refusal>) -> Self {
        self.step(Asked::Now, answer)
    }

    /// Then it waits so long, which takes no time here.
    ///
    /// ```
    /// use casemate::{clock, testing::Script};
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// assert_eq!(Script::new().clock_sleep(hour, Ok(())).run(|| clock::sleep(hour)), Ok(()));
    /// ```
    pub fn clock_sleep(self, duration: Duration, answer: Result<(), Refusal>) -> Self {
        self.step(Asked::Sleep(milliseconds(duration)), answer)
    }

    /// Then it asks for as many random bytes as these.
    ///
    /// ```
    /// use casemate::{random, testing::Script};
    ///
    /// let script = Script::new().random_bytes(Ok([3, 0, 0, 0, 0, 0, 0, 0]));
    /// assert_eq!(script.run(random::u64), Ok(3));
    /// ```
    pub fn random_bytes<const N: usize>(self, answer: Result<[u8; N], Refusal>) -> Self {
        let length = u32::try_from(N).unwrap_or(u32::MAX);
        self.step(Asked::Random(length), answer.map(|bytes| bytes.to_vec()))
    }

    /// Runs an agent, or a part of one, on the script and returns what it returns.
    ///
    /// ```should_panic
    /// use casemate::{kv, testing::Script};
    ///
    /// // call 1 is kv::get("b"), and the script has kv::get("a")
    /// let _never = Script::new().kv_get("a", Ok(None)).run(|| kv::get("b"));
    /// ```
    ///
    /// # Panics
    /// When the agent asks for something else than the script has next, or for less than it has.
    pub fn run<T>(self, agent: impl FnOnce() -> T) -> T {
        self.run_logged(agent).0
    }

    /// The same, and returns the lines that were logged.
    ///
    /// ```
    /// use casemate::log::{self, Level};
    /// use casemate::testing::Script;
    ///
    /// let (done, lines) = Script::new().run_logged(|| log::warn("odd"));
    /// assert_eq!((done, lines), (Ok(()), vec![(Level::Warn, "odd".to_owned())]));
    /// ```
    ///
    /// # Panics
    /// As [`Script::run`].
    pub fn run_logged<T>(self, agent: impl FnOnce() -> T) -> (T, Vec<(Level, String)>) {
        let stage = Stage::enter(self.steps);
        let result = agent();
        (result, stage.leave())
    }
}
