//! A transaction of one tenant's in which all of the tenant's rows are there, whosever agent's they are: to be exported, or
//! to be erased once the tenant is suspended. It takes the signed claim like every other, and the floor holds it. It
//! doesn't know where the rows go.

use std::time::Duration;

use casemate_gate::rls::Scope;
use futures_util::TryStreamExt as _;
use sqlx::Either;

use super::tables::{self, UserTable};
use crate::error::{StoreError, sqlstate};
use crate::session::{Db, Door, Lease};
use crate::wire;

/// Longest transaction.
pub(super) const LIMIT: Duration = Duration::from_secs(4 * 60 * 60);
/// How long a deletion waits for others' locks.
const LOCKS: Duration = Duration::from_secs(10);

/// How a transaction is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One snapshot for all that is read.
    Snapshot,
    /// Rows go.
    Erase,
}

/// Opens a transaction as the role that sees all of the tenant's rows.
pub(crate) async fn open(db: &Db, scope: &Scope, mode: Mode) -> Result<Lease, StoreError> {
    let token = db.keyring().token(scope, LIMIT)?;
    let begin = match mode {
        Mode::Snapshot => "begin isolation level repeatable read read only".to_owned(),
        Mode::Erase => format!("begin; set local lock_timeout = {}", LOCKS.as_millis()),
    };
    let limit = LIMIT.as_millis();
    // The claim first: it is the answer that is looked at.
    let message = format!(
        "{begin}; select app.open('{token}'); set local statement_timeout = {limit}; \
         set local idle_in_transaction_session_timeout = {limit}; set local role casemate_keeper"
    );
    let db = db.clone();
    let mut lease = db.lease(Door::Records).await.map_err(StoreError::unreachable)?;
    match wire::simple(lease.get(), message).await.map_err(StoreError::unreachable)?.first() {
        Some(Some(answer)) if answer == "t" => Ok(lease),
        _ => Err(crate::session::SqlError::Claim.into()),
    }
}

/// Rows of a tenant that are gone as soon as it is committed. Dropped, they are all there again.
#[must_use]
pub struct Erasure {
    db: Db,
    lease: Lease,
    counts: Vec<(String, u64)>,
}

impl Erasure {
    /// How many rows of which table, the tables by name.
    #[must_use]
    pub fn counts(&self) -> &[(String, u64)] {
        &self.counts
    }

    /// Lets them be gone.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] when the answer is not known, too: erasing again tells.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Self { db, mut lease, .. } = self;
        let committed = db.on_host(async move {
            wire::simple(lease.get(), "commit".to_owned()).await.map_err(StoreError::unreachable)?;
            lease.clean();
            Ok(())
        });
        committed.await.map_err(StoreError::unreachable)?
    }
}

impl Db {
    /// Deletes every row of the scope's tenant, in every table of users and in the host's own, and the tenant; nothing of
    /// it holds before [`Erasure::commit`]. A tenant that isn't there has no rows.
    ///
    /// # Errors
    /// [`StoreError::TenantTable`] and its kind when not all rows would go; [`StoreError::Erase`] when Postgres refuses to
    /// delete some, or the tenant is not suspended.
    pub async fn erase_tenant(&self, scope: &Scope) -> Result<Erasure, StoreError> {
        let order = tables::find(self).await?;
        let (db, scope) = (self.clone(), scope.clone());
        let erased = self.on_host(async move {
            let mut lease = open(&db, &scope, Mode::Erase).await?;
            let mut counts = Vec::new();
            for group in &order {
                counts.extend(erase(&mut lease, group).await?);
            }
            let own = sqlx::query_as::<_, (String, i64)>("select name, gone from casemate.erase()");
            match own.fetch_all(lease.get()).await {
                Ok(own) => {
                    counts.extend(own.into_iter().map(|(name, gone)| (name, u64::try_from(gone).unwrap_or_default())));
                }
                Err(error) => return Err(refused("casemate", error)),
            }
            counts.sort();
            Ok(Erasure { db, lease, counts })
        });
        erased.await.map_err(StoreError::unreachable)?
    }
}

/// Deletes from one table, or from several that refer to each other in one statement.
async fn erase(lease: &mut Lease, group: &[UserTable]) -> Result<Vec<(String, u64)>, StoreError> {
    let delete = |table: &UserTable| format!("delete from {} where tenant_id = (select app.tenant())", table.source());
    let names = group.iter().map(UserTable::name).collect::<Vec<_>>();
    let failed = |error| refused(&names.join(", "), error);
    if let [table] = group {
        let mut stream = wire::stream(lease.get(), delete(table));
        let mut gone = 0_u64;
        while let Some(step) = stream.try_next().await.map_err(failed)? {
            if let Either::Left(done) = step {
                gone = gone.saturating_add(done.rows_affected());
            }
        }
        return Ok(vec![(table.name(), gone)]);
    }
    let steps = group.iter().enumerate().map(|(at, table)| format!("d{at} as ({} returning 1)", delete(table)));
    let steps = steps.collect::<Vec<_>>().join(", ");
    let counts = (0..group.len()).map(|at| format!("select {at}, (select count(*) from d{at})"));
    let counts = counts.collect::<Vec<_>>().join(" union all ");
    let rows = wire::query(format!("with {steps} select array_agg(c order by n) from ({counts}) as counts(n, c)"));
    let counted: (Vec<i64>,) =
        sqlx::FromRow::from_row(&rows.fetch_one(lease.get()).await.map_err(failed)?).map_err(failed)?;
    Ok(names.iter().cloned().zip(counted.0.into_iter().map(|gone| u64::try_from(gone).unwrap_or_default())).collect())
}

fn refused(tables: &str, source: sqlx::Error) -> StoreError {
    match sqlstate(&source) {
        Some(sqlstate) => StoreError::Erase { tables: tables.to_owned(), sqlstate, source },
        None => StoreError::unreachable(source),
    }
}
