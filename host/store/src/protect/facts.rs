//! What the catalog says of a table that is to be protected. It judges nothing.

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row};

use super::policies::Policy;
use crate::wire;

/// The table itself.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) oid: Oid,
    /// Quoted, with its schema.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) owner: String,
    pub(super) is_hosts: bool,
    pub(super) is_partition: bool,
    pub(super) is_forced: bool,
    pub(super) tenant: Option<Tenant>,
    /// Why statements on it would not be what they seem: its rules, and triggers with other rights.
    pub(super) strange: Option<String>,
}

/// The column `tenant_id`.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) kind: String,
    pub(super) is_required: bool,
    pub(super) default: Option<String>,
    pub(super) is_generated: bool,
}

/// The table or one that inherits from it: each has policies and rights of its own.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) oid: Oid,
    pub(super) name: String,
    pub(super) is_enabled: bool,
    pub(super) is_forced: bool,
}

/// A column whose numbers come from a sequence.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) column: String,
    pub(super) kind: String,
    pub(super) is_identity: bool,
    /// Quoted, with its schema; of a serial column.
    pub(super) sequence: Option<String>,
}

pub(super) async fn table(conn: &mut PgConnection, name: &str) -> Result<Option<Table>, sqlx::Error> {
    let find = "select c.oid, format('%I.%I', n.nspname, c.relname), c.relkind::text, pg_get_userbyid(c.relowner)::text,
            n.nspname ~ '^(app|casemate|casemate_.*|pg_.*|information_schema)$', c.relispartition, c.relforcerowsecurity,
            format_type(t.atttypid, t.atttypmod), t.attnotnull, pg_get_expr(d.adbin, d.adrelid), t.attgenerated <> '',
            coalesce(
              (select format('rule %I', w.rulename) from pg_rewrite w where w.ev_class = c.oid and c.relkind in ('r', 'p') limit 1),
              (select format('trigger %I', g.tgname) from pg_trigger g join pg_proc p on p.oid = g.tgfoid
                where g.tgrelid = c.oid and not g.tgisinternal and (p.prosecdef or not (
                  p.proowner = to_regrole('casemate_migrate') or p.pronamespace = 'pg_catalog'::regnamespace)) limit 1))
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        left join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = t.attnum
        where c.oid = to_regclass($1)";
    let found = sqlx::query(find).bind(name).fetch_optional(conn).await?;
    let read = |row: PgRow| {
        let kind: Option<String> = row.try_get(7)?;
        let tenant = match kind {
            None => None,
            Some(kind) => Some(Tenant {
                kind,
                is_required: row.try_get(8)?,
                default: row.try_get(9)?,
                is_generated: row.try_get(10)?,
            }),
        };
        Ok(Table {
            oid: row.try_get(0)?,
            name: row.try_get(1)?,
            kind: row.try_get(2)?,
            owner: row.try_get(3)?,
            is_hosts: row.try_get(4)?,
            is_partition: row.try_get(5)?,
            is_forced: row.try_get(6)?,
            tenant,
            strange: row.try_get(11)?,
        })
    };
    found.map(read).transpose()
}

/// Whether a condition holds for any row of any tenant. The owner sees them all only while it isn't forced; that ends
/// with the savepoint.
pub(super) async fn any(conn: &mut PgConnection, table: &Table, condition: &str) -> Result<bool, sqlx::Error> {
    let unforced = if table.is_forced {
        format!("alter table {} no force row level security;", table.name)
    } else {
        String::new()
    };
    let look = format!(
        "savepoint looking; {unforced} select exists (select from {} where {condition}); rollback to savepoint looking; \
         release savepoint looking",
        table.name
    );
    let rows = wire::simple(conn, look).await?;
    Ok(rows.iter().flatten().any(|answer| answer == "t"))
}

/// The table first.
pub(super) async fn members(conn: &mut PgConnection, table: &Table) -> Result<Vec<Member>, sqlx::Error> {
    let find = "with recursive m (oid, depth) as (
            select $1::oid, 0 union all select i.inhrelid, m.depth + 1 from m join pg_inherits i on i.inhparent = m.oid)
        select c.oid, format('%I.%I', n.nspname, c.relname), c.relrowsecurity, c.relforcerowsecurity
        from m join pg_class c on c.oid = m.oid join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') order by m.depth, 2";
    let rows = sqlx::query(find).bind(table.oid).fetch_all(conn).await?;
    let read = |row: &PgRow| {
        Ok(Member {
            oid: row.try_get(0)?,
            name: row.try_get(1)?,
            is_enabled: row.try_get(2)?,
            is_forced: row.try_get(3)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn policies(conn: &mut PgConnection, member: Oid) -> Result<Vec<Policy>, sqlx::Error> {
    let find = "select p.polname::text, p.polpermissive, p.polcmd::text,
            array(select coalesce(r.rolname::text, 'PUBLIC') from unnest(p.polroles) o left join pg_roles r on r.oid = o),
            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
            not p.polpermissive and p.polcmd = '*' and p.polroles = '{0}'
              and pg_get_expr(p.polqual, p.polrelid) = '(tenant_id = ( SELECT app.tenant() AS tenant))'
              and coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid))
                = pg_get_expr(p.polqual, p.polrelid)
        from pg_policy p where p.polrelid = $1 order by 1";
    let rows = sqlx::query(find).bind(member).fetch_all(conn).await?;
    let read = |row: &PgRow| {
        Ok(Policy {
            name: row.try_get(0)?,
            is_permissive: row.try_get(1)?,
            command: row.try_get(2)?,
            roles: row.try_get(3)?,
            using: row.try_get(4)?,
            check: row.try_get(5)?,
            is_floor: row.try_get::<Option<bool>, _>(6)?.unwrap_or_default(),
        })
    };
    rows.iter().map(read).collect()
}

/// Rights that nobody but the owner should have, as statements without their table: role, and what to take from it.
pub(super) async fn excess(conn: &mut PgConnection, member: Oid) -> Result<Vec<(String, String)>, sqlx::Error> {
    let find = "select coalesce(quote_ident(r.rolname), 'public'),
            case when bool_or(a.grantee = 0 or r.rolname in ('casemate_sql', 'casemate_agent')
                or r.rolname ~ '^casemate_agent_' and a.is_whole and a.verb in ('SELECT', 'INSERT', 'UPDATE'))
              then 'all' else string_agg(distinct lower(a.verb), ', ')
                filter (where a.verb in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')) end
        from (
            select x.grantee, x.privilege_type as verb, true as is_whole
            from pg_class c cross join aclexplode(c.relacl) x where c.oid = $1 and x.grantee <> c.relowner
            union all
            select x.grantee, x.privilege_type, false
            from pg_attribute t join pg_class c on c.oid = t.attrelid cross join aclexplode(t.attacl) x
            where t.attrelid = $1 and x.grantee <> c.relowner
        ) a left join pg_roles r on r.oid = a.grantee
        group by 1 order by 1";
    let rows = sqlx::query(find).bind(member).fetch_all(conn).await?;
    let read = |row: &PgRow| Ok((row.try_get::<String, _>(0)?, row.try_get::<Option<String>, _>(1)?));
    let found: Vec<(String, Option<String>)> = rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?;
    Ok(found.into_iter().filter_map(|(role, verbs)| Some((role, verbs?))).collect())
}

pub(super) async fn numbered(conn: &mut PgConnection, table: &Table) -> Result<Vec<Numbered>, sqlx::Error> {
    let find = "select t.attname::text, format_type(t.atttypid, t.atttypmod), t.attidentity <> '',
            (select format('%I.%I', n.nspname, s.relname)
             from pg_attrdef d join pg_depend p on p.classid = 'pg_attrdef'::regclass and p.objid = d.oid
               and p.refclassid = 'pg_class'::regclass
             join pg_class s on s.oid = p.refobjid and s.relkind = 'S' join pg_namespace n on n.oid = s.relnamespace
             where d.adrelid = t.attrelid and d.adnum = t.attnum limit 1)
        from pg_attribute t where t.attrelid = $1 and t.attnum > 0 and not t.attisdropped order by t.attnum";
    let rows = sqlx::query(find).bind(table.oid).fetch_all(conn).await?;
    let read = |row: &PgRow| {
        Ok(Numbered {
            column: row.try_get(0)?,
            kind: row.try_get(1)?,
            is_identity: row.try_get(2)?,
            sequence: row.try_get(3)?,
        })
    };
    let all: Vec<Numbered> = rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?;
    Ok(all.into_iter().filter(|found| found.is_identity || found.sequence.is_some()).collect())
}

/// Whether an index begins with the tenant.
pub(super) async fn has_index(conn: &mut PgConnection, table: &Table) -> Result<bool, sqlx::Error> {
    let find = "select exists (select from pg_index i join pg_attribute t on t.attrelid = i.indrelid
        where i.indrelid = $1 and t.attname = 'tenant_id' and i.indkey[0] = t.attnum and i.indpred is null)";
    sqlx::query_scalar(find).bind(table.oid).fetch_one(conn).await
}
