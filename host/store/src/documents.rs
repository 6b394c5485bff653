//! Small documents that hosts on one Postgres share: replaced as a whole, and only by whoever has read the last version. It
//! doesn't know what stands in them.

mod keeper;

use sqlx::Row as _;

pub use keeper::Keeper;

use crate::error::StoreError;
use crate::session::Db;

/// $1 name, $2 the version that was read, $3 content: the first version, and each later one.
const REPLACE: &str = "insert into casemate.documents as d (name, version, content) select $1, 1, $3 where $2 = 0
    on conflict (name) do nothing returning version";
const UPDATE: &str = "update casemate.documents set version = version + 1, content = $3, changed_at = now()
    where name = $1 and version = $2 returning version";

/// A document as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// How often it was replaced, from 1.
    pub version: i64,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl Db {
    /// A document; none where there is none yet.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn document(&self, name: &str) -> Result<Option<Document>, StoreError> {
        let find = "select version, content from casemate.documents where name = $1";
        let rows = self.host_rows(sqlx::query(find).bind(name.to_owned()), None).await?;
        let read = |row: &sqlx::postgres::PgRow| Ok(Document { version: row.try_get(0)?, content: row.try_get(1)? });
        rows.first().map(read).transpose().map_err(|error: sqlx::Error| StoreError::unreachable(error))
    }

    /// Names and versions of the documents whose names begin so.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn documents(&self, prefix: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let list = "select name, version from casemate.documents where starts_with(name, $1) order by name";
        let rows = self.host_rows(sqlx::query(list).bind(prefix.to_owned()), None).await?;
        let read = |row: &sqlx::postgres::PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(StoreError::unreachable)
    }

    /// Replaces a document whose last version the caller has read (0 where there was none); the new version, or none where
    /// somebody else was faster.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn replace_document(&self, name: &str, last: i64, content: Vec<u8>) -> Result<Option<i64>, StoreError> {
        let text = if last == 0 { REPLACE } else { UPDATE };
        let rows = self.host_rows(sqlx::query(text).bind(name.to_owned()).bind(last).bind(content), None).await?;
        rows.first().map(|row| row.try_get(0)).transpose().map_err(StoreError::unreachable)
    }
}
