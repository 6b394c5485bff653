//! Which tables of users hold rows of tenants, and the role that may read and erase one tenant's in all of them. A table
//! whose rows Postgres wouldn't confine to the tenant, or would hide from that role, is an error before anything is done:
//! neither an export nor a deletion may be less than everything. It doesn't know what is done with the rows.

use std::collections::BTreeSet;

use sqlx::{Connection as _, PgConnection, Row as _};

use crate::error::StoreError;
use crate::floor::has_floor;
use crate::session::Db;
use crate::wire::{self, identifier};

/// Most tables of users with tenants' rows.
const TABLES: usize = 4096;
/// Serialises the making of policies: this file's own number.
const LOCK: i64 = 0x6b65_6570_6572_0001;
/// What the role may do in each table, above the floor.
const READS: &str = "casemate_keeper_reads";
const ERASES: &str = "casemate_keeper_erases";

/// Every table of users with a column `tenant_id`, whether it has the floor, whether something else than the floor hides
/// rows from everybody, and whether the role has its policies.
const FIND: &str = "select c.oid, n.nspname::text, c.relname::text, c.relkind = 'p',
    c.relrowsecurity and c.relforcerowsecurity and {floor},
    exists (
      select from pg_policy p
      where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('*', 'r', 'd') and p.polroles @> '{0}'
        and pg_get_expr(p.polqual, c.oid) is distinct from '(tenant_id = ( SELECT app.tenant() AS tenant))'),
    (select count(*) = 2 from pg_policy p where p.polrelid = c.oid and p.polname in ($1, $2))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('casemate', 'app', 'information_schema')
    and n.nspname !~ '^pg_'
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
  order by 2, 3";

/// A table of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserTable {
    oid: i64,
    schema: String,
    table: String,
    partitioned: bool,
    /// Its columns in their order, with their types.
    pub(super) columns: Vec<(String, String)>,
}

impl UserTable {
    /// One of the host's own.
    pub(super) fn of_host(table: &str, columns: &[(&str, &str)]) -> Self {
        let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
        Self { oid: 0, schema: "casemate".to_owned(), table: table.to_owned(), partitioned: false, columns }
    }

    /// Its name as people write it, quoted where it must be.
    pub(super) fn name(&self) -> String {
        let plain = |name: &str| {
            let fits = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
            if fits { name.to_owned() } else { identifier(name) }
        };
        format!("{}.{}", plain(&self.schema), plain(&self.table))
    }

    fn quoted(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.table))
    }

    /// What stands behind FROM: rows of a table that inherits from it are that table's own.
    pub(super) fn source(&self) -> String {
        if self.partitioned { self.quoted() } else { format!("only {}", self.quoted()) }
    }
}

/// Tables in the order in which their rows can be deleted: who refers before whom it refers to. Tables that refer to each
/// other are one group.
pub(super) type Order = Vec<Vec<UserTable>>;

/// Finds all tables, and lets the role into those that it isn't yet let into.
pub(super) async fn find(db: &Db) -> Result<Order, StoreError> {
    let info = db.info().clone();
    let found = db.on_host(async move {
        let mut owner = info.owner().await?;
        let found = open_up(&mut owner).await;
        owner.close().await.map_err(StoreError::unreachable)?;
        found
    });
    found.await.map_err(StoreError::unreachable)?
}

async fn open_up(owner: &mut PgConnection) -> Result<Order, StoreError> {
    let mut tx = owner.begin().await.map_err(StoreError::unreachable)?;
    let lock = sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await;
    lock.map_err(StoreError::unreachable)?;
    let find = FIND.replace("{floor}", &has_floor("c.oid"));
    let found = wire::query(find).bind(READS).bind(ERASES).fetch_all(&mut *tx).await;
    let found = found.map_err(StoreError::unreachable)?;
    if found.len() > TABLES {
        return Err(StoreError::TenantTables { limit: TABLES });
    }
    let mut tables = Vec::with_capacity(found.len());
    let mut sql = String::new();
    for row in &found {
        let read = || -> Result<_, sqlx::Error> {
            let oid: sqlx::postgres::types::Oid = row.try_get(0)?;
            let table = UserTable {
                oid: i64::from(oid.0),
                schema: row.try_get(1)?,
                table: row.try_get(2)?,
                partitioned: row.try_get(3)?,
                columns: Vec::new(),
            };
            let (floor, narrowed, open): (bool, bool, bool) = (row.try_get(4)?, row.try_get(5)?, row.try_get(6)?);
            Ok((table, floor, narrowed, open))
        };
        let (mut table, floor, narrowed, open) = read().map_err(StoreError::unreachable)?;
        if !floor {
            return Err(StoreError::TenantTable { table: table.name() });
        }
        if narrowed {
            return Err(StoreError::TenantTableNarrowed { table: table.name() });
        }
        table.columns = columns(&mut tx, &table).await.map_err(StoreError::unreachable)?;
        if !open {
            sql.push_str(&opening(&table));
        }
        tables.push(table);
    }
    let references = references(&mut tx).await.map_err(StoreError::unreachable)?;
    if !sql.is_empty() {
        wire::simple(&mut tx, sql).await.map_err(StoreError::unreachable)?;
    }
    tx.commit().await.map_err(StoreError::unreachable)?;
    Ok(order(tables, &references))
}

/// Grants and policies of one table. Rows can be deleted only while their tenant is suspended.
fn opening(table: &UserTable) -> String {
    let (name, schema) = (table.quoted(), identifier(&table.schema));
    format!(
        "grant usage on schema {schema} to casemate_keeper; grant select, delete on {name} to casemate_keeper;
         drop policy if exists {READS} on {name}; drop policy if exists {ERASES} on {name};
         create policy {READS} on {name} for select to casemate_keeper using (true);
         create policy {ERASES} on {name} for delete to casemate_keeper using ((select casemate.suspended()));"
    )
}

async fn columns(conn: &mut PgConnection, table: &UserTable) -> Result<Vec<(String, String)>, sqlx::Error> {
    let find = "select attname::text, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = $1::bigint::oid and attnum > 0 and not attisdropped order by attnum";
    let rows = sqlx::query(find).bind(table.oid).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Who refers to whom, by oid.
async fn references(conn: &mut PgConnection) -> Result<BTreeSet<(i64, i64)>, sqlx::Error> {
    let find =
        "select conrelid::bigint, confrelid::bigint from pg_constraint where contype = 'f' and conrelid <> confrelid";
    let rows = sqlx::query(find).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

fn order(mut tables: Vec<UserTable>, references: &BTreeSet<(i64, i64)>) -> Order {
    let mut order = Vec::new();
    while !tables.is_empty() {
        let left: BTreeSet<i64> = tables.iter().map(|table| table.oid).collect();
        let referred = |table: &UserTable| {
            references.iter().any(|(from, to)| *to == table.oid && *from != *to && left.contains(from))
        };
        let (later, now): (Vec<_>, Vec<_>) = tables.into_iter().partition(referred);
        if now.is_empty() {
            // They refer to each other: one statement deletes from all of them, and its end is when that is checked.
            order.push(later);
            return order;
        }
        order.extend(now.into_iter().map(|table| vec![table]));
        tables = later;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(oid: i64) -> UserTable {
        let name = format!("t{oid}");
        UserTable { oid, schema: "public".to_owned(), table: name, partitioned: false, columns: Vec::new() }
    }

    fn ordered(count: i64, references: &[(i64, i64)]) -> Vec<Vec<i64>> {
        let order = order((1..=count).map(table).collect(), &references.iter().copied().collect());
        order.iter().map(|group| group.iter().map(|table| table.oid).collect()).collect()
    }

    #[test]
    fn who_refers_goes_before_whom_it_refers_to() {
        assert_eq!(ordered(3, &[(1, 2), (2, 3)]), [[1], [2], [3]]);
        assert_eq!(ordered(3, &[(3, 2), (2, 1)]), [[3], [2], [1]]);
        assert_eq!(ordered(3, &[(1, 2), (2, 1), (3, 1)]), [vec![3], vec![1, 2]]);
        assert_eq!(ordered(2, &[(1, 9), (9, 2)]), [[1], [2]]);
    }
}
