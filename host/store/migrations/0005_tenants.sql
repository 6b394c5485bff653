-- A tenant as data: all rows of one tenant can be read by the host, and taken away once the tenant is suspended. The role
-- is one that the host's login becomes for one transaction, and that no agent can become. The floor holds it to the open
-- claim like everybody; what it may see above the floor are the policies below, and the same two on each table of users,
-- made when the first tenant is exported or deleted.

do $$
begin
  if not exists (select from pg_roles where rolname = 'casemate_keeper') then
    create role casemate_keeper nologin nosuperuser nobypassrls noinherit;
  end if;
end $$;
grant casemate_keeper to casemate_host;
grant usage on schema app, casemate to casemate_keeper;
grant execute on function app.tenant() to casemate_keeper;

-- Whether the open claim is one of a suspended tenant. Runs as the owner, since nobody else reads the directory.
create function casemate.suspended() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from casemate.tenants t where t.id = app.tenant() and t.suspended_at is not null)
$$;
grant execute on function casemate.suspended() to casemate_keeper;

create policy runs_read_by_keeper on casemate.runs for select to casemate_keeper using (true);
create policy journal_read_by_keeper on casemate.journal for select to casemate_keeper using (true);
create policy kv_read_by_keeper on casemate.kv for select to casemate_keeper using (true);
grant select on casemate.runs, casemate.journal, casemate.kv to casemate_keeper;

-- For the function below, which runs as the owner: rows that are otherwise only ever added can go with their tenant.
create policy journal_seen_by_owner on casemate.journal for select to casemate_migrate
  using ((select casemate.suspended()));
create policy journal_erased_by_owner on casemate.journal for delete to casemate_migrate
  using ((select casemate.suspended()));
create policy kv_seen_by_owner on casemate.kv for select to casemate_migrate using ((select casemate.suspended()));
create policy kv_erased_by_owner on casemate.kv for delete to casemate_migrate using ((select casemate.suspended()));
create policy tenants_erased_by_owner on casemate.tenants for delete to casemate_migrate
  using (id = (select app.tenant()) and suspended_at is not null);

-- Takes away everything that the host itself keeps of the claim's tenant, the tenant last, and says how many rows of which
-- table. A tenant that is not suspended loses nothing, and one that is gone has nothing.
create function casemate.erase() returns table (name text, gone bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  whose uuid := app.tenant();
begin
  if whose is null or exists (select from casemate.tenants t where t.id = whose and t.suspended_at is null) then
    raise exception using errcode = 'CM002', message = 'not suspended';
  end if;
  delete from casemate.ready r where r.tenant_id = whose;
  delete from casemate.journal j where j.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.journal';
  return next;
  delete from casemate.runs r where r.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.runs';
  return next;
  delete from casemate.kv k where k.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.kv';
  return next;
  delete from casemate.tenants t where t.id = whose;
end $$;
grant execute on function casemate.erase() to casemate_keeper;
