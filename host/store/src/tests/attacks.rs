//! The attack table on row-level security, row by row, as an agent whose SQL an attacker writes. The numbers are those
//! of docs/rows.md. What lies in the catalog rather than in a statement (owners, views, keys) is in `catalog.rs`, the
//! claim in `claims.rs`; sessions are in `attacks/sessions.rs`. It doesn't know how a statement is sent.

mod sessions;

use casemate_gate::Verb;

pub(super) use sessions::{
    a_cancel_leaves_nothing, a_killed_session_leaves_nothing, parallel_plans_are_right, plans_follow_the_claim,
    row_security_stays_on, settings_prove_nothing, suspended_tenants_open_no_claim,
};

use super::world::{AnyError, CAPS, Outcome, ROWS, World, grant, new_id, number, soon};
use crate::{Access, Door, SqlError, TenantTx};

/// What has to come of a statement.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// Postgres refuses it with this SQLSTATE.
    Refused(&'static str),
    /// It isn't of a kind that is run.
    Filtered,
    /// One number.
    Is(i64),
    /// It changes so many rows.
    Changes(u64),
}
use Then::{Changes, Filtered, Is, Refused};

/// `{other}` is the other tenant's id, `{theirs}` the key of a row of it.
const ATTACKS: &[(&str, &str, Then)] = &[
    ("4: a role that was not granted", "select count(*) from public.secrets", Refused("42501")),
    ("8: a key that another tenant has", "insert into public.items (id, n) values ('{theirs}', 1)", Changes(1)),
    ("9: insert for another tenant", "insert into public.items (tenant_id, n) values ('{other}', 1)", Refused("42501")),
    ("10: give a row away", "update public.items set tenant_id = '{other}'", Refused("42501")),
    (
        "10: give a row away by MERGE",
        "merge into public.items i using (values (1)) v (n) on i.n = v.n when matched then update set tenant_id = '{other}'",
        Refused("42501"),
    ),
    (
        "11: ON CONFLICT over a hidden row",
        "insert into public.items (id, n) values ('{theirs}', 1) on conflict (tenant_id, id) do update set n = -1",
        Changes(1),
    ),
    (
        "12: ON CONFLICT as an oracle",
        "insert into public.items (id, n) values ('{theirs}', 1) on conflict do nothing",
        Changes(1),
    ),
    ("13: row_security off", "set row_security = off", Filtered),
    ("14: COPY out", "copy public.items to stdout", Filtered),
    ("14: COPY in", "copy public.items from stdin", Filtered),
    ("15: TRUNCATE", "truncate public.items", Filtered),
    ("16: EXPLAIN", "explain select * from public.items", Filtered),
    ("16: the planner's numbers", "select reltuples from pg_class where relname = 'items'", Refused("42501")),
    ("16: the planner's samples", "select * from pg_stats", Refused("42501")),
    ("16: sizes", "select pg_relation_size('public.items')", Refused("42501")),
    ("16: sizes of columns", "select count(pg_column_size(n)) from public.items", Is(20)),
    ("17: other sessions", "select * from pg_stat_activity", Refused("42501")),
    ("17: other sessions", "select * from pg_stat_get_activity(null)", Refused("42501")),
    (
        "18: a cheap condition that tells what it sees",
        "select count(*) from public.items where (case when n < 0 then 1 / (n - n) else 0 end) = 0",
        Is(20),
    ),
    ("19: a function of one's own", "create function f() returns int leakproof language sql return 1", Filtered),
    ("20: divide by zero for a hidden row", "select count(*) from public.items where 1 / (n - 1000) < 5", Is(20)),
    ("21: another claim", "select set_config('request.jwt.claims', '{}', true)", Refused("42501")),
    ("22: another role", "set role casemate_migrate", Filtered),
    ("22: no role", "reset role", Filtered),
    ("22: what one may become", "select count(*) from pg_auth_members", Refused("42501")),
    ("33: the place of a row", "select ctid from public.items", Refused("42501")),
    ("33: the place of a row, by another name", "select (i).ctid from public.items i", Refused("42501")),
    ("33: the place of a row, as a function", "select ctid(i) from public.items i", Refused("42501")),
    ("33: the place of a row, as a condition", "select 1 from public.items where ctid < '(1,0)'", Refused("42501")),
    ("33: the place of a row, on its way out", "delete from public.items returning ctid", Refused("42501")),
    ("33: the place of a row, updated", "select currtid2('public.items', '(0,1)')", Refused("42501")),
    ("33: the transaction of a row", "select xmin from public.items", Refused("42501")),
    ("33: the end of a row", "select xmax, cmin, cmax, tableoid from public.items", Refused("42501")),
    ("33: the transaction of a type", "select xmin from pg_type limit 1", Refused("42501")),
    (
        "34: a sample by place",
        "select count(*) from public.items tablesample system (50) repeatable (1)",
        Refused("42704"),
    ),
    ("34: a sample by place", "select count(*) from public.items tablesample bernoulli (50)", Refused("42704")),
    (
        "34: a sample by place, where the method went",
        "select count(*) from public.items tablesample casemate_closed.system (50)",
        Refused("42501"),
    ),
    ("35: the counter of transactions", "select pg_current_xact_id()", Refused("42501")),
    ("35: the counter of transactions", "select txid_current()", Refused("42501")),
    ("35: the counter of transactions", "select pg_current_snapshot()", Refused("42501")),
    ("35: the age of a transaction", "select age('3'::xid)", Refused("42501")),
    ("35: the age of a transaction", "select mxid_age('3'::xid)", Refused("42501")),
    ("35: the fate of a transaction", "select pg_xact_status('700')", Refused("42501")),
    ("35: the log's end", "select pg_current_wal_lsn()", Refused("42501")),
    ("35: the server's counters", "select * from pg_control_checkpoint()", Refused("42501")),
    ("36: statements that others prepared", "select count(*) from pg_prepared_statements", Refused("42501")),
    ("36: statements that others prepared", "select count(*) from pg_prepared_statement()", Refused("42501")),
    ("36: cursors", "select count(*) from pg_cursors", Refused("42501")),
    ("36: the message around the statement", "select current_query()", Refused("42501")),
    ("36: settings", "select count(*) from pg_settings", Refused("42501")),
    ("36: settings", "select count(*) from pg_show_all_settings()", Refused("42501")),
    ("37: the next number", "select nextval('public.numbers')", Refused("42501")),
    ("37: the last number", "select last_value from public.numbers", Refused("42501")),
    ("37: the last number", "select lastval()", Refused("42501")),
    ("37: the last number", "select pg_sequence_last_value('public.numbers'::regclass)", Refused("42501")),
    ("37: the last number", "select * from pg_sequences", Refused("42501")),
    ("38: LISTEN", "listen x", Filtered),
    ("38: NOTIFY", "select pg_notify('x', 'y')", Refused("42501")),
    ("38: who listens", "select pg_listening_channels()", Refused("42501")),
    ("38: locks as messages", "select pg_try_advisory_lock(1)", Refused("42501")),
    ("38: locks as messages", "select pg_advisory_xact_lock_shared(1, 2)", Refused("42501")),
    ("38: locks of others", "select count(*) from pg_locks", Refused("42501")),
    ("38: seeds as messages", "select setseed(0.5)", Refused("42501")),
    ("39: large objects", "select lo_from_bytea(0, 'x')", Refused("42501")),
    ("39: large objects", "select lo_get(1)", Refused("42501")),
    ("39: large objects", "select count(*) from pg_largeobject_metadata", Refused("42501")),
    ("40: publish", "create publication p for all tables", Filtered),
    ("40: replication slots", "select pg_create_logical_replication_slot('s', 'pgoutput')", Refused("42501")),
    ("40: a message into the log", "select pg_logical_emit_message(true, 'a', 'b')", Refused("42501")),
    (
        "42: MERGE sees one's own rows",
        "merge into public.items i using (select 1) s on true when matched then update set n = i.n",
        Changes(20),
    ),
    ("43: a trigger of one's own", "create trigger t before insert on public.items execute function f()", Filtered),
    ("44: hide a table in pg_temp", "create temp table items (n int)", Filtered),
    ("44: hide a table in pg_temp", "select 1 as n into temp items", Refused("42501")),
    ("47: SQL in a string", "select query_to_xml('select 1', true, true, '')", Refused("42501")),
    ("47: SQL in a string", "select ts_stat('select 1')", Refused("42501")),
    ("47: SQL in a string", "select ts_rewrite('a'::tsquery, 'select 1')", Refused("42501")),
    ("47: SQL in a string", "select database_to_xml(true, true, '')", Refused("42501")),
    ("47: a whole table by its name", "select table_to_xml('public.items', true, true, '')", Refused("42501")),
    ("48: files", "select pg_read_file('/etc/passwd')", Refused("42501")),
    ("48: files", "select pg_stat_file('base')", Refused("42501")),
    ("48: who is there", "select pg_backend_pid()", Refused("42501")),
    ("48: who is there", "select pg_terminate_backend(1)", Refused("42501")),
    ("49: the host's tables", "select count(*) from casemate.runs", Refused("42501")),
    ("49: the host's tables", "select count(*) from casemate.tenants", Refused("42501")),
    ("49: the host's keys", "select count(*) from app.keys", Refused("42501")),
    ("49: the host's functions", "select app.open('x')", Refused("42501")),
    (
        "50: roles by number",
        "select count(*) from generate_series(1, 30000) o where o::oid::regrole::text ~ 'agent'",
        Refused("42704"),
    ),
    ("50: roles by name", "select 'casemate_agent=r/postgres'::aclitem", Refused("42704")),
    ("50: roles in a record", "select count(*) from json_to_record('{}') as r (a regrole)", Refused("42704")),
    ("50: roles in another schema", "select 'postgres'::casemate_closed.regrole", Refused("42501")),
    ("50: roles in a list of rights", "select acldefault('r', 16400::oid)", Refused("42501")),
    ("50: roles in a list of rights", "select makeaclitem(16400::oid, 16400::oid, 'SELECT', false)", Refused("42501")),
    ("50: another's rights", "select has_schema_privilege(16400::oid, 'public', 'usage')", Refused("42501")),
    ("50: another's rights", "select has_table_privilege('casemate_host', 'public.items', 'select')", Refused("42501")),
    ("50: another's roles", "select pg_has_role(16400::oid, 'casemate_agent', 'member')", Refused("42501")),
    ("50: a role by its name", "select pg_has_role('casemate_agent_0123456789abcdef', 'member')", Refused("42501")),
];

/// What has to go on working, with rights to columns only.
const ORDINARY: &[(&str, Then)] = &[
    ("select count(*) from public.items", Is(20)),
    ("select count(*) from (select * from public.items) s", Is(20)),
    ("select count(i) from public.items i", Is(20)),
    ("select count(*) from public.items i join public.items j using (id)", Is(20)),
    ("select count(*) from information_schema.columns where table_name = 'items'", Is(3)),
    ("select count(*) from information_schema.tables where table_schema = 'public'", Is(3)),
    ("select count(*) from public.looking_safely", Is(20)),
    ("select extract(year from date '2026-02-03')::bigint", Is(2026)),
    ("select length(to_char(timestamptz '2026-02-03', 'YYYY'))::bigint", Is(4)),
    ("select count(*) from generate_series(now(), now() + interval '1 day', '1 hour')", Is(25)),
    ("select count(*) from jsonb_to_recordset('[{\"a\": 1}]') as t (a int)", Is(1)),
    ("select length(string_agg(n::text, ',' order by n))::bigint from public.items where n < 10", Is(17)),
    (
        "select count(*) from public.items where to_tsvector('english', 'a fat cat') @@ to_tsquery('english', 'cats')",
        Is(20),
    ),
    ("select count(*) from public.items where random() >= 0 and clock_timestamp() > current_date", Is(20)),
    ("select count(json_build_object('n', n)) from public.items", Is(20)),
    (
        "select count(*) from (select row_to_json(i), to_jsonb(i), row_number() over (order by n) from public.items i) s",
        Is(20),
    ),
    ("insert into public.items (n) values (50), (51) returning *", Changes(2)),
    ("insert into public.items select gen_random_uuid(), app.tenant(), 52", Changes(1)),
    ("update public.items set n = n + 100 where n <= 5 returning n", Changes(5)),
    (
        "with locked as (select id from public.items where n = 6 for update) delete from public.items i using locked l where l.id = i.id",
        Changes(1),
    ),
    (
        "merge into public.items i using (values (7, 700), (8000, 8000)) v (n, m) on i.n = v.n
         when matched then update set n = v.m when not matched then insert (n) values (v.m)",
        Changes(2),
    ),
    ("delete from public.items where n = 1", Changes(1)),
];

async fn agent(world: &World) -> Result<(TenantTx, String), AnyError> {
    let both = [Verb::Read, Verb::Write];
    let granted = [grant("items", &both), grant("assessments", &both), grant("looking_safely", &[Verb::Read])];
    let role = world.db.ensure_agent_role(&granted).await?;
    let scope = world.scope_as(world.one, new_id(), Some(role.clone()))?;
    Ok((TenantTx::begin(&world.db, &scope, Access::Write, Door::Sql, soon()).await?, role))
}

async fn attempt(tx: &mut TenantTx, what: &str, statement: &str, then: Then) -> Outcome {
    match then {
        Is(expected) => {
            let found = number(tx, statement).await.map_err(|error| format!("{what}: {statement}: {error}"))?;
            assert_eq!(found, expected, "{what}: {statement}");
        }
        Changes(expected) => {
            let changed = tx.change(statement, &[]).await.map_err(|error| format!("{what}: {statement}: {error}"))?;
            assert_eq!(changed, expected, "{what}: {statement}");
        }
        Filtered => {
            let refused = tx.change(statement, &[]).await;
            assert!(matches!(refused, Err(SqlError::Statement { .. })), "{what}: {statement}: {refused:?}");
        }
        Refused(code) => {
            let refused = tx.change(statement, &[]).await;
            assert_eq!(
                refused.as_ref().err().and_then(SqlError::sqlstate),
                Some(code),
                "{what}: {statement}: {refused:?}"
            );
        }
    }
    Ok(())
}

pub(super) async fn statements_reach_nothing_of_others(world: World) -> Outcome {
    let theirs = super::world::item_of(world.other, 1);
    for (what, statement, then) in ATTACKS {
        let statement = statement.replace("{other}", &world.other.to_string()).replace("{theirs}", &theirs);
        let (mut tx, _) = agent(&world).await?;
        attempt(&mut tx, what, &statement, *then).await?;
        if !matches!(then, Changes(_)) {
            assert_eq!(number(&mut tx, "select count(*) from public.items").await?, i64::try_from(ROWS)?, "{what}");
        }
        tx.rollback().await?;
    }
    Ok(())
}

pub(super) async fn ordinary_sql_goes_on(world: World) -> Outcome {
    for (statement, then) in ORDINARY {
        let (mut tx, _) = agent(&world).await?;
        attempt(&mut tx, "ordinary", statement, *then).await?;
        tx.rollback().await?;
    }
    // Every view of information_schema can be read but those about rights, which name roles.
    let closed = |view: &str| {
        view.ends_with("_privileges") && view != "data_type_privileges"
            || view.starts_with("role_") && view.ends_with("_grants")
    };
    let (mut tx, _) = agent(&world).await?;
    let views = "select table_name from information_schema.tables where table_schema = 'information_schema'";
    let views = tx.query(views, &[], CAPS).await?;
    assert!(views.rows.len() > 60, "{}", views.rows.len());
    for view in views.rows.iter().flatten() {
        let casemate_gate::Value::Text(view) = view else { return Err("a name is text".into()) };
        let read = format!("select count(*) from information_schema.{view}");
        match number(&mut tx, &read).await {
            Err(error) if !closed(view) => return Err(format!("{view}: {error}").into()),
            Ok(_) if closed(view) => return Err(format!("{view} can be read").into()),
            _ => {}
        }
    }
    tx.rollback().await?;
    Ok(())
}

/// 30: two permissive policies. 6: a partition by itself.
pub(super) async fn policies_and_partitions(world: World) -> Outcome {
    let (mut tx, role) = agent(&world).await?;
    tx.rollback().await?;
    let info = world.db.info();
    info.apply_sql("create policy lax on public.items to public using (true) with check (true)").await?;
    let (mut again, _) = agent(&world).await?;
    let seen = number(&mut again, "select count(*) from public.items").await;
    again.rollback().await?;
    info.apply_sql("drop policy lax on public.items").await?;
    assert_eq!(seen?, i64::try_from(ROWS)?);
    let role_of = world.db.ensure_agent_role(&[grant("parted", &[Verb::Read])]).await?;
    assert_ne!(role_of, role);
    let scope = world.scope_as(world.one, new_id(), Some(role_of))?;
    tx = TenantTx::begin(&world.db, &scope, Access::Read, Door::Sql, soon()).await?;
    assert_eq!(number(&mut tx, "select count(*) from public.parted").await?, 1);
    let refused = tx.query("select count(*) from public.parted_one", &[], CAPS).await;
    assert_eq!(refused.as_ref().err().and_then(SqlError::sqlstate), Some("42501"), "{refused:?}");
    tx.rollback().await?;
    Ok(())
}
