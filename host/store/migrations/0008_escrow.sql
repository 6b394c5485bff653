-- Budgets that several hosts spend at once: what is gone of each window, and what stretches of runs hold of it. A host holds
-- before it spends, under the lock of the windows' rows; what a stretch did not use comes back when it is settled, by its own
-- host with the run's end or by whoever takes the run over. Amounts are fuel, milliseconds, calls, bytes of log and bytes of
-- replies, in this order. It doesn't know limits: they are in policies.

create function casemate.plus(a bigint[], b bigint[]) returns bigint[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array_agg(least(u.a::numeric + u.b, 9223372036854775807)::bigint order by u.place)
  from unnest(a, b) with ordinality as u (a, b, place)
$$;
create function casemate.minus(a bigint[], b bigint[]) returns bigint[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array_agg(greatest(u.a - u.b, 0) order by u.place) from unnest(a, b) with ordinality as u (a, b, place)
$$;
grant execute on function casemate.plus(bigint[], bigint[]), casemate.minus(bigint[], bigint[]) to casemate_host;

create table casemate.windows (
  tenant_id uuid not null default app.tenant() references casemate.tenants (id),
  -- Empty for what all runs of the tenant use together.
  agent text collate "C" not null check (octet_length(agent) <= 255),
  span text collate "C" not null check (span in ('hour', 'day', 'month')),
  -- The first millisecond of it, since 1970-01-01T00:00:00Z.
  begins_ms bigint not null,
  spent bigint[] not null default '{0,0,0,0,0}' check (cardinality(spent) = 5),
  held bigint[] not null default '{0,0,0,0,0}' check (cardinality(held) = 5),
  primary key (tenant_id, agent, span, begins_ms)
) with (fillfactor = 50);

create table casemate.stretches (
  tenant_id uuid not null default app.tenant() references casemate.tenants (id),
  run_id uuid not null,
  -- The claim that it belongs to: no other may settle it.
  epoch bigint not null,
  agent text collate "C" not null check (octet_length(agent) between 1 and 255),
  at_ms bigint not null,
  -- Its hour, its day and its month.
  begins_ms bigint[] not null check (cardinality(begins_ms) = 3),
  before bigint[] not null check (cardinality(before) = 5),
  held bigint[] not null check (cardinality(held) = 5),
  primary key (tenant_id, run_id)
) with (fillfactor = 50);

do $$
declare name text;
begin
  foreach name in array array['windows', 'stretches'] loop
    execute format('alter table casemate.%I enable row level security', name);
    execute format('alter table casemate.%I force row level security', name);
    execute format('create policy %I on casemate.%I as restrictive to public
      using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()))', name || '_floor', name);
    execute format('create policy %I on casemate.%I to casemate_host using (true) with check (true)', name || '_of_host', name);
    execute format('create policy %I on casemate.%I for select to casemate_keeper using (true)', name || '_read_by_keeper', name);
    execute format('create policy %I on casemate.%I for select to casemate_migrate using ((select casemate.suspended()))',
      name || '_seen_by_owner', name);
    execute format('create policy %I on casemate.%I for delete to casemate_migrate using ((select casemate.suspended()))',
      name || '_erased_by_owner', name);
  end loop;
end $$;
grant select, insert (agent, span, begins_ms), update (spent, held), delete on casemate.windows to casemate_host;
grant select, insert (run_id, epoch, agent, at_ms, begins_ms, before, held), update (epoch, held), delete
  on casemate.stretches to casemate_host;
grant select on casemate.windows, casemate.stretches to casemate_keeper;

-- A stretch is over, having used so much: says whether it was this claim's to settle.
create function casemate.settle(p_run uuid, p_epoch bigint, p_spent bigint[]) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  gone record;
begin
  delete from casemate.stretches s where s.run_id = p_run and s.epoch = p_epoch returning s.agent, s.begins_ms, s.held into gone;
  if not found then
    return false;
  end if;
  -- In the order in which whoever holds locks them.
  perform from casemate.windows w
    join (values ('hour', gone.begins_ms[1]), ('day', gone.begins_ms[2]), ('month', gone.begins_ms[3])) as k (span, begins_ms)
      on w.span = k.span and w.begins_ms = k.begins_ms
    where w.agent in ('', gone.agent) order by w.agent, w.span, w.begins_ms for update of w;
  update casemate.windows w set spent = casemate.plus(w.spent, p_spent), held = casemate.minus(w.held, gone.held)
    from (values ('hour', gone.begins_ms[1]), ('day', gone.begins_ms[2]), ('month', gone.begins_ms[3])) as k (span, begins_ms)
    where w.span = k.span and w.begins_ms = k.begins_ms and w.agent in ('', gone.agent);
  return true;
end $$;
grant execute on function casemate.settle(uuid, bigint, bigint[]) to casemate_host;

create or replace function casemate.erase() returns table (name text, gone bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  whose uuid := app.tenant();
begin
  if whose is null or exists (select from casemate.tenants t where t.id = whose and t.suspended_at is null) then
    raise exception using errcode = 'CM002', message = 'not suspended';
  end if;
  delete from casemate.queue q where q.tenant_id = whose;
  delete from casemate.later l where l.tenant_id = whose;
  delete from casemate.leases l where l.tenant_id = whose;
  delete from casemate.journal j where j.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.journal';
  return next;
  delete from casemate.approvals a where a.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.approvals';
  return next;
  delete from casemate.events e where e.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.events';
  return next;
  delete from casemate.stretches s where s.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.stretches';
  return next;
  delete from casemate.windows w where w.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.windows';
  return next;
  delete from casemate.runs r where r.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.runs';
  return next;
  delete from casemate.kv k where k.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.kv';
  return next;
  delete from casemate.artefacts a where a.tenant_id = whose;
  get diagnostics gone = row_count;
  name := 'casemate.artefacts';
  return next;
  delete from casemate.tenants t where t.id = whose;
end $$;
