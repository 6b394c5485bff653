//! Tables as people have them, with rows, made safe; and those where the catalog doesn't say how.

use super::world::{AnyError, Outcome};
use crate::{Db, StoreError, wire};

const ONE: &str = "00000000-0000-0000-0000-000000000001";
const TWO: &str = "00000000-0000-0000-0000-000000000002";

/// What it is, how it is made (`{one}` and `{two}` are tenants), its tables in the order in which they are protected,
/// and what must hold afterwards.
const SHAPES: &[(&str, &str, &[&str], &[&str])] = &[
    (
        "the specification's literal form",
        "create table public.notes (id uuid primary key default gen_random_uuid(), tenant_id uuid not null, body text);
        insert into public.notes (tenant_id, body) values ('{one}', 'a'), ('{one}', 'b'), ('{two}', 'c');
        alter table public.notes enable row level security;
        create policy tenant_isolation on public.notes
            using (tenant_id = (current_setting('request.jwt.claims')::json->>'tenant_id')::uuid)",
        &["public.notes"],
        &[
            "select count(*) = 2 from pg_policy where polrelid = 'public.notes'::regclass",
            "select pg_get_constraintdef(oid) = 'PRIMARY KEY (tenant_id, id)' from pg_constraint where conname = 'notes_pkey'",
        ],
    ),
    (
        "policies per command, a nullable tenant, a unique key, everything granted to everybody",
        "create table public.users (id bigserial primary key, tenant_id uuid, email text unique,
            constraint mail_and_id unique nulls not distinct (email, id) deferrable initially deferred);
        insert into public.users (tenant_id, email) values ('{one}', 'a@x'), ('{two}', 'b@x');
        create unique index users_lower on public.users using btree (lower(email)) where email <> '';
        grant all on public.users to public, casemate_host;
        alter table public.users enable row level security;
        alter table public.users force row level security;
        create policy s on public.users for select using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
        create policy i on public.users for insert with check ((select current_setting('app.tenant_id')::uuid) = tenant_id);
        create policy d on public.users for delete to public using (true);
        create policy narrow on public.users as restrictive using (email <> 'hidden')",
        &["public.users"],
        &[
            "select indexdef like '%(tenant_id, lower(email)) WHERE%' from pg_indexes where indexname = 'users_lower'",
            "select pg_get_constraintdef(oid) = 'UNIQUE NULLS NOT DISTINCT (tenant_id, email, id) DEFERRABLE INITIALLY DEFERRED'
                from pg_constraint where conname = 'mail_and_id'",
            "select count(*) = 3 and bool_or(polname = 'narrow') from pg_policy where polrelid = 'public.users'::regclass",
            "select not has_table_privilege('casemate_host', 'public.users', 'truncate')
                and has_table_privilege('casemate_host', 'public.users', 'select')",
            "select to_regclass('public.users_id_seq') is null",
        ],
    ),
    (
        "parents and children, cascading",
        "create table public.parents (id uuid primary key, tenant_id uuid not null, up uuid references public.parents);
        create table public.children (id uuid primary key, tenant_id uuid not null,
            parent uuid references public.parents on delete cascade on update cascade, aunt uuid references public.parents on delete set null);
        insert into public.parents values (gen_random_uuid(), '{one}'), (gen_random_uuid(), '{two}');
        insert into public.children select gen_random_uuid(), tenant_id, id, id from public.parents",
        &["public.parents", "public.children"],
        &[
            "select count(*) = 3 and bool_and(pg_get_constraintdef(oid) like 'FOREIGN KEY (tenant_id, %') from pg_constraint
                where contype = 'f' and confrelid = 'public.parents'::regclass",
            "select count(*) = 1 from pg_constraint where contype = 'f' and conrelid = 'public.children'::regclass
                and pg_get_constraintdef(oid) like '%ON UPDATE CASCADE ON DELETE CASCADE'",
        ],
    ),
    (
        "in parts, the parts open",
        "create table public.events (id uuid, tenant_id uuid not null, at date not null, primary key (id, at)) partition by range (at);
        create table public.events_1 partition of public.events for values from ('2026-01-01') to ('2026-02-01');
        create table public.events_2 partition of public.events default;
        insert into public.events values (gen_random_uuid(), '{one}', '2026-01-05'), (gen_random_uuid(), '{two}', '2027-01-05');
        grant select on public.events_1 to public",
        &["public.events"],
        &["select count(*) = 6 from pg_policy where polrelid::regclass::text ~ '^events'"],
    ),
    (
        "without a tenant, and without rows; names that have to be quoted",
        "create table public.\"Odd \"\"name\" (\"the id\" bigint generated always as identity primary key, \"a;b\" text)",
        &["public.\"Odd \"\"name\""],
        &["select count(*) = 1 from pg_attribute where attrelid = 'public.\"Odd \"\"name\"'::regclass and attname = 'tenant_id' and attnotnull"],
    ),
    (
        "safe already, but for a policy for everybody",
        "create table public.nearly (tenant_id uuid not null default app.tenant(), n int);
        alter table public.nearly enable row level security; alter table public.nearly force row level security;
        create policy tenant_floor on public.nearly as restrictive using (tenant_id = (select app.tenant()));
        create policy agents on public.nearly to casemate_agent using (n > 0);
        create policy tenant_rows on public.nearly using (tenant_id = app.tenant())",
        &["public.nearly"],
        &["select count(*) = 2 and bool_or(polname = 'agents') from pg_policy where polrelid = 'public.nearly'::regclass"],
    ),
];

/// What it is, how it is made, which table, and a word of the reason.
const UNCLEAR: &[(&str, &str, &str, &str)] = &[
    ("no such table", "select 1", "public.missing", "that is there"),
    ("not a name", "select 1", "public.\"", "name a table"),
    ("the host's", "select 1", "casemate.kv", "of your own"),
    (
        "rows without a tenant",
        "create table public.t (a int); insert into public.t values (1)",
        "public.t",
        "it has rows",
    ),
    (
        "a row without a tenant, hidden from its owner",
        "create table public.t (tenant_id uuid); insert into public.t values (null);
        alter table public.t enable row level security; alter table public.t force row level security",
        "public.t",
        "some have no",
    ),
    ("a tenant that is text", "create table public.t (tenant_id text not null)", "public.t", "a uuid"),
    (
        "a policy that means something else",
        "create table public.t (tenant_id uuid not null, owner text); create policy p on public.t using (owner = current_user)",
        "public.t",
        "policy p",
    ),
    (
        "a reference to a table without tenants",
        "create table public.u (id int primary key); create table public.t (tenant_id uuid not null, u int references public.u)",
        "public.t",
        "protect public.u first",
    ),
    (
        "a reference from a table without tenants",
        "create table public.t (id int primary key, tenant_id uuid not null); create table public.u (t int references public.t)",
        "public.t",
        "give public.u",
    ),
    (
        "rows that refer to another tenant's",
        "create table public.t (id int primary key, tenant_id uuid not null);
        create table public.u (tenant_id uuid not null, t int references public.t);
        insert into public.t values (1, '{one}'); insert into public.u values ('{two}', 1)",
        "public.t",
        "other tenants",
    ),
    (
        "small numbers",
        "create table public.t (id serial primary key, tenant_id uuid not null)",
        "public.t",
        "uuid or bigint",
    ),
    (
        "an exclusion",
        "create table public.t (tenant_id uuid not null, d tstzrange, exclude using gist (d with &&))",
        "public.t",
        "t_d_excl",
    ),
    (
        "a rule",
        "create table public.t (tenant_id uuid not null); create rule r as on delete to public.t do instead nothing",
        "public.t",
        "rule r",
    ),
    (
        "a view",
        "create table public.t (a int); create view public.v as select * from public.t",
        "public.v",
        "security_invoker",
    ),
];

fn of(sql: &str) -> String {
    sql.replace("{one}", ONE).replace("{two}", TWO)
}

pub(super) async fn hostile_shapes_become_safe(db: &Db) -> Outcome {
    for (what, made, tables, facts) in SHAPES {
        let told = |error: StoreError| -> AnyError { format!("{what}: {error}, {error:?}").into() };
        db.info().apply_sql(&of(made)).await.map_err(told)?;
        assert_ne!(db.check().await?, [], "{what}");
        let rows = count(db, tables).await?;
        for table in *tables {
            // Printing changes nothing, and what is printed is what is done.
            let printed = db.protection(table).await.map_err(told)?;
            assert_eq!(db.protection(table).await.map_err(told)?, printed, "{what}");
            assert!(printed.script().starts_with("-- Protects "), "{what}");
            assert_eq!(db.protect(table).await.map_err(told)?, printed, "{what}");
            let again = db.protect(table).await.map_err(told)?;
            assert_eq!(again.statements, Vec::<String>::new(), "{what}");
        }
        assert_eq!(db.check().await?, [], "{what}");
        assert_eq!(count(db, tables).await?, rows, "{what}: rows are lost");
        let mut owner = db.info().owner().await?;
        for fact in *facts {
            let holds = wire::simple(&mut owner, (*fact).to_owned()).await?;
            assert_eq!(holds, [Some("t".to_owned())], "{what}: {fact}");
        }
        let drop = format!("drop table {} cascade", tables.join(", "));
        wire::simple(&mut owner, drop).await?;
    }
    // The printed migration, applied as a file.
    let (what, made, tables, _) = SHAPES.first().ok_or("shapes")?;
    db.info().apply_sql(&of(made)).await?;
    for table in *tables {
        let script = db.protection(table).await?.script();
        assert!(script.contains("-- Policy \"tenant_isolation\" said"), "{script}");
        db.info().apply_sql(&script).await?;
    }
    assert_eq!(db.check().await?, [], "{what}");
    db.info().apply_sql(&format!("drop table {}", tables.join(", "))).await?;
    Ok(())
}

async fn count(db: &Db, tables: &[&str]) -> Result<Vec<Option<String>>, AnyError> {
    let mut owner = db.info().owner().await?;
    let mut counts = Vec::new();
    for table in tables {
        let look =
            format!("begin; alter table {table} no force row level security; select count(*) from {table}; rollback");
        counts.extend(wire::simple(&mut owner, look).await?);
    }
    Ok(counts)
}

pub(super) async fn what_is_unclear_is_refused(db: &Db) -> Outcome {
    for (what, made, table, reason) in UNCLEAR {
        db.info().apply_sql(&of(made)).await.map_err(|error| format!("{what}: {error:?}"))?;
        let refused = db.protect(table).await;
        let told = refused.as_ref().map_err(ToString::to_string).err().unwrap_or_default();
        assert!(matches!(refused, Err(StoreError::Protect { .. })) && told.contains(reason), "{what}: {refused:?}");
        db.info().apply_sql("drop table if exists public.t, public.u cascade").await?;
    }
    assert_eq!(db.check().await?, []);
    Ok(())
}
