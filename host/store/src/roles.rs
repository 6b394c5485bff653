//! Agent roles: one database role per set of granted tables, named by a digest of the set, so that Postgres itself
//! holds a run to its tables. A grant that Postgres couldn't confine to the tenant's rows is an error before any run.
//! It doesn't know which agent uses a role.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use casemate_gate::Digest;
use casemate_gate::policy::TableGrant;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};

use crate::error::StoreError;
use crate::floor::has_floor;
use crate::session::Db;
use crate::wire::{self, identifier};

/// Most tables of one role.
const TABLES: usize = 256;
/// What names of agent roles start with; 16 hex digits follow.
const PREFIX: &str = "casemate_agent_";
/// Serialises the making of roles: an arbitrary number, this file's own.
const LOCK: i64 = 0x6361_7365_6d61_7465;

/// How long a role is believed to be as it was made: a table may get a column meanwhile.
pub(crate) const BELIEVED: Duration = Duration::from_secs(1);

/// Why a grant can't be given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// Nothing, too much, or the same table twice.
    #[error("grant between 1 and {TABLES} tables, each once, with `read`, `write` or both")]
    Grants,
    /// No such table.
    #[error("create the table {table}, or correct its name in the grant")]
    NoTable {
        /// Which.
        table: String,
    },
    /// Rows of other tenants wouldn't be hidden.
    #[error(
        "give {table} forced row-level security and a restrictive policy to public on `tenant_id = (select app.tenant())`"
    )]
    Unprotected {
        /// Which.
        table: String,
    },
    /// A view that reads as its owner, whose writes are asked for, or that keeps rows of its own.
    #[error("grant {view} for reading only and as a view with `security_invoker = true`, beside the tables it reads")]
    View {
        /// Which.
        view: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RoleError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Grants => "store-grants",
            Self::NoTable { .. } => "store-grant-no-table",
            Self::Unprotected { .. } => "store-grant-unprotected",
            Self::View { .. } => "store-grant-view",
            Self::Store(error) => error.code(),
        }
    }

    fn postgres(error: sqlx::Error) -> Self {
        Self::Store(StoreError::unreachable(error))
    }
}

impl Db {
    /// The role with exactly these privileges, made if it isn't there. Its name goes into the run's identity.
    ///
    /// # Errors
    /// See [`RoleError`].
    pub async fn ensure_agent_role(&self, grants: &[TableGrant]) -> Result<String, RoleError> {
        let wanted = wanted(grants)?;
        let digest = Digest::of(format!("{wanted:?}").as_bytes()).to_string();
        let role: String = PREFIX.chars().chain(digest.chars().take(16)).collect();
        // One at a time: of many runs that begin at once, the others find what the first has made.
        let mut known = self.known_roles().lock().await;
        if known.get(&role).is_some_and(|since| since.elapsed() < BELIEVED) {
            return Ok(role);
        }
        let (info, name) = (self.info().clone(), role.clone());
        let ensured = self.on_host(async move {
            let mut owner = info.owner().await?;
            ensure(&mut owner, &name, &wanted).await?;
            owner.close().await.map_err(RoleError::postgres)
        });
        ensured.await.map_err(StoreError::unreachable)??;
        known.retain(|_, since| since.elapsed() < BELIEVED);
        known.insert(role.clone(), Instant::now());
        Ok(role)
    }
}

/// Whether this is a name that [`Db::ensure_agent_role`] gives.
pub(crate) fn is_agent_role(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

/// One table with its privileges, in the order in which the digest is taken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    schema: String,
    table: String,
    read: bool,
    write: bool,
}

impl Wanted {
    fn name(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.table))
    }

    /// By column, because a right to the whole table is one to `ctid` and `xmin` too, whose gaps count the rows and
    /// transactions of other tenants. A row never changes its tenant.
    fn privileges(&self, columns: &[String]) -> BTreeSet<Privilege> {
        let all = |verb: &'static str| columns.iter().map(move |column| (verb, Some(column.clone())));
        let mut privileges = Vec::new();
        if self.read {
            privileges.extend(all("SELECT"));
        }
        if self.write {
            privileges.extend(all("INSERT"));
            privileges.extend(all("UPDATE").filter(|(_, column)| column.as_deref() != Some("tenant_id")));
            privileges.push(("DELETE", None));
        }
        let owned = |(verb, column): (&str, Option<String>)| (self.name(), verb.to_owned(), column);
        privileges.into_iter().map(owned).collect()
    }
}

/// Table, verb, and the column, if it isn't the whole table.
type Privilege = (String, String, Option<String>);

fn wanted(grants: &[TableGrant]) -> Result<Vec<Wanted>, RoleError> {
    let known = |name: &str| (1..=63).contains(&name.len()) && !name.contains('\0');
    let mut wanted = Vec::with_capacity(grants.len());
    for TableGrant { schema, table, read, write } in grants {
        if !known(schema) || !known(table) || !(*read || *write) {
            return Err(RoleError::Grants);
        }
        wanted.push(Wanted { schema: schema.clone(), table: table.clone(), read: *read, write: *write });
    }
    wanted.sort();
    let twice = wanted.windows(2).any(|pair| match pair {
        [one, other] => one.name() == other.name(),
        _ => false,
    });
    if wanted.is_empty() || wanted.len() > TABLES || twice { Err(RoleError::Grants) } else { Ok(wanted) }
}

async fn ensure(owner: &mut PgConnection, role: &str, wanted: &[Wanted]) -> Result<(), RoleError> {
    let mut tx = owner.begin().await.map_err(RoleError::postgres)?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await.map_err(RoleError::postgres)?;
    let mut privileges = BTreeSet::new();
    for table in wanted {
        let columns = grantable(&mut tx, table).await?;
        privileges.extend(table.privileges(&columns));
    }
    let mut sql = String::new();
    let exists = sqlx::query("select 1 from pg_roles where rolname = $1").bind(role);
    if exists.fetch_optional(&mut *tx).await.map_err(RoleError::postgres)?.is_none() {
        // SET ROLE needs membership, and nothing else: the login is NOINHERIT.
        sql = format!("CREATE ROLE {role} NOLOGIN; GRANT casemate_agent TO {role}; GRANT {role} TO casemate_sql;");
    }
    let held = held(&mut tx, role).await?;
    if held != privileges {
        // Exactly these: what the role was given besides, by hand, is taken back.
        for table in held.iter().map(|(table, ..)| table).collect::<BTreeSet<_>>() {
            sql.push_str(&format!("REVOKE ALL ON {table} FROM {role};"));
        }
        sql.push_str(&granting(role, &privileges));
    }
    for schema in wanted.iter().map(|table| identifier(&table.schema)).collect::<BTreeSet<_>>() {
        sql.push_str(&format!("GRANT USAGE ON SCHEMA {schema} TO casemate_agent;"));
    }
    wire::simple(&mut tx, sql).await.map_err(RoleError::postgres)?;
    tx.commit().await.map_err(RoleError::postgres)
}

/// One GRANT for each table and verb.
fn granting(role: &str, privileges: &BTreeSet<Privilege>) -> String {
    let mut columns: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (table, verb, column) in privileges {
        columns.entry((table, verb)).or_default().extend(column.iter().map(|column| identifier(column)));
    }
    let grant = |((table, verb), columns): ((&str, &str), Vec<String>)| {
        let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
        format!("GRANT {verb}{columns} ON {table} TO {role};")
    };
    columns.into_iter().map(grant).collect()
}

/// The columns, in their order. Refuses a table whose rows Postgres wouldn't confine to the tenant.
async fn grantable(conn: &mut PgConnection, wanted: &Wanted) -> Result<Vec<String>, RoleError> {
    let find = "select c.relkind::text,
            c.relkind = 'v' and coalesce(c.reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false),
            c.relrowsecurity and c.relforcerowsecurity and {floor},
            array(select a.attname::text from pg_attribute a
              where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and n.nspname not in ('casemate', 'app') and n.nspname !~ '^(pg_|information_schema$|casemate_)'";
    let found = wire::query(find.replace("{floor}", &has_floor("c.oid")))
        .bind(&wanted.schema)
        .bind(&wanted.table)
        .fetch_optional(conn)
        .await;
    let Some(row) = found.map_err(RoleError::postgres)? else {
        return Err(RoleError::NoTable { table: wanted.name() });
    };
    let read = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
    let (kind, is_invokers, is_protected, columns): (String, bool, bool, Vec<String>) =
        read(&row).map_err(RoleError::postgres)?;
    match kind.as_str() {
        "r" | "p" if is_protected => Ok(columns),
        "r" | "p" => Err(RoleError::Unprotected { table: wanted.name() }),
        // Its tables are read with the agent's own rights, so it shows nothing that they don't.
        "v" if is_invokers && !wanted.write => Ok(columns),
        _ => Err(RoleError::View { view: wanted.name() }),
    }
}

/// Everything that the role holds on tables and columns.
async fn held(conn: &mut PgConnection, role: &str) -> Result<BTreeSet<Privilege>, RoleError> {
    let find = "select h.name, a.privilege_type, h.attname
        from (
            select format('\"%s\".\"%s\"', replace(n.nspname, '\"', '\"\"'), replace(c.relname, '\"', '\"\"')) as name,
                null::text as attname, c.relacl as acl
            from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relacl is not null
            union all
            select format('\"%s\".\"%s\"', replace(n.nspname, '\"', '\"\"'), replace(c.relname, '\"', '\"\"')),
                t.attname::text, t.attacl
            from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
            where t.attacl is not null and not t.attisdropped
        ) h cross join aclexplode(h.acl) a
        where a.grantee = (select oid from pg_roles where rolname = $1)";
    let rows = sqlx::query(find).bind(role).fetch_all(conn).await.map_err(RoleError::postgres)?;
    let privilege = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    rows.iter().map(privilege).collect::<Result<_, _>>().map_err(RoleError::postgres)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_made_names_are_roles() {
        assert!(is_agent_role("casemate_agent_0123456789abcdef"));
        for name in ["casemate_agent", "casemate_agent_0123456789abcdeX", "postgres", "casemate_agent_00\"; drop"] {
            assert!(!is_agent_role(name), "{name}");
        }
    }

    #[test]
    fn refuses_strange_grants() {
        let grant = |table: &str, read, write| TableGrant { schema: "public".into(), table: table.into(), read, write };
        assert!(wanted(&[]).is_err());
        assert!(wanted(&[grant("a", false, false)]).is_err());
        assert!(wanted(&[grant("a", true, false), grant("a", false, true)]).is_err());
        assert!(wanted(&[grant("a", true, false), grant("b", false, true)]).is_ok());
    }
}
