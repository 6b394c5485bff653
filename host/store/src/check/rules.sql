-- Everything in the catalog that breaks a rule of row isolation: rule, object, note. One query, read by `casemate db
-- check` and at each start, which put the floor of table `r` in its place; what a rule means and what to do about it stands
-- in `rule.rs`. Run as casemate_migrate.
with
-- Who runs strangers' SQL, and PUBLIC, whom everybody is.
agents as (
  select oid, rolname::text as name from pg_roles where rolname in ('casemate_sql', 'casemate_agent') or rolname ~ '^casemate_agent_'
  union all select 0, 'PUBLIC'
),
-- Whose schemas are looked at: all but Postgres's, and the two that nobody but the superuser can use.
schemas as (
  select oid, nspname, nspowner, nspacl from pg_namespace
  where nspname !~ '^pg_' and nspname not in ('information_schema', 'casemate_closed', 'casemate_crypto')
),
relations as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relkind, c.relowner, c.relacl, c.reloptions,
    c.relrowsecurity, c.relforcerowsecurity, c.relispartition, n.nspname
  from pg_class c join schemas n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
),
-- Tables that hold tenants' rows: all but these. The reason for each stands in `exemptions.rs`.
tables as (
  select r.*, t.attnum as tenant, t.atttypid = 'uuid'::regtype and t.attnotnull as is_sound,
    {floor} as has_floor
  from relations r
  left join pg_attribute t on t.attrelid = r.oid and t.attname = 'tenant_id' and not t.attisdropped
  where r.relkind in ('r', 'p') and r.name <> all ($1)
),
-- Rights on tables, columns, views and sequences, by grantee.
rights as (
  select r.oid, r.name, r.relkind, r.nspname, r.relowner, a.grantee, a.privilege_type as verb, null::name as attname
  from relations r cross join aclexplode(r.relacl) a
  union all
  select r.oid, r.name, r.relkind, r.nspname, r.relowner, a.grantee, a.privilege_type, t.attname
  from relations r join pg_attribute t on t.attrelid = r.oid and t.attacl is not null cross join aclexplode(t.attacl) a
),
functions as (
  select p.oid, format('%I.%s', n.nspname, format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid))) as name,
    p.prosecdef, p.proconfig, p.provolatile, p.proparallel, p.prosrc, p.proowner, p.proacl, p.prokind, n.nspname,
    o.rolsuper or o.rolbypassrls as is_strong,
    array(select distinct g.name from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      join agents g on g.oid = a.grantee) as open_to,
    format('%I.%I', n.nspname, p.proname) = any ($2) as is_ours
  from pg_proc p join schemas n on n.oid = p.pronamespace join pg_roles o on o.oid = p.proowner
),
logins as (select * from pg_roles where rolname ~ '^casemate_'),
memberships as (
  select r.rolname as role, m.rolname as member,
    coalesce((to_jsonb(a) ->> 'set_option')::boolean, true) or coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true)
      as is_usable
  from pg_auth_members a join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member
)

-- Tables.
select 'table-no-tenant', name, null::text from tables where is_sound is not true
union all select 'table-rls-off', name, null from tables where not relrowsecurity
union all select 'table-not-forced', name, null from tables where not relforcerowsecurity
union all select 'table-no-floor', name, null from tables where not has_floor
union all select 'table-owner', name, pg_get_userbyid(relowner)::text from relations
  where relowner <> to_regrole('casemate_migrate') and name <> all ($1)
union all select 'policy-public', t.name, format('policy %I', p.polname)
  from tables t join pg_policy p on p.polrelid = t.oid
  where p.polpermissive and exists (select from agents a where a.oid = any (p.polroles) and a.name in ('PUBLIC', 'casemate_sql'))
union all select 'partition-open', t.name, null
  from tables t where exists (select from pg_inherits i where i.inhrelid = t.oid)
    and exists (select from rights r where r.oid = t.oid and r.grantee <> t.relowner)
    and not (t.relrowsecurity and t.relforcerowsecurity and t.has_floor)
-- Keys: a value that another tenant has is refused, and so is there.
union all select 'key-across-tenants', t.name, format('%I', x.relname)
  from tables t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid
  where (i.indisunique or i.indisexclusion) and not exists (
    select from generate_series(0, i.indnkeyatts - 1) k where i.indkey[k] = t.tenant
      and (i.indisunique or exists (
        select from pg_constraint c join pg_operator o on o.oid = c.conexclop[k + 1]
        where c.conindid = i.indexrelid and c.contype = 'x' and o.oprname = '=' and o.oprleft = 'uuid'::regtype)))
union all select 'reference-across-tenants', t.name, format('%I', c.conname)
  from tables t join pg_constraint c on c.conrelid = t.oid and c.contype = 'f' join tables f on f.oid = c.confrelid
  where not exists (select from unnest(c.conkey, c.confkey) k (own, theirs) where k.own = t.tenant and k.theirs = f.tenant)
-- Numbers that all tenants draw from.
union all select 'sequence-shared', s.name, null
  from relations s where s.relkind = 'S' and (
    exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype in ('a', 'i')
      and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0)
    or exists (select from pg_depend d where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
      and d.refobjid = s.oid)
    or exists (select from rights r where r.oid = s.oid and r.grantee <> s.relowner))
-- Rights.
union all select distinct 'grant-dangerous', r.name, format('%s to %s', r.verb, coalesce(o.rolname, 'PUBLIC'))
  from rights r left join pg_roles o on o.oid = r.grantee
  where r.verb in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') and r.grantee <> r.relowner
union all select 'grant-whole-table', r.name, format('%s to %s', r.verb, g.name)
  from rights r join agents g on g.oid = r.grantee
  where r.attname is null and r.verb in ('SELECT', 'INSERT', 'UPDATE') and r.nspname not in ('app', 'casemate')
union all select distinct 'grant-host-table', r.name, format('%s to %s', r.verb, g.name)
  from rights r join agents g on g.oid = r.grantee where r.nspname in ('app', 'casemate')
union all select distinct 'grant-to-all', r.name, format('%s to %s', r.verb, g.name)
  from rights r join agents g on g.oid = r.grantee
  where g.name in ('PUBLIC', 'casemate_sql', 'casemate_agent') and r.nspname not in ('app', 'casemate')
union all select 'grant-system-column', r.name, r.attname::text
  from rights r join agents g on g.oid = r.grantee
  where r.attname in ('ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid')
union all select 'grant-default', coalesce(format('%I', n.nspname), 'all schemas'),
    format('%s to %s', a.privilege_type, coalesce(g.name, pg_get_userbyid(a.grantee)::text))
  from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace cross join aclexplode(d.defaclacl) a
  left join agents g on g.oid = a.grantee where a.grantee <> d.defaclrole
union all select 'grant-default', 'all schemas', 'EXECUTE to PUBLIC'
  where not exists (select from pg_default_acl where defaclrole = to_regrole('casemate_migrate') and defaclobjtype = 'f' and defaclnamespace = 0)
union all select 'grant-parameter', p.parname, coalesce(g.name, pg_get_userbyid(a.grantee)::text)
  from pg_parameter_acl p cross join aclexplode(p.paracl) a join pg_roles o on o.oid = a.grantor
  left join agents g on g.oid = a.grantee
  where (g.oid is not null or a.grantee in (to_regrole('casemate_host'), to_regrole('casemate_migrate')))
union all select 'schema-open', format('%I', n.nspname), format('CREATE to %s', coalesce(r.rolname, 'PUBLIC'))
  from pg_namespace n cross join aclexplode(n.nspacl) a left join pg_roles r on r.oid = a.grantee
  where a.privilege_type = 'CREATE' and a.grantee <> n.nspowner and a.grantee <> to_regrole('casemate_migrate')
union all select 'schema-open', format('%I', n.nspname), format('USAGE to %s', coalesce(r.rolname, 'PUBLIC'))
  from pg_namespace n cross join aclexplode(n.nspacl) a left join pg_roles r on r.oid = a.grantee
  where n.nspname in ('casemate_closed', 'casemate_crypto') and a.grantee not in (n.nspowner, to_regrole('casemate_migrate'))
union all select 'database-open', format('%I', d.datname), format('%s to %s', a.privilege_type, coalesce(r.rolname, 'PUBLIC'))
  from pg_database d cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  left join pg_roles r on r.oid = a.grantee
  where d.datname = current_database() and a.grantee <> d.datdba
    and (a.grantee = 0 or a.privilege_type <> 'CONNECT' and (r.rolname ~ '^casemate_'))
-- Views, rules, triggers.
union all select 'view-as-owner', name, null from relations where relkind = 'v'
  and not coalesce(reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
union all select 'view-materialized', name, null from relations where relkind = 'm'
union all select 'rule', r.name, format('%I', w.rulename)
  from relations r join pg_rewrite w on w.ev_class = r.oid where w.rulename <> '_RETURN'
union all select 'table-foreign', name, null from relations where relkind = 'f'
union all select 'server-foreign', format('%I', srvname), null from pg_foreign_server
union all select 'trigger-foreign', r.name, format('%I runs %s', t.tgname, p.oid::regprocedure)
  from relations r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal join pg_proc p on p.oid = t.tgfoid
  where r.nspname not in ('app', 'casemate')
    and (p.prosecdef or not (p.proowner = to_regrole('casemate_migrate') or p.pronamespace = 'pg_catalog'::regnamespace))
union all select 'trigger-event', format('%I', e.evtname), null from pg_event_trigger e join pg_roles r on r.oid = e.evtowner
  where not r.rolsuper
-- Functions.
union all select 'function-definer', name, array_to_string(open_to, ', ') from functions
  where prosecdef and not is_ours and open_to <> '{}'
union all select 'function-search-path', name, null from functions
  where prosecdef and not exists (select from unnest(proconfig) c where c ~ '^search_path=')
union all select 'function-owner', name, pg_get_userbyid(proowner)::text from functions where prosecdef and is_strong
union all select 'function-immutable', name, null from functions
  where provolatile = 'i' and prosrc ~* 'current_setting|app\.tenant'
union all select 'function-claims', name, null from functions
  where name = 'app.tenant()' and (provolatile <> 's' or proparallel <> 'u' or not prosecdef)
union all select 'function-claims', 'app.tenant()', 'missing' where to_regprocedure('app.tenant()') is null
union all select 'function-of-extension', f.name, array_to_string(f.open_to, ', ')
  from functions f join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'e'
  where f.open_to <> '{}'
union all select 'catalog-function', p.oid::regprocedure::text, null
  from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
    and (p.proacl is null or exists (select from aclexplode(p.proacl) a join agents g on g.oid = a.grantee))
    and not casemate_closed.is_open(p.proname, p.provolatile, p.proargtypes)
union all select 'catalog-tablesample', p.oid::regprocedure::text, null
  from pg_proc p where p.prorettype = 'tsm_handler'::regtype and p.pronamespace <> 'casemate_closed'::regnamespace
union all select 'catalog-roles', t.typname::text, null
  from pg_type t where t.typname in ('regrole', 'aclitem') and t.typnamespace = 'pg_catalog'::regnamespace
union all select 'catalog-relation', c.oid::regclass::text, null
  from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v', 'm') and (
    exists (select from aclexplode(c.relacl) a join agents g on g.oid = a.grantee)
    or exists (select from pg_attribute t cross join aclexplode(t.attacl) a join agents g on g.oid = a.grantee
      where t.attrelid = c.oid and t.attname <> all (casemate_closed.open_columns(c.relname))))
-- Logins and who may become whom.
union all select 'login-powers', rolname::text, concat_ws(', ', case when rolsuper then 'SUPERUSER' end,
    case when rolbypassrls then 'BYPASSRLS' end, case when rolreplication then 'REPLICATION' end,
    case when rolcreatedb then 'CREATEDB' end, case when rolcreaterole then 'CREATEROLE' end)
  from logins where rolsuper or rolbypassrls or rolreplication or rolcreatedb
    or rolcreaterole and rolname <> 'casemate_migrate'
union all select 'login-inherits', rolname::text, null from logins
  where rolinherit and rolname in ('casemate_sql', 'casemate_host')
union all select 'login-agent', rolname::text, null from logins where rolcanlogin and rolname ~ '^casemate_agent'
union all select 'login-member', member::text, format('of %I', role) from memberships
  where is_usable and case
    -- What the host becomes to export or delete a tenant; the floor holds it to the open claim.
    when member = 'casemate_host' then role <> 'casemate_keeper'
    when member = 'casemate_sql' then role !~ '^casemate_agent_[0-9a-f]{16}$'
    when member ~ '^casemate_agent_[0-9a-f]{16}$' then role <> 'casemate_agent'
    when member ~ '^casemate_' then true
    else role ~ '^casemate_' and not (select rolsuper from pg_roles where rolname = member)
  end
union all select 'login-bypasses', r.rolname::text, null from pg_roles r
  where (r.rolbypassrls or r.rolreplication) and not r.rolsuper and r.rolname !~ '^(casemate|pg)_'
    and (pg_has_role(r.oid, 'pg_read_all_data', 'member') or exists (
      select from rights t where t.grantee = r.oid))
-- What leaves the tables by another door.
union all select 'large-objects', count(*)::text, null from pg_largeobject_metadata having count(*) > 0
union all select 'publication', format('%I', pubname), null from pg_publication
union all select 'replication-slot', slot_name::text, null from pg_replication_slots where database = current_database()
-- Settings and the server.
union all select 'setting', coalesce(r.rolname, 'all roles')::text, c.setting
  from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole cross join unnest(s.setconfig) c (setting)
  where c.setting ~* '^(row_security=(off|false|no|0)|lo_compat_privileges=(on|true|yes|1)|session_replication_role=|session_preload_libraries=|local_preload_libraries=|role=)'
    and (r.rolname is null or r.rolname ~ '^casemate_')
union all select 'setting', 'row_security', current_setting('row_security') where not current_setting('row_security')::boolean
union all select 'setting', 'lo_compat_privileges', 'on' where current_setting('lo_compat_privileges')::boolean
union all select 'server-version', current_setting('server_version'), null
  where case current_setting('server_version_num')::integer / 10000
    when 15 then current_setting('server_version_num')::integer < 150014
    when 16 then current_setting('server_version_num')::integer < 160010
    when 17 then current_setting('server_version_num')::integer < 170006
    else current_setting('server_version_num')::integer < 150000 end
order by 1, 2, 3
