//! What breaks a rule is found, and nothing else is. Each rule is broken by itself on a clean database and mended again.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::world::Outcome;
use crate::{Cluster, Db, StoreError, wire};

/// A protected table, for what breaks on top of one.
pub(super) const SOUND: &str = "create table public.sound (id uuid not null default gen_random_uuid(),
        tenant_id uuid not null default app.tenant(), n bigint, during tstzrange, primary key (tenant_id, id));
    alter table public.sound enable row level security;
    alter table public.sound force row level security;
    create policy tenant_floor on public.sound as restrictive to public
        using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
    create policy tenant_rows on public.sound to casemate_agent using (true) with check (true)";

/// Who does it: the owner of the tables, or a superuser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Owner,
    Superuser,
}
use By::{Owner, Superuser};

/// Rule, object, who breaks it, with what, and what mends it.
const BREAKS: &[(&str, &str, By, &str, &str)] = &[
    ("table-no-tenant", "public.bare", Owner, "create table public.bare (id int)", "drop table public.bare"),
    (
        "table-no-tenant",
        "public.sound",
        Owner,
        "alter table public.sound drop constraint sound_pkey, alter column tenant_id drop not null",
        "alter table public.sound alter column tenant_id set not null, add primary key (tenant_id, id)",
    ),
    (
        "table-rls-off",
        "public.sound",
        Owner,
        "alter table public.sound disable row level security",
        "alter table public.sound enable row level security",
    ),
    (
        "table-not-forced",
        "public.sound",
        Owner,
        "alter table public.sound no force row level security",
        "alter table public.sound force row level security",
    ),
    (
        "table-no-floor",
        "public.sound",
        Owner,
        "alter policy tenant_floor on public.sound with check (true)",
        "alter policy tenant_floor on public.sound with check (tenant_id = (select app.tenant()))",
    ),
    (
        "table-no-floor",
        "public.sound",
        Owner,
        "alter policy tenant_floor on public.sound to casemate_agent",
        "alter policy tenant_floor on public.sound to public",
    ),
    (
        "table-owner",
        "public.sound",
        Superuser,
        "alter table public.sound owner to postgres",
        "alter table public.sound owner to casemate_migrate",
    ),
    (
        "table-foreign",
        "public.far",
        Superuser,
        "create foreign data wrapper w; create server s foreign data wrapper w; create foreign table public.far (a int) server s",
        "drop foreign data wrapper w cascade",
    ),
    (
        "server-foreign",
        "s",
        Superuser,
        "create foreign data wrapper w; create server s foreign data wrapper w",
        "drop foreign data wrapper w cascade",
    ),
    (
        "policy-public",
        "public.sound",
        Owner,
        "create policy lax on public.sound using (true)",
        "drop policy lax on public.sound",
    ),
    (
        "partition-open",
        "public.part",
        Owner,
        "create table public.whole (tenant_id uuid not null) partition by list (tenant_id);
            create table public.part partition of public.whole default; grant select (tenant_id) on public.part to casemate_host",
        "drop table public.whole",
    ),
    (
        "key-across-tenants",
        "public.sound",
        Owner,
        "alter table public.sound add unique (n)",
        "alter table public.sound drop constraint sound_n_key",
    ),
    (
        "key-across-tenants",
        "public.sound",
        Owner,
        "create unique index lower_n on public.sound ((n + 1)) include (tenant_id)",
        "drop index public.lower_n",
    ),
    (
        "key-across-tenants",
        "public.sound",
        Owner,
        "alter table public.sound add constraint apart exclude using gist (during with &&)",
        "alter table public.sound drop constraint apart",
    ),
    (
        "reference-across-tenants",
        "public.child",
        Owner,
        "create table public.child (tenant_id uuid not null, sound uuid, other uuid,
            foreign key (other, sound) references public.sound (tenant_id, id))",
        "drop table public.child",
    ),
    (
        "sequence-shared",
        "public.sound_n_seq",
        Owner,
        "alter table public.sound alter n set not null, alter n add generated always as identity",
        "alter table public.sound alter n drop identity, alter n drop not null",
    ),
    (
        "sequence-shared",
        "public.numbers",
        Owner,
        "create sequence public.numbers; alter table public.sound alter n set default nextval('public.numbers')",
        "alter table public.sound alter n drop default; drop sequence public.numbers",
    ),
    (
        "grant-dangerous",
        "public.sound",
        Owner,
        "grant truncate on public.sound to casemate_host",
        "revoke truncate on public.sound from casemate_host",
    ),
    (
        "grant-dangerous",
        "public.sound",
        Owner,
        "grant references (id) on public.sound to casemate_host",
        "revoke references (id) on public.sound from casemate_host",
    ),
    (
        "grant-whole-table",
        "public.sound",
        Owner,
        "create role casemate_agent_0123456789abcdef; grant select on public.sound to casemate_agent_0123456789abcdef",
        "revoke all on public.sound from casemate_agent_0123456789abcdef; drop role casemate_agent_0123456789abcdef",
    ),
    (
        "grant-system-column",
        "public.sound",
        Owner,
        "create role casemate_agent_0123456789abcdef; grant select (xmin) on public.sound to casemate_agent_0123456789abcdef",
        "revoke all (xmin) on public.sound from casemate_agent_0123456789abcdef; drop role casemate_agent_0123456789abcdef",
    ),
    (
        "grant-host-table",
        "casemate.kv",
        Owner,
        "grant select (key) on casemate.kv to casemate_agent",
        "revoke select (key) on casemate.kv from casemate_agent",
    ),
    (
        "grant-to-all",
        "public.sound",
        Owner,
        "grant select (n) on public.sound to public",
        "revoke select (n) on public.sound from public",
    ),
    (
        "grant-default",
        "public",
        Owner,
        "alter default privileges in schema public grant select on tables to casemate_agent",
        "alter default privileges in schema public revoke select on tables from casemate_agent",
    ),
    (
        "grant-default",
        "all schemas",
        Owner,
        "alter default privileges grant execute on functions to public",
        "alter default privileges revoke execute on functions from public",
    ),
    (
        "grant-parameter",
        "session_replication_role",
        Superuser,
        "grant set on parameter session_replication_role to casemate_sql",
        "revoke set on parameter session_replication_role from casemate_sql",
    ),
    (
        "schema-open",
        "public",
        Superuser,
        "grant create on schema public to public",
        "revoke create on schema public from public",
    ),
    (
        "schema-open",
        "casemate_closed",
        Superuser,
        "grant usage on schema casemate_closed to casemate_agent",
        "revoke usage on schema casemate_closed from casemate_agent",
    ),
    (
        "database-open",
        "casemate",
        Superuser,
        "grant temporary on database casemate to public",
        "revoke temporary on database casemate from public",
    ),
    ("view-as-owner", "public.v", Owner, "create view public.v as select * from public.sound", "drop view public.v"),
    (
        "view-materialized",
        "public.m",
        Owner,
        "create materialized view public.m as select * from public.sound",
        "drop materialized view public.m",
    ),
    (
        "rule",
        "public.sound",
        Owner,
        "create rule r as on insert to public.sound do also nothing",
        "drop rule r on public.sound",
    ),
    (
        "trigger-foreign",
        "public.sound",
        Superuser,
        "create function public.t() returns trigger language plpgsql as 'begin return new; end';
            revoke all on function public.t from public;
            create trigger t before insert on public.sound for each row execute function public.t()",
        "drop function public.t cascade",
    ),
    (
        "function-definer",
        "public.f()",
        Owner,
        "create function public.f() returns bigint language sql security definer set search_path = pg_catalog
            return (select count(*) from public.sound); grant execute on function public.f to casemate_agent",
        "drop function public.f",
    ),
    (
        "function-search-path",
        "public.f()",
        Owner,
        "create function public.f() returns int language sql security definer return 1",
        "drop function public.f",
    ),
    (
        "function-owner",
        "public.f()",
        Superuser,
        "create function public.f() returns int language sql security definer set search_path = pg_catalog return 1;
            revoke all on function public.f from public",
        "drop function public.f",
    ),
    (
        "function-immutable",
        "public.f()",
        Owner,
        "create function public.f() returns text language sql immutable as 'select current_setting(''request.jwt.claims'')'",
        "drop function public.f",
    ),
    (
        "function-claims",
        "app.tenant()",
        Owner,
        "alter function app.tenant parallel safe",
        "alter function app.tenant parallel unsafe",
    ),
    (
        "function-of-extension",
        "public.gen_salt(text)",
        Superuser,
        "alter extension pgcrypto set schema public",
        "alter extension pgcrypto set schema casemate_crypto",
    ),
    (
        "catalog-function",
        "set_config(text,text,boolean)",
        Superuser,
        "grant execute on function set_config to public",
        "revoke execute on function set_config from public",
    ),
    (
        "catalog-relation",
        "pg_class",
        Superuser,
        "grant select on pg_class to public",
        "revoke select on pg_class from public",
    ),
    (
        "catalog-relation",
        "pg_type",
        Superuser,
        "grant select (xmin) on pg_type to casemate_agent",
        "revoke select (xmin) on pg_type from casemate_agent",
    ),
    (
        "catalog-tablesample",
        "system(internal)",
        Superuser,
        "alter function casemate_closed.system(internal) set schema pg_catalog",
        "alter function pg_catalog.system(internal) set schema casemate_closed",
    ),
    (
        "catalog-roles",
        "regrole",
        Superuser,
        "alter type casemate_closed.regrole set schema pg_catalog",
        "alter type pg_catalog.regrole set schema casemate_closed",
    ),
    ("login-powers", "casemate_sql", Superuser, "alter role casemate_sql superuser", "alter role casemate_sql nosuperuser"),
    ("login-powers", "casemate_host", Superuser, "alter role casemate_host bypassrls", "alter role casemate_host nobypassrls"),
    ("login-inherits", "casemate_sql", Superuser, "alter role casemate_sql inherit", "alter role casemate_sql noinherit"),
    ("login-agent", "casemate_agent", Superuser, "alter role casemate_agent login", "alter role casemate_agent nologin"),
    (
        "login-member",
        "casemate_sql",
        Superuser,
        "grant casemate_host to casemate_sql",
        "revoke casemate_host from casemate_sql",
    ),
    (
        "login-member",
        "visitor",
        Superuser,
        "create role visitor; grant casemate_migrate to visitor",
        "drop role visitor",
    ),
    (
        "login-bypasses",
        "dump",
        Superuser,
        "create role dump login bypassrls; grant pg_read_all_data to dump",
        "drop role dump",
    ),
    ("large-objects", "1", Superuser, "select lo_create(4711)", "select lo_unlink(4711)"),
    ("publication", "p", Superuser, "create publication p for all tables", "drop publication p"),
    (
        "setting",
        "casemate_host",
        Superuser,
        "alter role casemate_host set row_security = off",
        "alter role casemate_host set row_security = on",
    ),
];

pub(super) async fn every_rule_is_found(db: &Db, superuser: &PgConnectOptions) -> Outcome {
    let started = std::time::Instant::now();
    assert_eq!(db.check().await?, []);
    println!("checked in {:?}", started.elapsed());
    db.expect_safe().await?;
    db.info().apply_sql(SOUND).await?;
    let mut superuser = superuser.connect().await?;
    let mut owner = db.info().owner().await?;
    for (rule, object, by, breaking, mending) in BREAKS {
        let conn = if *by == Owner { &mut owner } else { &mut superuser };
        wire::simple(conn, (*breaking).to_owned()).await.map_err(|error| format!("{breaking}: {error}"))?;
        let found = db.check().await?;
        let refused = db.expect_safe().await;
        wire::simple(conn, (*mending).to_owned()).await.map_err(|error| format!("{mending}: {error}"))?;
        let named = |finding: &crate::Finding| finding.rule() == *rule && finding.object == *object;
        assert!(found.iter().any(named), "{rule}, {object}: {found:?}");
        assert!(matches!(refused, Err(StoreError::Unsafe { .. })), "{refused:?}");
        assert_eq!(db.check().await?, [], "after {mending}");
    }
    let broken: std::collections::BTreeSet<_> = BREAKS.iter().map(|(rule, ..)| *rule).collect();
    // Not to be had here: an event trigger of somebody else than a superuser, logical decoding, and an old server.
    let missing: Vec<_> = crate::check::ids().filter(|id| !broken.contains(id)).collect();
    assert_eq!(missing, ["trigger-event", "replication-slot", "server-version"]);
    wire::simple(&mut owner, "drop table public.sound".to_owned()).await?;
    let rights = db.rights().await?;
    let of = |role: &str, table: &str| {
        rights.iter().find(|right| right.role == role && right.table == table).map(|right| right.verbs.join(", "))
    };
    assert_eq!(
        of("casemate_host", "casemate.kv").as_deref(),
        Some("SELECT, INSERT of columns, UPDATE of columns, DELETE")
    );
    assert_eq!(of("casemate_host", "casemate.journal").as_deref(), Some("SELECT"));
    assert_eq!(of("casemate_sql", "casemate.kv"), None);
    assert!(rights.iter().all(|right| right.role.starts_with("casemate_") && right.role != "casemate_agent"));
    owner.close().await?;
    superuser.close().await?;
    Ok(())
}

/// No table of what ships is unprotected: the host's own, the example's, the template's.
pub(super) async fn what_ships_is_clean(db: &Db, cluster: &Cluster) -> Outcome {
    for name in ["acme", "dev"] {
        db.add_tenant(name).await?;
    }
    for sql in [
        include_str!("../../../../examples/assessor/seed.sql"),
        include_str!("../../../../toolchain/templates/rows/schema.sql"),
    ] {
        db.info().apply_sql(sql).await?;
        db.info().apply_sql(sql).await?;
        assert_eq!(db.check().await?, []);
    }
    super::pgrls::what_ships_is_accepted(cluster)?;
    let drop = "drop table public.assessments, public.summaries, public.tasks; drop function public.count_write";
    db.info().apply_sql(drop).await?;
    Ok(())
}
