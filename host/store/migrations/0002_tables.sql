-- The host's own tables. Every table with a tenant's data has the floor, a RESTRICTIVE policy that binds the owner
-- too (FORCE): no login, whatever it is granted, sees a row of a tenant whose claim isn't open. The permissive
-- policies above the floor say who sees anything at all.

grant usage on schema casemate to casemate_host, casemate_sql, casemate_agent;

-- The directory of tenants: names, no tenant's data, hence no floor. Only the host reads it.
create table casemate.tenants (
  id uuid primary key,
  name text not null unique check (name ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
  suspended_at timestamptz,
  created_at timestamptz not null default now()
);
alter table casemate.tenants enable row level security;
alter table casemate.tenants force row level security;
create policy tenants_of_host on casemate.tenants to casemate_host using (true) with check (true);
-- Foreign keys are checked as the owner, and FORCE binds it.
create policy tenants_of_owner on casemate.tenants for select to casemate_migrate using (true);
grant select, insert (id, name), update (suspended_at) on casemate.tenants to casemate_host;

create table casemate.runs (
  id uuid primary key,
  tenant_id uuid not null default app.tenant() references casemate.tenants (id),
  agent text not null check (agent ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  component_digest bytea not null check (octet_length(component_digest) = 32),
  policy_digest bytea not null check (octet_length(policy_digest) = 32),
  state text not null default 'ready'
    check (state in ('ready', 'running', 'waiting', 'done', 'failed', 'indeterminate')),
  epoch bigint not null default 0 check (epoch >= 0),
  wake_at timestamptz,
  wrapped_key bytea not null check (octet_length(wrapped_key) between 1 and 4096),
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (tenant_id, id)
);
create index runs_by_age on casemate.runs (tenant_id, created_at desc);
alter table casemate.runs enable row level security;
alter table casemate.runs force row level security;
create policy runs_floor on casemate.runs as restrictive to public
  using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy runs_of_host on casemate.runs to casemate_host using (true) with check (true);
-- For journal_append, which runs as the owner; the floor still holds it to the open claim.
create policy runs_of_owner on casemate.runs to casemate_migrate using (true) with check (true);
grant select, insert (id, agent, component_digest, policy_digest, wrapped_key),
  update (state, epoch, wake_at, finished_at) on casemate.runs to casemate_host;

-- Append-only: nobody but the owner holds even INSERT, and the owner uses it only through journal_append, which
-- proves run and tenant in the same statement. That is why there is no foreign key, whose check every append would pay.
create table casemate.journal (
  tenant_id uuid not null default app.tenant(),
  run_id uuid not null,
  seq bigint not null check (seq >= 0),
  epoch bigint not null check (epoch >= 0),
  kind smallint not null check (kind between 0 and 3),
  frame bytea not null check (octet_length(frame) <= 16777216),
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (run_id, seq, epoch, kind)
);
-- One outcome per call, whatever the epochs.
create unique index journal_one_outcome on casemate.journal (run_id, seq) where kind = 2;
-- Frames are sealed, so they don't compress.
alter table casemate.journal alter column frame set storage external;
alter table casemate.journal enable row level security;
alter table casemate.journal force row level security;
create policy journal_floor on casemate.journal as restrictive to public
  using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy journal_read_by_host on casemate.journal for select to casemate_host using (true);
create policy journal_append_by_owner on casemate.journal for insert to casemate_migrate with check (true);
grant select on casemate.journal to casemate_host;

create table casemate.kv (
  tenant_id uuid not null default app.tenant() references casemate.tenants (id),
  agent text not null check (agent ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  key text not null check (octet_length(key) between 1 and 512),
  value bytea not null check (octet_length(value) <= 1048576),
  primary key (tenant_id, agent, key)
);
alter table casemate.kv enable row level security;
alter table casemate.kv force row level security;
create policy kv_floor on casemate.kv as restrictive to public
  using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy kv_of_host on casemate.kv to casemate_host using (true) with check (true);
grant select, insert (agent, key, value), update (value), delete on casemate.kv to casemate_host;

-- What a scheduler may see of all tenants without a claim: ids and times of runs that aren't finished. Kept by the
-- trigger below, so it can't disagree with the runs.
create table casemate.ready (
  run_id uuid primary key,
  tenant_id uuid not null,
  state text not null,
  due timestamptz not null
);
create index ready_by_due on casemate.ready (due);
alter table casemate.ready enable row level security;
alter table casemate.ready force row level security;
create policy ready_of_host on casemate.ready for select to casemate_host using (true);
create policy ready_of_owner on casemate.ready to casemate_migrate using (true) with check (true);
grant select on casemate.ready to casemate_host;

create function casemate.keep_ready() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.state in ('ready', 'running', 'waiting') then
    insert into casemate.ready as r (run_id, tenant_id, state, due)
    values (new.id, new.tenant_id, new.state, coalesce(new.wake_at, now()))
    on conflict (run_id) do update set state = excluded.state, due = excluded.due;
  else
    delete from casemate.ready where run_id = new.id;
  end if;
  return null;
end $$;
create trigger keep_ready after insert or update of state, wake_at on casemate.runs
  for each row execute function casemate.keep_ready();
