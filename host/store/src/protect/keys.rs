//! Keys that hold for all tenants together, and references that can cross from one to another; and how each is written
//! per tenant. It doesn't know policies.

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row};

use crate::wire::identifier;

/// A unique or exclusion constraint, or a unique index, without the tenant.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) table: String,
    /// Of the constraint, or of the index.
    name: String,
    is_constraint: bool,
    pub(super) is_exclusion: bool,
    definition: String,
}

impl Key {
    /// What takes it away and what makes it anew.
    pub(super) fn rewritten(&self) -> Option<[String; 2]> {
        let Self { table, definition, .. } = self;
        let name = identifier(&self.name);
        if self.is_constraint {
            let anew = definition.replacen('(', "(tenant_id, ", 1);
            let drop = format!("alter table {table} drop constraint {name};");
            return Some([drop, format!("alter table {table} add constraint {name} {anew};")]);
        }
        let (head, tail) = definition.split_once(" USING btree (")?;
        let schema = table.split_once('.').map_or("public", |(schema, _)| schema);
        Some([format!("drop index {schema}.{name};"), format!("{head} USING btree (tenant_id, {tail};")])
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A foreign key that isn't held to one tenant.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) child: String,
    pub(super) parent: String,
    pub(super) is_outgoing: bool,
    pub(super) is_own: bool,
    pub(super) child_has_tenant: bool,
    /// It has the floor, and a key of the tenant and the referenced columns.
    pub(super) parent_is_ready: bool,
    pub(super) child_is_forced: bool,
    pub(super) parent_is_forced: bool,
    columns: Vec<String>,
    referenced: Vec<String>,
    on_update: String,
    on_delete: String,
    is_full: bool,
    is_deferrable: bool,
    is_deferred: bool,
}

impl Reference {
    pub(super) fn drop(&self) -> String {
        format!("alter table {} drop constraint {};", self.child, identifier(&self.name))
    }

    /// None where the tenant would change with the reference.
    pub(super) fn anew(&self) -> Option<String> {
        let list = |columns: &[String]| columns.iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", ");
        let (columns, referenced) = (list(&self.columns), list(&self.referenced));
        let update = match self.on_update.as_str() {
            "a" => "",
            "r" => " on update restrict",
            "c" => " on update cascade",
            _ => return None,
        };
        let delete = match self.on_delete.as_str() {
            "r" => " on delete restrict".to_owned(),
            "c" => " on delete cascade".to_owned(),
            "n" => format!(" on delete set null ({columns})"),
            "d" => format!(" on delete set default ({columns})"),
            _ => String::new(),
        };
        if self.is_full && self.columns.len() > 1 {
            return None;
        }
        let deferrable = match (self.is_deferrable, self.is_deferred) {
            (true, true) => " deferrable initially deferred",
            (true, false) => " deferrable",
            _ => "",
        };
        Some(format!(
            "alter table {} add constraint {} foreign key (tenant_id, {columns}) references {} (tenant_id, {referenced})\
             {update}{delete}{deferrable};",
            self.child,
            identifier(&self.name),
            self.parent
        ))
    }
}

pub(super) async fn keys(conn: &mut PgConnection, members: &[Oid]) -> Result<Vec<Key>, sqlx::Error> {
    let find = "select format('%I.%I', n.nspname, r.relname), coalesce(c.conname, x.relname)::text, c.oid is not null,
            i.indisexclusion, coalesce(pg_get_constraintdef(c.oid), pg_get_indexdef(i.indexrelid))
        from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class r on r.oid = i.indrelid
        join pg_namespace n on n.oid = r.relnamespace
        left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x')
        where i.indrelid = any ($1) and (i.indisunique or i.indisexclusion)
          and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid)
          and not exists (
            select from generate_series(0, i.indnkeyatts - 1) k join pg_attribute t
              on t.attrelid = i.indrelid and t.attname = 'tenant_id' and t.attnum = i.indkey[k]
            where i.indisunique or exists (
              select from pg_operator o where o.oid = c.conexclop[k + 1] and o.oprname = '='))
        order by not i.indisprimary, 2";
    let rows = sqlx::query(find).bind(members.to_vec()).fetch_all(conn).await?;
    let read = |row: &PgRow| {
        Ok(Key {
            table: row.try_get(0)?,
            name: row.try_get(1)?,
            is_constraint: row.try_get(2)?,
            is_exclusion: row.try_get(3)?,
            definition: row.try_get(4)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn references(conn: &mut PgConnection, members: &[Oid]) -> Result<Vec<Reference>, sqlx::Error> {
    let find = "select c.conname::text, format('%I.%I', cn.nspname, ch.relname), format('%I.%I', pn.nspname, pa.relname),
            c.conrelid = any ($1), c.confrelid = any ($1),
            ct.attnum is not null and ct.atttypid = 'uuid'::regtype,
            pa.relrowsecurity and pa.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = pa.oid
                and not p.polpermissive and p.polcmd = '*' and p.polroles = '{0}'
                and pg_get_expr(p.polqual, p.polrelid) = '(tenant_id = ( SELECT app.tenant() AS tenant))')
              and exists (select from pg_index i where i.indrelid = pa.oid and i.indisunique and i.indpred is null
                and (select array_agg(k order by k) from generate_series(0, i.indnkeyatts - 1) g, lateral (select i.indkey[g]) l (k))
                  = (select array_agg(k order by k) from unnest(c.confkey || pt.attnum) k)),
            ch.relforcerowsecurity, pa.relforcerowsecurity,
            array(select a.attname::text from unnest(c.conkey) with ordinality k (n, place)
              join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by k.place),
            array(select a.attname::text from unnest(c.confkey) with ordinality k (n, place)
              join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.n order by k.place),
            c.confupdtype::text, c.confdeltype::text, c.confmatchtype = 'f', c.condeferrable, c.condeferred
        from pg_constraint c
        join pg_class ch on ch.oid = c.conrelid join pg_namespace cn on cn.oid = ch.relnamespace
        join pg_class pa on pa.oid = c.confrelid join pg_namespace pn on pn.oid = pa.relnamespace
        left join pg_attribute ct on ct.attrelid = ch.oid and ct.attname = 'tenant_id' and not ct.attisdropped
        left join pg_attribute pt on pt.attrelid = pa.oid and pt.attname = 'tenant_id' and not pt.attisdropped
        where c.contype = 'f' and c.conparentid = 0 and (c.conrelid = any ($1) or c.confrelid = any ($1))
          and c.confrelid <> 'casemate.tenants'::regclass
          and not exists (select from unnest(c.conkey, c.confkey) k (own, theirs)
            where k.own = ct.attnum and k.theirs = pt.attnum)
        order by 2, 1";
    let rows = sqlx::query(find).bind(members.to_vec()).fetch_all(conn).await?;
    let read = |row: &PgRow| {
        Ok(Reference {
            name: row.try_get(0)?,
            child: row.try_get(1)?,
            parent: row.try_get(2)?,
            is_outgoing: row.try_get(3)?,
            is_own: row.try_get::<bool, _>(3)? && row.try_get::<bool, _>(4)?,
            child_has_tenant: row.try_get(5)?,
            parent_is_ready: row.try_get::<Option<bool>, _>(6)?.unwrap_or_default(),
            child_is_forced: row.try_get(7)?,
            parent_is_forced: row.try_get(8)?,
            columns: row.try_get(9)?,
            referenced: row.try_get(10)?,
            on_update: row.try_get(11)?,
            on_delete: row.try_get(12)?,
            is_full: row.try_get(13)?,
            is_deferrable: row.try_get(14)?,
            is_deferred: row.try_get(15)?,
        })
    };
    rows.iter().map(read).collect()
}
