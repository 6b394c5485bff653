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

-- The first migration names pgcrypto (the fourth does without it), whose other functions (slow password hashes, PGP) are nothing for agents.
create schema if not exists casemate_crypto;
create extension if not exists pgcrypto with schema casemate_crypto;
revoke all on schema casemate_crypto from public;
grant usage on schema casemate_crypto to casemate_migrate;

create schema if not exists app authorization casemate_migrate;
create schema if not exists casemate authorization casemate_migrate;

-- pg_catalog, closed by default: what isn't listed below can't be called or read by SQL of agents, so a function or
-- view that a later Postgres adds is closed too. Closed are, above all, what sets claims (settings), what other tenants
-- could hear (locks, messages, large objects, random seeds), what runs SQL from a string, and what counts: sizes,
-- statistics, transaction numbers, sessions. `casemate db check` has the same rule and lists what broke it.
create schema if not exists casemate_closed;
revoke all on schema casemate_closed from public;
-- For `casemate db check`.
grant usage on schema casemate_closed to casemate_migrate;

-- Functions whose answer depends on their arguments alone (IMMUTABLE) stay open, but for the few named first. Of the
-- others these are what ordinary SQL, information_schema and drivers call.
create or replace function casemate_closed.is_open(p_name name, p_volatility "char", p_arguments oidvector) returns boolean
language sql immutable as $$
  select case
    -- acldefault and makeaclitem write names of roles.
    when p_volatility = 'i' then p_name <> all ('{pg_partition_root,satisfies_hash_partition,pg_walfile_name,
      pg_walfile_name_offset,postgresql_fdw_validator,acldefault,makeaclitem}'::name[])
    -- The same names, once for times and once for transaction numbers.
    when p_name = 'age' then p_arguments[0] in ('timestamp'::regtype, 'timestamptz'::regtype)
    -- Random values: nothing to tell anybody. Not setseed, whose effect outlives the transaction.
    when p_name = any ('{random,random_normal,gen_random_uuid,uuidv4,uuidv7,array_sample,array_shuffle}'::name[]) then true
    -- Dates and times.
    when p_name = any ('{clock_timestamp,timeofday,now,statement_timestamp,transaction_timestamp,date_part,date_trunc,
      date_add,date_subtract,date_bin,extract,overlaps,in_range,make_timestamptz,timezone,to_char,to_date,
      to_number,to_timestamp,date,time,timetz,timestamp,timestamptz,interval_pl_timestamptz,
      timestamptz_mi_interval,timestamptz_pl_interval,generate_series}'::name[]) then true
    -- Text, numbers, casts.
    when p_name = any ('{concat,concat_ws,format,quote_literal,quote_nullable,length,convert,convert_from,convert_to,
      anytextcat,textanycat,array_to_string,string_agg,money,numeric,regclass,enum_first,enum_last,
      enum_range,pg_column_size,pg_input_is_valid,pg_input_error_info}'::name[]) then true
    -- JSON and XML, without what reads tables.
    when p_name = any ('{to_json,to_jsonb,array_to_json,row_to_json,json_agg,json_agg_strict,jsonb_agg,jsonb_agg_strict,
      json_object_agg,json_object_agg_strict,json_object_agg_unique,json_object_agg_unique_strict,
      jsonb_object_agg,jsonb_object_agg_strict,jsonb_object_agg_unique,jsonb_object_agg_unique_strict,
      json_build_array,json_build_object,jsonb_build_array,jsonb_build_object,json_populate_record,
      json_populate_recordset,jsonb_populate_record,jsonb_populate_recordset,json_to_record,
      json_to_recordset,jsonb_to_record,jsonb_to_recordset,jsonb_path_exists_tz,jsonb_path_match_tz,
      jsonb_path_query_tz,jsonb_path_query_array_tz,jsonb_path_query_first_tz,xml,xml_is_well_formed}'::name[]) then true
    -- Text search.
    when p_name = any ('{get_current_ts_config,to_tsvector,to_tsquery,plainto_tsquery,phraseto_tsquery,websearch_to_tsquery,
      json_to_tsvector,jsonb_to_tsvector,ts_headline,ts_match_tt,ts_match_tq}'::name[]) then true
    -- Who and what one is oneself.
    when p_name = any ('{current_database,current_schema,current_schemas,current_setting,current_user,session_user,version,
      pg_typeof,format_type,pg_trigger_depth,pg_collation_for}'::name[]) then true
    -- What the views of information_schema call.
    when p_name = any ('{pg_get_constraintdef,pg_get_expr,pg_get_function_arg_default,pg_get_function_sqlbody,pg_get_viewdef,pg_get_triggerdef,
      pg_relation_is_updatable,pg_column_is_updatable,pg_is_other_temp_schema,pg_my_temp_schema,
      pg_function_is_visible,pg_table_is_visible,pg_type_is_visible,pg_encoding_to_char,
      getdatabaseencoding,pg_options_to_table,pg_get_statisticsobjdef_columns,aclexplode,to_regtype}'::name[]) then true
    -- One's own rights. Not anybody else's: a role is there or not, and so counts the sets of grants of all tenants.
    when p_name = 'pg_has_role' then p_arguments[0] = 'oid'::regtype and cardinality(p_arguments::oid[]) = 2
    when p_name = 'has_column_privilege' then cardinality(p_arguments::oid[]) = 3
    when p_name ~ '^has_[a-z_]+_privilege$' then cardinality(p_arguments::oid[]) = 2
    -- The operators between types of times.
    else p_name ~ '^(date|timestamp|timestamptz)_(cmp|eq|ne|lt|le|gt|ge)_(date|timestamp|timestamptz)$'
  end
$$;

-- Open to nobody but the superuser on a stock Postgres, and that stays so.
create or replace function casemate_closed.was_public(p_object oid, p_catalog regclass) returns boolean
language sql stable set search_path = pg_catalog as $$
  select coalesce((
    select exists (select from aclexplode(i.initprivs) a where a.grantee = 0 and a.privilege_type in ('EXECUTE', 'SELECT'))
    from pg_init_privs i where i.objoid = p_object and i.classoid = p_catalog and i.objsubid = 0),
    p_catalog = 'pg_proc'::regclass)
$$;

do $$
declare f record;
begin
  for f in
    select p.oid::regprocedure as signature,
      has_function_privilege('public', p.oid, 'execute') as is_public,
      casemate_closed.is_open(p.proname, p.provolatile, p.proargtypes) as is_open,
      casemate_closed.was_public(p.oid, 'pg_proc') as was_public
    from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind in ('f', 'p', 'a', 'w')
  loop
    if f.is_open then
      if f.was_public and not f.is_public then
        execute format('grant execute on function %s to public', f.signature);
      end if;
    else
      if f.is_public then
        execute format('revoke execute on function %s from public', f.signature);
      end if;
      -- The owner of the tables and the host itself run no stranger's text.
      if f.was_public then
        execute format('grant execute on function %s to casemate_migrate, casemate_host', f.signature);
      end if;
    end if;
  end loop;
end $$;

-- The two methods of TABLESAMPLE pick rows by their place in the file, and so tell where a tenant's rows lie among the
-- others'. No right is asked for them: they are out of the way instead.
do $$
declare f record;
begin
  for f in
    select p.oid::regprocedure as signature from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.prorettype = 'tsm_handler'::regtype
  loop
    execute format('alter function pg_catalog.%s set schema casemate_closed', f.signature);
  end loop;
end $$;

-- Two types tell whether a role is there by their text form, and no right is asked for that either: each set of grants of
-- any tenant is a role. The array types go with them.
do $$
declare t record;
begin
  for t in
    select typname from pg_type where typnamespace = 'pg_catalog'::regnamespace and typname in ('regrole', 'aclitem')
  loop
    execute format('alter type pg_catalog.%I set schema casemate_closed', t.typname);
  end loop;
end $$;

-- Tables and views: all closed but for the columns that name types and schemas, which drivers read. By column, because
-- a right to the whole table is one to xmin and ctid, too.
create or replace function casemate_closed.open_columns(p_relation name) returns name[]
language sql immutable as $$
  select case p_relation
    when 'pg_type' then '{oid,typname,typnamespace,typlen,typtype,typcategory,typrelid,typelem,typarray,typbasetype,
      typtypmod,typnotnull,typdelim,typinput}'::name[]
    when 'pg_enum' then '{oid,enumtypid,enumsortorder,enumlabel}'
    when 'pg_range' then '{rngtypid,rngsubtype,rngmultitypid}'
    when 'pg_namespace' then '{oid,nspname}'
    when 'pg_attribute' then '{attrelid,attname,atttypid,attnum,atttypmod,attnotnull,attisdropped,attlen}'
    else '{}'
  end
$$;
do $$
declare t record;
begin
  for t in
    select c.oid::regclass as name, casemate_closed.was_public(c.oid, 'pg_class') as was_public,
      (select string_agg(quote_ident(a.attname), ', ') from pg_attribute a
        where a.attrelid = c.oid and a.attname = any (casemate_closed.open_columns(c.relname))) as columns
    from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v', 'm')
  loop
    execute format('revoke all on %s from public', t.name);
    if t.was_public then
      execute format('grant select on %s to casemate_migrate, casemate_host', t.name);
    end if;
    if t.columns is not null then
      execute format('grant select (%s) on %s to public', t.columns, t.name);
    end if;
  end loop;
end $$;
