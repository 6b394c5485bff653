-- What only a superuser can do, once per database and again after an upgrade of this file: every statement may be
-- repeated. It knows the logins and what is taken from PUBLIC; tables are the migrations' business.

do $$
declare login text;
begin
  foreach login in array array['casemate_migrate', 'casemate_host', 'casemate_sql', 'casemate_agent'] loop
    if not exists (select from pg_roles where rolname = login) then
      execute format('create role %I', login);
    end if;
  end loop;
end $$;

-- Owns the tables and the functions that run as definer. CREATEROLE because it makes one role per set of grants.
alter role casemate_migrate with login nosuperuser nobypassrls noreplication nocreatedb createrole inherit;
-- The host's own records. NOBYPASSRLS: it takes a tenant's signed claim like everybody else.
alter role casemate_host with login nosuperuser nobypassrls noreplication nocreatedb nocreaterole noinherit;
-- Has nothing of its own; all it can do is become an agent role for one transaction.
alter role casemate_sql with login nosuperuser nobypassrls noreplication nocreatedb nocreaterole noinherit;
-- The group that permissive policies and the shared EXECUTE grants name.
alter role casemate_agent with nologin nosuperuser nobypassrls noreplication nocreatedb nocreaterole inherit;

-- Postgres 16 and later ask for the admin option where 15 was content with CREATEROLE. SET and INHERIT stay off:
-- the owner must not match policies that are meant for agents.
do $$ begin
  if current_setting('server_version_num')::int >= 160000 then
    execute 'grant casemate_agent to casemate_migrate with admin true, inherit false, set false';
  end if;
end $$;

-- Notation is part of what an agent sees and its journal keeps, so it doesn't follow the machine's locale.
do $$
declare login text;
begin
  foreach login in array array['casemate_migrate', 'casemate_host', 'casemate_sql'] loop
    execute format('alter role %I set timezone = %L', login, 'UTC');
    execute format('alter role %I set datestyle = %L', login, 'ISO, YMD');
    execute format('alter role %I set intervalstyle = %L', login, 'iso_8601');
    execute format('alter role %I set bytea_output = %L', login, 'hex');
    execute format('alter role %I set row_security = on', login);
    execute format('alter role %I set standard_conforming_strings = on', login);
    execute format('alter role %I set client_encoding = %L', login, 'UTF8');
  end loop;
end $$;
alter role casemate_sql set search_path = public;
alter role casemate_host set search_path = casemate;
-- A bound for transactions that carry no deadline of their own; a tenant transaction sets a tighter one.
alter role casemate_sql set statement_timeout = '30s';
alter role casemate_host set statement_timeout = '30s';
alter role casemate_sql set idle_in_transaction_session_timeout = '60s';
alter role casemate_host set idle_in_transaction_session_timeout = '60s';

-- Databases and schemas: nothing for PUBLIC; TEMP above all, because pg_temp is searched before any schema.
do $$
declare name text;
begin
  foreach name in array array['postgres', 'template1', current_database()] loop
    execute format('revoke all on database %I from public', name);
  end loop;
  execute format('grant connect on database %I to casemate_migrate, casemate_host, casemate_sql', current_database());
end $$;
revoke all on schema public from public;
-- With the option to pass it on, since it grants the schemas of tables to agents' roles.
grant usage, create on schema public to casemate_migrate with grant option;
grant usage on schema public to casemate_agent;

-- HMAC comes from pgcrypto, whose other functions (slow password hashes, PGP) are nothing for agents.
create schema if not exists casemate_crypto;
create extension if not exists pgcrypto with schema casemate_crypto;
revoke all on schema casemate_crypto from public;
grant usage on schema casemate_crypto to casemate_migrate;

create schema if not exists app authorization casemate_migrate;
create schema if not exists casemate authorization casemate_migrate;

-- Functions that any SQL may call on a stock Postgres and that break the isolation of tenants or of transactions:
-- settings (claims), session-wide locks and messages (channels between tenants that no policy covers), large
-- objects (no row security), sleeping, functions that run SQL from a string (they would pass the filter of statement
-- kinds), and sizes and statistics (counts over all tenants' rows).
do $$
declare f record;
begin
  for f in
    select p.oid::regprocedure as signature from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind in ('f', 'p') and (
      p.proname in ('set_config', 'pg_notify', 'pg_listening_channels', 'loread', 'lowrite', 'ts_stat',
        'pg_export_snapshot', 'pg_logical_emit_message', 'pg_cancel_backend', 'pg_terminate_backend',
        'pg_lock_status', 'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids', 'pg_prepared_xact',
        'pg_table_size', 'pg_indexes_size', 'pg_relation_size', 'pg_total_relation_size', 'pg_database_size',
        'pg_tablespace_size', 'pg_notification_queue_usage', 'pg_isolation_test_session_is_blocked',
        'pg_import_system_collations', 'pg_current_xact_id', 'pg_current_xact_id_if_assigned', 'txid_current',
        'txid_current_if_assigned', 'pg_current_snapshot', 'txid_current_snapshot', 'pg_sequence_last_value',
        'row_security_active')
      or p.proname ~ '^(pg_(try_)?advisory_|lo_|be_lo_|pg_sleep|pg_stat_|pg_ls_|pg_read_|pg_current_wal_|pg_last_)'
      or p.proname ~ '^(query|table|schema|database|cursor)_to_xml'
      or (p.proname = 'ts_rewrite' and p.pronargs = 2))
  loop
    execute format('revoke execute on function %s from public', f.signature);
  end loop;
end $$;
-- The owner of the definer functions needs the claims' setting, and the migrations their own lock.
grant execute on function pg_catalog.set_config(text, text, boolean) to casemate_migrate;
grant execute on function pg_catalog.pg_advisory_lock(bigint), pg_catalog.pg_advisory_unlock(bigint),
  pg_catalog.pg_advisory_xact_lock(bigint) to casemate_migrate;

-- The same counts as tables and views.
do $$
declare v record;
begin
  for v in
    select c.oid::regclass as name from pg_class c
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v')
      and (c.relname ~ '^pg_stat' or c.relname in ('pg_class', 'pg_locks', 'pg_prepared_xacts', 'pg_settings',
        'pg_db_role_setting', 'pg_shdepend', 'pg_sequences'))
  loop
    execute format('revoke all on %s from public', v.name);
  end loop;
end $$;
grant select on pg_catalog.pg_class to casemate_migrate, casemate_host;
