//! The `kv` tool's values: one tenant's, one agent's. Only the host's login holds the table, so no statement of an
//! agent reaches it. It doesn't know which keys were granted.

use casemate_gate::audit::Change;
use sqlx::PgConnection;

use super::error::SqlError;
use super::transaction::TenantTx;
use crate::error::sqlstate;

/// Longest key, as the table's check has it.
const KEY: usize = 512;
/// Longest value, as the table's check has it.
const VALUE: usize = 1024 * 1024;

impl TenantTx {
    /// The value under a key.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn kv_get(&mut self, key: &str) -> Result<Option<Vec<u8>>, SqlError> {
        let (agent, key) = self.kv_place(key, &[])?;
        self.records(false, move |conn| {
            Box::pin(async move {
                let get = "select value from casemate.kv where agent = $1 and key = $2";
                sqlx::query_scalar(get).bind(agent).bind(key).fetch_optional(conn).await.map_err(failed)
            })
        })
        .await
    }

    /// Puts a value under a key. `_change` proves that the call may prepare it.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn kv_set(&mut self, _change: &Change<'_>, key: &str, value: Vec<u8>) -> Result<(), SqlError> {
        self.put(key, value).await
    }

    /// Removes a key; whether it was there. `_change` proves that the call may prepare it.
    ///
    /// # Errors
    /// See [`SqlError`].
    pub async fn kv_delete(&mut self, _change: &Change<'_>, key: &str) -> Result<bool, SqlError> {
        let (agent, key) = self.kv_place(key, &[])?;
        self.records(true, move |conn| {
            Box::pin(async move {
                let delete = "delete from casemate.kv where agent = $1 and key = $2";
                let done = sqlx::query(delete).bind(agent).bind(key).execute(conn).await.map_err(failed)?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    /// Adds to a counter, which starts at 0 and is kept as decimal text. `_change` proves that the call may prepare it.
    ///
    /// # Errors
    /// [`SqlError::NotACounter`], [`SqlError::Overflow`], and see [`SqlError`]; the transaction is over then.
    pub async fn kv_add(&mut self, _change: &Change<'_>, key: &str, delta: i64) -> Result<i64, SqlError> {
        self.add(key, delta).await
    }

    pub(crate) async fn put(&mut self, key: &str, value: Vec<u8>) -> Result<(), SqlError> {
        let (agent, key) = self.kv_place(key, &value)?;
        self.records(true, move |conn| {
            Box::pin(async move {
                let set = "insert into casemate.kv (agent, key, value) values ($1, $2, $3)
                    on conflict (tenant_id, agent, key) do update set value = excluded.value";
                sqlx::query(set).bind(agent).bind(key).bind(value).execute(conn).await.map_err(failed)?;
                Ok(())
            })
        })
        .await
    }

    pub(crate) async fn add(&mut self, key: &str, delta: i64) -> Result<i64, SqlError> {
        let (agent, key) = self.kv_place(key, &[])?;
        self.records(true, move |conn| Box::pin(add(conn, agent, key, delta))).await
    }

    /// The agent and the key, if they and the value are within limits.
    fn kv_place(&self, key: &str, value: &[u8]) -> Result<(String, String), SqlError> {
        let fits = (1..=KEY).contains(&key.len()) && !key.contains('\0') && value.len() <= VALUE;
        if fits {
            Ok((self.scope().agent().as_str().to_owned(), key.to_owned()))
        } else {
            Err(SqlError::KeyValue { key: KEY, value: VALUE })
        }
    }
}

/// One statement, so that the row's lock makes concurrent additions wait for each other.
async fn add(conn: &mut PgConnection, agent: String, key: String, delta: i64) -> Result<i64, SqlError> {
    let add = "insert into casemate.kv as kv (agent, key, value)
        values ($1, $2, convert_to($3::bigint::text, 'UTF8'))
        on conflict (tenant_id, agent, key) do update
            set value = convert_to((convert_from(kv.value, 'UTF8')::bigint + $3)::text, 'UTF8')
        returning convert_from(value, 'UTF8')::bigint";
    sqlx::query_scalar(add).bind(agent).bind(key).bind(delta).fetch_one(conn).await.map_err(|error| {
        match sqlstate(&error).as_deref() {
            // invalid_text_representation, character_not_in_repertoire, untranslatable_character
            Some("22P02" | "22021" | "22P05") => SqlError::NotACounter,
            // numeric_value_out_of_range
            Some("22003") => SqlError::Overflow,
            _ => failed(error),
        }
    })
}

fn failed(error: sqlx::Error) -> SqlError {
    SqlError::from_postgres(error)
}
