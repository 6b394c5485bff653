//! The `kv` tool: small values by key, per tenant and agent, in Postgres. It doesn't know what the values mean.

use std::time::{Duration, Instant};

use casemate_gate::audit::Permit;
use casemate_gate::{Refusal, Reply};
use casemate_store::{Access, Db, Door, TenantTx};

use super::sql::refusal;
use super::{Answer, PendingEffect};

/// Longest time that one access may take in Postgres.
const ACCESS: Duration = Duration::from_secs(10);

pub(super) async fn get(database: &Db, permit: &Permit, key: &str) -> Result<Answer, Refusal> {
    let mut transaction = begin(database, permit, Access::Read).await?;
    let value = transaction.kv_get(key).await.map_err(refusal)?;
    transaction.rollback().await.map_err(refusal)?;
    Ok(Answer::done(Reply::Bytes(value)))
}

pub(super) async fn set(database: &Db, permit: &Permit, key: &str, value: &[u8]) -> Result<Answer, Refusal> {
    let change = permit.change()?;
    let mut transaction = begin(database, permit, Access::Write).await?;
    transaction.kv_set(&change, key, value.to_vec()).await.map_err(refusal)?;
    Ok(pending(Reply::Unit, transaction))
}

pub(super) async fn delete(database: &Db, permit: &Permit, key: &str) -> Result<Answer, Refusal> {
    let change = permit.change()?;
    let mut transaction = begin(database, permit, Access::Write).await?;
    let existed = transaction.kv_delete(&change, key).await.map_err(refusal)?;
    Ok(pending(Reply::Existed(existed), transaction))
}

pub(super) async fn add(database: &Db, permit: &Permit, key: &str, delta: i64) -> Result<Answer, Refusal> {
    let change = permit.change()?;
    let mut transaction = begin(database, permit, Access::Write).await?;
    let counter = transaction.kv_add(&change, key, delta).await.map_err(refusal)?;
    Ok(pending(Reply::Counter(counter), transaction))
}

fn pending(reply: Reply, transaction: TenantTx) -> Answer {
    Answer::Done { reply, effect: Some(PendingEffect(Box::new(transaction))) }
}

async fn begin(database: &Db, permit: &Permit, access: Access) -> Result<TenantTx, Refusal> {
    let deadline = Instant::now() + ACCESS;
    TenantTx::begin(database, permit.scope(), access, Door::Records, deadline).await.map_err(refusal)
}
