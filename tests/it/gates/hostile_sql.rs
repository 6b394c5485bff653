//! An agent that is wholly an attacker's, with all the SQL that its grant lets it send. What it is told must not depend
//! on another tenant in any way: it is told the same, word for word, before and after the other tenant's rows change.

use serde_json::{Value, json};

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::Said;

/// Statements that may be answered, if only with what is the agent's own.
const READS: &[&str] = &[
    // Rows.
    "select count(*), count(distinct tenant_id), min(amount), max(amount) from public.assessments",
    "select count(*) from public.assessments where tenant_id <> app.tenant()",
    "select count(*) from public.assessments where tenant_id is distinct from app.tenant() or true",
    "select * from public.assessments a where exists (select from public.assessments b where b.tenant_id <> a.tenant_id)",
    "select a.id from public.assessments a join public.assessments b on a.tenant_id <> b.tenant_id limit 1",
    "with recursive r as (select id, 1 as n from public.assessments union all select id, n + 1 from r where n < 2) select count(*) from r",
    "select count(*) from public.assessments tablesample system (100)",
    "select count(*) from public.assessments tablesample bernoulli (100) repeatable (1)",
    "select count(*) from only public.assessments",
    "table public.summaries",
    "select count(*) from (select 1 / (case when tenant_id = app.tenant() then 1 else 0 end) from public.assessments) s",
    "select count(*) from public.assessments where 1 / (case when tenant_id = app.tenant() then 1 else 0 end) = 1",
    "select count(*) from public.assessments where notes::text like '%' and length(notes) / (case when subject is null then 0 else 1 end) > 0",
    "select md5(string_agg(id::text, ',' order by id)) from public.assessments",
    "select jsonb_agg(s) from public.summaries s",
    "select (select count(*) from public.assessments where amount > a.amount) from public.assessments a order by id limit 3",
    "select percentile_cont(0.5) within group (order by amount) from public.assessments",
    "select count(*) filter (where tenant_id <> app.tenant()) over () from public.assessments limit 1",
    "select count(*) from public.assessments a, lateral (select from public.assessments b where b.id = a.id and b.tenant_id <> a.tenant_id) l",
    "select grouping(tenant_id), count(*) from public.assessments group by rollup (tenant_id) order by 1",
    // Physical places and transaction numbers count other tenants' rows.
    "select max(ctid) from public.assessments",
    "select ctid, xmin, xmax, cmin, cmax from public.assessments limit 1",
    "select tableoid from public.assessments limit 1",
    "select age(xmin) from public.assessments limit 1",
    "select xmin from pg_catalog.pg_type limit 1",
    "select age(datfrozenxid), mxid_age(datminmxid) from pg_database",
    "select pg_current_xact_id(), txid_current(), pg_current_snapshot()",
    "select txid_status(1000), pg_xact_status('1000'::xid8)",
    "select pg_snapshot_xmax(pg_current_snapshot())",
    "select pg_current_wal_lsn(), pg_current_wal_insert_lsn()",
    "select * from pg_control_checkpoint()",
    "select * from pg_control_system()",
    "select pg_last_committed_xact()",
    // Sizes and statistics.
    "select reltuples, relpages from pg_class where relname = 'assessments'",
    "select pg_relation_size('public.assessments'), pg_total_relation_size('public.assessments')",
    "select pg_table_size('public.assessments'), pg_indexes_size('public.assessments'), pg_database_size(current_database())",
    "select n_live_tup, n_tup_ins from pg_stat_all_tables where relname = 'assessments'",
    "select pg_stat_get_tuples_inserted('public.assessments'::regclass)",
    "select pg_stat_get_live_tuples('public.assessments'::regclass), pg_stat_get_numscans('public.assessments'::regclass)",
    "select most_common_vals, histogram_bounds from pg_stats where tablename = 'assessments'",
    "select * from pg_statistic",
    "select xact_commit, tup_returned from pg_stat_database",
    "select query from pg_stat_activity",
    "select * from pg_locks",
    "select statement from pg_prepared_statements",
    "select * from pg_cursors",
    "select * from pg_stat_statements",
    "select pg_relation_filepath('public.assessments')",
    // Names, logins, settings, files.
    "select rolname, rolpassword from pg_authid",
    "select rolname from pg_roles",
    "select count(*) from generate_series(1, 40000) o where o::oid::regrole::text !~ '^[0-9]+$'",
    "select count(*) from generate_series(1, 40000) o where acldefault('r', o::oid)::text !~ '[{][0-9]+='",
    "select count(*) from generate_series(1, 40000) o where makeaclitem(o::oid, o::oid, 'SELECT', false)::text !~ '^[0-9]+='",
    "select count(*) from generate_series(1, 40000) o where has_schema_privilege(o::oid, 'public', 'usage')",
    "select count(*) from generate_series(1, 40000) o where pg_has_role(o::oid, 'casemate_agent', 'member')",
    "select count(*) from generate_series(1, 40000) o where pg_has_role(o::oid, 'member')",
    "select count(*) from information_schema.applicable_roles",
    "select count(*) from information_schema.role_table_grants",
    "select * from pg_shadow",
    "select * from pg_hba_file_rules",
    "select name, setting from pg_settings where name like '%file%'",
    "select pg_read_file('/etc/passwd'), pg_ls_dir('.')",
    "select pg_stat_file('PG_VERSION')",
    "select lo_get(1), lo_creat(-1)",
    "select count(*) from pg_largeobject",
    "select id, name from casemate.tenants",
    "select * from casemate.runs",
    "select * from casemate.journal",
    "select * from casemate.kv",
    "select * from casemate.ready",
    "select * from app.keys",
    "select * from app.migrations",
    "select prosrc from pg_proc where proname = 'tag'",
    // Claims, roles and sessions.
    "select set_config('request.jwt.claims', '{\"tenant_id\": \"00000000-0000-0000-0000-000000000000\"}', true)",
    "select set_config('app.seal', 'x', true), count(*) from public.assessments",
    "select set_config('role', 'casemate_migrate', true)",
    "select set_config('row_security', 'off', true)",
    "select app.open('x')",
    "select app.tag('x', 'claims', 'x')",
    "select app.rotate('local', 'x', 'x', 'x')",
    "select app.padded('x', 54)",
    "select app.seal_message('x', 'x', 'x')",
    "select casemate.journal_append('x', gen_random_uuid(), 1, array[1::bigint], array[1::smallint], array['x'::bytea], 'x')",
    "select casemate_crypto.gen_random_bytes(8)",
    "select pg_advisory_lock(1), pg_try_advisory_lock(1)",
    "select pg_notify('a', 'b'), pg_listening_channels()",
    "select pg_sleep(1), pg_sleep_for('1 s')",
    "select pg_terminate_backend(pid), pg_cancel_backend(pid) from generate_series(1, 10) pid",
    "select pg_export_snapshot()",
    "select setseed(0.5)",
    "select lastval()",
    "select nextval('public.assessments_id_seq')",
    "select pg_sequence_last_value('public.x'::regclass)",
    "select dblink('dbname=casemate', 'select 1')",
    "select query_to_xml('select * from casemate.runs', true, true, '')",
    "select table_to_xml('public.assessments', true, true, ''), cursor_to_xml('c', 1, true, true, '')",
    "select database_to_xml(true, true, '')",
    "select ts_stat('select to_tsvector(notes) from public.assessments')",
    "select has_table_privilege('casemate_host', 'casemate.runs', 'select')",
    "select current_setting('request.jwt.claims')::jsonb ? 'tenant_id', current_setting('data_directory')",
    "select pg_show_all_settings()",
    "select inet_server_addr(), pg_conf_load_time()",
    "select count(*) from information_schema.tables where table_schema = 'casemate'",
    "select count(*) from information_schema.role_table_grants",
    "select pg_get_functiondef('app.open(text)'::regprocedure)",
    "select pg_logical_emit_message(true, 'a', 'b')",
    "select * from pg_ls_waldir()",
    "select pg_create_restore_point('x'), pg_switch_wal()",
    "select brin_summarize_new_values('public.assessments_pkey'), gin_clean_pending_list('public.assessments_pkey')",
    "select pg_get_multixact_members('1'::xid), pg_backend_pid() > 0",
    "select xpath('/a', xmlparse(document '<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>'))",
];

/// Statements that try to change what isn't the agent's, or to find out by an error what is there.
const WRITES: &[&str] = &[
    "update public.assessments set score = 9 where tenant_id <> app.tenant()",
    "delete from public.assessments where tenant_id <> app.tenant()",
    "update public.assessments set tenant_id = '00000000-0000-0000-0000-000000000000'",
    "insert into public.summaries (tenant_id, agent, body) values ('00000000-0000-0000-0000-000000000000', 'x', '{}')",
    "insert into public.assessments (id, subject, notes, amount) select md5('globex' || n)::uuid, 'x', 'x', 1 from generate_series(1, 3) n on conflict do nothing",
    "insert into public.assessments (id, tenant_id, subject, notes, amount) values (md5('globex1')::uuid, '00000000-0000-0000-0000-000000000000', 'x', 'x', 1) on conflict (id) do update set notes = 'y'",
    "merge into public.assessments a using (select md5('globex1')::uuid as id) s on a.id = s.id when matched then delete",
    "merge into public.summaries s using public.assessments a on a.tenant_id <> app.tenant() when not matched then do nothing",
    "with gone as (delete from public.assessments where tenant_id <> app.tenant() returning *) select count(*) from gone",
    "update public.assessments a set notes = b.notes from public.assessments b where b.tenant_id <> a.tenant_id",
    "update casemate.tenants set suspended_at = now()",
    "insert into casemate.kv (agent, key, value) values ('x', 'x', 'x')",
    "update casemate.runs set state = 'done'",
    "delete from casemate.journal",
    "truncate public.assessments",
    "alter table public.assessments disable row level security",
    "create policy open on public.assessments using (true)",
    "create temporary table assessments as select 1",
    "create function public.leak() returns int language sql as 'select 1'",
    "copy public.assessments to program 'cat'",
    "lock table public.assessments in access exclusive mode",
    "do $$ begin perform set_config('role', 'casemate_migrate', false); end $$",
    "set session authorization casemate_migrate",
    "reset role",
    "select 1 into public.mine",
    "listen all_tenants",
    "prepare p as select 1",
    "execute casemate_1",
    "deallocate all",
    "explain (analyze) select * from public.assessments",
    "select 1; update public.assessments set score = 9",
    "commit; set role casemate_migrate; select * from casemate.tenants",
];

/// What the agent is told of every statement, sent each way.
fn told(host: &Host) -> Tested<Vec<Value>> {
    let read = READS.iter().map(|statement| json!({"do": "sql-query", "statement": statement}));
    let write = WRITES.iter().chain(READS).map(|statement| json!({"do": "sql-execute", "statement": statement}));
    let within: Vec<Value> =
        WRITES.iter().map(|statement| json!({"do": "sql-returning", "statement": statement})).collect();
    let actions: Vec<Value> =
        read.chain(write).chain([json!({"do": "sql-transaction", "actions": within, "commit": false})]).collect();
    let policy = Policy::open().flagging().denials(10_000).run("calls", 10_000);
    let said: Said = host.run("probe", &policy, &json!(actions), &["acme"])?;
    said.expect(0)?;
    let replies: Vec<Value> = (0..actions.len()).map(|at| said.reply(at).cloned()).collect::<Tested<_>>()?;
    let other = host.rows_of("globex", "select tenant_id from public.assessments limit 1")?;
    let other = other.pointer("/0/0/uuid").and_then(Value::as_str).unwrap_or("no tenant").to_owned();
    assert!(other.len() == 36 && !said.stdout.contains(&other), "the other tenant's id was told");
    Ok(replies)
}

#[test]
fn what_an_attacker_is_told_says_nothing_of_another_tenant() -> Tested {
    assert!(READS.len() + WRITES.len() >= 100);
    let host = Host::seeded()?;
    let count = "select count(*), count(score) from public.assessments";
    // The first time it may change rows of its own.
    told(&host)?;
    let own = host.rows("select count(*), sum(amount) from public.assessments")?;
    let before = told(&host)?;
    assert_eq!(host.rows_of("globex", count)?, json!([[300, 0]]), "the other tenant's rows were touched");
    // The other tenant works: rows, changes, runs of its own.
    let insert = "insert into public.summaries (agent, body) select 'globex-marker', '{}' from generate_series(1, 777)";
    let more = "insert into public.assessments (id, subject, notes, amount) \
                select gen_random_uuid(), 'globex-marker', 'globex-marker', 999999 from generate_series(1, 500)";
    let work = [insert, more].map(|statement| json!({"do": "sql-execute", "statement": statement}));
    host.run("probe", &Policy::open().flagging(), &json!(work), &["globex"])?.expect(0)?;
    // And has a set of grants that nobody had.
    let reading = [("kv", "read", "probe/*"), ("log", "write", ""), ("clock", "read", ""), ("random", "read", "")]
        .into_iter()
        .fold(Policy::closed().flagging(), |policy, (tool, verb, name)| {
            policy.granting(tool, &[verb], if name.is_empty() { &[] } else { std::slice::from_ref(&name) })
        })
        .granting("sql", &["read"], &["public.summaries"]);
    let read = json!([{"do": "sql-query", "statement": "select count(*) from public.summaries"}]);
    host.run("probe", &reading, &read, &["globex"])?.expect(0)?;
    let after = told(&host)?;
    for (at, (before, after)) in before.iter().zip(&after).enumerate() {
        let statement = READS.iter().chain(WRITES).chain(READS).nth(at).copied().unwrap_or("in a transaction");
        assert_eq!(before, after, "{statement}");
        assert!(!after.to_string().contains("globex-marker"), "{statement}");
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(host.rows_of("globex", count)?, json!([[800, 0]]));
    assert_eq!(host.rows("select count(*), sum(amount) from public.assessments")?, own);
    host.verify()?.expect(0).map(drop)
}
