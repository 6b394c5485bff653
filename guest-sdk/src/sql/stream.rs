//! Rows that are read as they are wanted. It doesn't know the query.

use std::collections::VecDeque;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::Rows;
use crate::refusal::Refusal;
use crate::world::OpenRows;

/// Rows that are asked of the host at once.
const PIECE: u32 = 256;

/// Rows of a query, read as they are wanted; made by [`super::Query::stream`]. Dropped, the query ends.
///
/// ```
/// use casemate::sql::{self, Rows, params};
/// use casemate::testing::Script;
///
/// let all = "select id from public.cases order by id";
/// let script = Script::new().sql_stream(all, params![], Ok(Rows::new(["id"], [params![7], params![8]])));
/// let ids: Result<Vec<(i64,)>, _> = script.run(|| sql::query(all).stream()?.collect());
/// assert_eq!(ids, Ok(vec![(7,), (8,)]));
/// ```
#[derive(Debug)]
#[must_use = "rows that are not read stay where they are"]
pub struct Stream<T> {
    /// None once all rows were read, or one was refused.
    rows: Option<OpenRows>,
    ready: VecDeque<T>,
    type_: PhantomData<T>,
}

impl<T> Stream<T> {
    pub(super) const fn new(rows: OpenRows) -> Self {
        Self { rows: Some(rows), ready: VecDeque::new(), type_: PhantomData }
    }
}

impl<T: DeserializeOwned> Iterator for Stream<T> {
    type Item = Result<T, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.ready.pop_front() {
            return Some(Ok(row));
        }
        let read = self.rows.as_ref()?.next(PIECE).and_then(Rows::read);
        match read {
            Ok(rows) if rows.is_empty() => {
                self.rows = None;
                None
            }
            Ok(rows) => {
                self.ready = rows.into();
                self.ready.pop_front().map(Ok)
            }
            Err(refusal) => {
                self.rows = None;
                Some(Err(refusal))
            }
        }
    }
}
