//! How text reaches Postgres. The only file that vouches for SQL which isn't a literal of the program
//! (`AssertSqlSafe`); its callers put in keywords, checked names, hex, base64url and quoted literals, or a statement
//! of an agent that stands behind `PREPARE`. It doesn't know what the text means.

use futures_util::stream::BoxStream;
use sqlx::postgres::{PgArguments, PgQueryResult, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Either, PgConnection, Postgres, Row, ValueRef};

/// Sends one message of any number of statements (simple protocol); every row's first cell as text.
pub(crate) async fn simple(conn: &mut PgConnection, sql: String) -> Result<Vec<Option<String>>, sqlx::Error> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(conn).await?;
    rows.iter().map(|row| text(row, 0)).collect()
}

/// Sends one message and streams what comes: rows in text form, and the count at the end of each statement.
pub(crate) fn stream(
    conn: &mut PgConnection,
    sql: String,
) -> BoxStream<'_, Result<Either<PgQueryResult, PgRow>, sqlx::Error>> {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(conn)
}

/// Sends exactly one statement (extended protocol, unnamed): Postgres itself refuses a second one.
pub(crate) async fn single(conn: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(conn).await.map(drop)
}

/// A prepared statement of the host's own whose text was put together from literals.
pub(crate) fn query(sql: String) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(sql))
}

/// A cell in Postgres's text form.
pub(crate) fn text(row: &PgRow, column: usize) -> Result<Option<String>, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_str().map(|text| Some(text.to_owned())).map_err(sqlx::Error::Decode)
}

/// A string literal that is read the same under every setting. The caller has refused NUL, which ends a message.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A quoted identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A `bytea` literal.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    format!("E'\\\\x{}'::bytea", hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::{bytes, identifier, literal};

    #[test]
    fn quotes() {
        assert_eq!(literal(r"a'b\'c"), r"E'a''b\\''c'");
        assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(bytes(&[0, 255]), r"E'\\x00ff'::bytea");
    }
}
