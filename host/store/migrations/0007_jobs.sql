-- Jobs. A job is its runs, one for each attempt; `casemate.runs` is the truth about them. What a scheduler reads of all
-- tenants without a claim is ids, places and times: hints of which runs are due (`queue`, `later`), who holds which
-- (`leases`), and which hosts there are. The trigger below writes the first three, so that they can't disagree with the
-- runs; a hint that is out of date is dropped by whoever takes it.

-- One that the tenant's runs are begun with until all of them are gone.
drop trigger keep_ready on casemate.runs;
drop function casemate.keep_ready();
drop table casemate.ready;

alter table casemate.runs
  drop constraint runs_state_check,
  add constraint runs_state_check check (state in
    ('ready', 'running', 'waiting', 'paused', 'indeterminate', 'done', 'failed', 'cancelled', 'dead')),
  -- The job is named by its first run.
  add column job_id uuid,
  add column attempt integer not null default 1 check (attempt between 1 and 20),
  add column attempts integer not null default 1 check (attempts between 1 and 20),
  add column backoff_ms bigint not null default 1000 check (backoff_ms between 0 and 86400000),
  add column idempotency_key text check (octet_length(idempotency_key) between 1 and 255),
  -- Of what was asked for under that key: the same key with something else is refused.
  add column request_digest bytea check (octet_length(request_digest) = 32),
  add column priority smallint not null default 0 check (priority between -100 and 100),
  add column not_before timestamptz not null default now(),
  add column deadline timestamptz,
  -- How it has to end, once that was decided: whoever claims it next records it.
  add column ending text check (ending in ('cancelled', 'attempts', 'deadline', 'lost', 'given-up')),
  -- Why it is where it is: the number of a refusal of the catalogue, 0 for none.
  add column reason integer not null default 0 check (reason >= 0),
  -- What it waits for beside a time.
  add column wake_event uuid,
  -- When its last claim ended in disorder: an effect of it may be under way for a while.
  add column left_at timestamptz not null default 'epoch',
  -- How often its host was lost since it last parked.
  add column losses integer not null default 0,
  -- The call of which a person has to say, or has said, what became of it.
  add column unsettled_seq bigint,
  add column unsettled_epoch bigint,
  add column resolution text check (resolution in ('happened', 'did-not-happen', 'give-up')),
  -- Time in guests and gates up to the last park.
  add column running_ms bigint not null default 0,
  -- Who holds it, and whose hold did not end in good order.
  add column host uuid,
  add column lost_by uuid;

alter table casemate.runs no force row level security;
update casemate.runs set job_id = id;
alter table casemate.runs force row level security;
alter table casemate.runs
  alter column job_id set not null,
  add constraint runs_of_jobs unique (tenant_id, job_id, attempt);
create unique index runs_by_key on casemate.runs (tenant_id, idempotency_key) where idempotency_key is not null;

revoke insert on casemate.runs from casemate_host;
grant insert (id, agent, component_digest, policy_digest, wrapped_key, job_id, attempt, attempts, backoff_ms, idempotency_key,
    request_digest, priority, not_before, deadline, state, epoch, host),
  update (state, epoch, ending, not_before, wake_at, wake_event, left_at, losses, unsettled_seq, unsettled_epoch, resolution, finished_at,
    reason, host, lost_by, running_ms)
  on casemate.runs to casemate_host;

-- Which hosts there are. A host that isn't seen for as long as its lease is over loses its runs.
create table casemate.hosts (
  id uuid primary key,
  name text not null check (octet_length(name) between 1 and 255),
  version text not null check (octet_length(version) between 1 and 64),
  -- Raised by each start, so that one that was given up knows it.
  start bigint not null,
  slots integer not null check (slots between 0 and 100000),
  running integer not null default 0,
  draining boolean not null default false,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null
);

-- Due now. Narrow, and in slots that are used one after the other: what was taken out of a slot is gone at once when the
-- slot is emptied, whatever snapshots are open elsewhere. Each is told apart by its place, so there is no key to keep.
create sequence casemate.queue_places;
create table casemate.queue (
  slot smallint not null,
  tenant_id uuid not null,
  -- Minus the priority: the smaller, the earlier.
  rank smallint not null,
  place bigint not null,
  run_id uuid not null
) partition by list (slot);
create index queue_in_order on casemate.queue (tenant_id, rank, place);
do $$
begin
  for slot in 0 .. 7 loop
    execute format('create table casemate.queue_%s partition of casemate.queue for values in (%s)', slot, slot);
    execute format('alter table casemate.queue_%s enable row level security, force row level security,
      set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)', slot);
    execute format('create policy queue_of_owner on casemate.queue_%s to casemate_migrate using (true) with check (true)', slot);
  end loop;
end $$;
-- Which slot is filled.
create table casemate.queue_slot (
  slot smallint primary key check (slot between 0 and 7),
  since timestamptz not null default now()
);
insert into casemate.queue_slot (slot) values (0);

-- Due at a time.
create table casemate.later (
  due timestamptz not null,
  tenant_id uuid not null,
  run_id uuid not null,
  rank smallint not null
);
create index later_in_order on casemate.later (due);

create table casemate.leases (
  tenant_id uuid not null,
  run_id uuid not null,
  host uuid not null,
  epoch bigint not null,
  primary key (tenant_id, run_id)
);
create index leases_of_hosts on casemate.leases (host);

-- What a tenant is given beside others. One without a line has a weight of 1 and no cap.
create table casemate.shares (
  tenant_id uuid primary key references casemate.tenants (id) on delete cascade,
  weight integer not null default 1 check (weight between 1 and 1000),
  concurrency integer check (concurrency between 1 and 100000)
);

-- What hosts on one Postgres share beside it: small documents that are replaced as a whole, each replacement by whoever
-- read the last one. No tenant's data; keys in them are wrapped.
create table casemate.documents (
  name text primary key check (octet_length(name) between 1 and 255),
  version bigint not null,
  content bytea not null check (octet_length(content) <= 67108864),
  changed_at timestamptz not null default now()
);
alter table casemate.documents alter column content set storage external;

do $$
declare name text;
begin
  foreach name in array array['hosts', 'queue', 'queue_slot', 'later', 'leases', 'shares', 'documents'] loop
    execute format('alter table casemate.%I enable row level security', name);
    execute format('alter table casemate.%I force row level security', name);
    execute format('create policy %I on casemate.%I to casemate_host using (true) with check (true)', name || '_of_host', name);
    execute format('create policy %I on casemate.%I to casemate_migrate using (true) with check (true)', name || '_of_owner', name);
  end loop;
end $$;
grant select, insert, update, delete on casemate.hosts, casemate.shares, casemate.documents to casemate_host;
-- To take, not to put: that is the trigger's.
grant select, delete, update (place) on casemate.queue to casemate_host;
grant select, delete, update (due) on casemate.later to casemate_host;
grant select, update (epoch) on casemate.leases to casemate_host;
grant select on casemate.queue_slot to casemate_host;

-- What a change of a run means for whoever looks for work: when it has to be looked at, as `Job::due_ms` has it, and who
-- holds it.
create function casemate.keep_queue() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  due timestamptz := case
    when new.state = 'ready' then least(new.not_before, case when new.ending is null then new.deadline end)
    when new.state = 'waiting' then least(new.wake_at, case when new.ending is null then new.deadline end)
    when new.state in ('running', 'paused') and new.ending is null then new.deadline end;
  -- An end that was decided is recorded before anything else is begun.
  place smallint := case when new.ending is not null or new.deadline <= now() then -32768 else - new.priority end;
begin
  if tg_op = 'UPDATE' and old.state = 'running' and (new.state <> 'running' or new.epoch <> old.epoch) then
    delete from casemate.leases l where l.tenant_id = new.tenant_id and l.run_id = new.id;
  end if;
  if new.state = 'running' and new.host is not null then
    insert into casemate.leases as l (tenant_id, run_id, host, epoch) values (new.tenant_id, new.id, new.host, new.epoch)
    on conflict (tenant_id, run_id) do update set host = excluded.host, epoch = excluded.epoch;
  end if;
  if due <= now() then
    insert into casemate.queue (slot, tenant_id, rank, place, run_id)
    select s.slot, new.tenant_id, place, nextval('casemate.queue_places'), new.id from casemate.queue_slot s;
  elsif isfinite(due) then
    insert into casemate.later (due, tenant_id, run_id, rank) values (due, new.tenant_id, new.id, place);
  end if;
  return null;
end $$;
create trigger keep_queue after insert or update of state, epoch, not_before, wake_at, ending on casemate.runs
  for each row execute function casemate.keep_queue();

-- What an older host left: nobody has what it held, and all of it is looked at when it is due.
alter table casemate.runs no force row level security;
update casemate.runs set state = case state when 'running' then 'ready' else state end
  where state in ('ready', 'running', 'waiting');
alter table casemate.runs force row level security;

-- Things that happen, and for which runs wait. Who makes one happen locks its row, and so does who begins to wait for it: so
-- none is missed.
create table casemate.events (
  tenant_id uuid not null default app.tenant() references casemate.tenants (id),
  id uuid not null,
  -- The run that it goes with, where there is one.
  run_id uuid,
  happened_at timestamptz,
  -- What the run is answered, sealed.
  content bytea check (octet_length(content) <= 1048576),
  primary key (tenant_id, id),
  foreign key (tenant_id, run_id) references casemate.runs (tenant_id, id) on delete cascade
);
create index events_by_run on casemate.events (tenant_id, run_id) where run_id is not null;
create index runs_by_event on casemate.runs (tenant_id, wake_event) where wake_event is not null;
alter table casemate.events enable row level security;
alter table casemate.events force row level security;
create policy events_floor on casemate.events as restrictive to public
  using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy events_of_host on casemate.events to casemate_host using (true) with check (true);
create policy events_read_by_keeper on casemate.events for select to casemate_keeper using (true);
create policy events_seen_by_owner on casemate.events for select to casemate_migrate using ((select casemate.suspended()));
create policy events_erased_by_owner on casemate.events for delete to casemate_migrate using ((select casemate.suspended()));
grant select, insert (id, run_id), update (happened_at, content), delete on casemate.events to casemate_host;
grant select on casemate.events to casemate_keeper;

-- Calls that wait for a person's word. What is asked is in the run's journal, sealed, with a keyed digest of it; the digest
-- here only finds it. The word is the content of the event with the same id, sealed under the run's key.
create table casemate.approvals (
  tenant_id uuid not null default app.tenant() references casemate.tenants (id),
  id uuid not null,
  run_id uuid not null,
  seq bigint not null check (seq > 0),
  operation text not null check (octet_length(operation) between 1 and 64),
  bound bytea not null check (octet_length(bound) = 32),
  asked_at timestamptz not null default now(),
  deadline timestamptz not null,
  decision text check (decision in ('approved', 'denied', 'expired')),
  decided_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, run_id) references casemate.runs (tenant_id, id) on delete cascade
);
create index approvals_by_run on casemate.approvals (tenant_id, run_id);
create index approvals_undecided on casemate.approvals (tenant_id, asked_at) where decision is null;
alter table casemate.approvals enable row level security;
alter table casemate.approvals force row level security;
create policy approvals_floor on casemate.approvals as restrictive to public
  using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy approvals_of_host on casemate.approvals to casemate_host using (true) with check (true);
create policy approvals_read_by_keeper on casemate.approvals for select to casemate_keeper using (true);
create policy approvals_seen_by_owner on casemate.approvals for select to casemate_migrate using ((select casemate.suspended()));
create policy approvals_erased_by_owner on casemate.approvals for delete to casemate_migrate using ((select casemate.suspended()));
grant select, insert (id, run_id, seq, operation, bound, deadline), update (decision, decided_at) on casemate.approvals
  to casemate_host;
grant select on casemate.approvals to casemate_keeper;

-- What is due by now; so many at most. Says how many were moved.
create function casemate.due() returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with taken as (
    delete from casemate.later l
    where l.ctid = any (array(
      select d.ctid from casemate.later d where d.due <= now() order by d.due limit 1000 for update skip locked))
    returning l.tenant_id, l.run_id, l.rank
  ), moved as (
    insert into casemate.queue (slot, tenant_id, rank, place, run_id)
    select s.slot, t.tenant_id, t.rank, nextval('casemate.queue_places'), t.run_id from taken t, casemate.queue_slot s
    returning 1
  )
  select count(*) from moved
$$;
grant execute on function casemate.due() to casemate_host;

-- Turns to the next slot that is empty, if it was long enough in this one. Empties it first: what lies there are versions
-- of rows that were taken. Whoever has just read the old slot's number still puts into it; all slots are looked through.
create function casemate.turn_queue() returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  held record;
  next_slot smallint;
  used boolean;
begin
  select s.slot, s.since into held from casemate.queue_slot s for update skip locked;
  if not found or held.since > now() - interval '10 seconds' then
    return false;
  end if;
  next_slot := (held.slot + 1) % 8;
  begin
    execute format('lock table casemate.queue_%s in access exclusive mode nowait', next_slot);
  exception when lock_not_available then
    return false;
  end;
  execute format('select exists (select from casemate.queue_%s)', next_slot) into used;
  if used then
    return false;
  end if;
  execute format('truncate casemate.queue_%s', next_slot);
  update casemate.queue_slot s set slot = next_slot, since = now();
  return true;
end $$;
grant execute on function casemate.turn_queue() to casemate_host;

-- The beginnings of runs that no host has claimed yet: the one row that is kept without a claim. All of them, or an error that
-- ends the transaction.
create function casemate.journal_begin(p_key text, p_runs uuid[], p_frames bytea[], p_tag bytea) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  message bytea;
  kept bigint;
begin
  select convert_to(concat_ws('|', 'casemate-begin-v1', p_key, app.tenant()), 'UTF8')
    || string_agg(convert_to(format('|%s:%s|', r.run, octet_length(r.frame)), 'UTF8') || r.frame, ''::bytea order by r.place)
    into message
    from unnest(p_runs, p_frames) with ordinality as r (run, frame, place);
  if p_tag is not distinct from app.tag(p_key, 'journal', message) then
    insert into casemate.journal (tenant_id, run_id, seq, epoch, kind, frame)
    select u.tenant_id, u.id, 0, 0, 0, r.frame
    from unnest(p_runs, p_frames) as r (run, frame) join casemate.runs u on u.id = r.run and u.epoch = 0 and u.state = 'ready';
    get diagnostics kept = row_count;
  end if;
  if kept is distinct from cardinality(p_runs) then
    raise exception using errcode = 'CM001', message = 'not a beginning';
  end if;
end $$;
grant execute on function casemate.journal_begin(text, uuid[], bytea[], bytea) to casemate_host;

-- Components and policies by digest, for whichever host runs the job.
create table casemate.artefacts (
  tenant_id uuid not null default app.tenant() references casemate.tenants (id),
  digest bytea not null check (digest = sha256(content)),
  content bytea not null check (octet_length(content) <= 67108864),
  kept_at timestamptz not null default now(),
  primary key (tenant_id, digest)
);
alter table casemate.artefacts alter column content set storage external;
alter table casemate.artefacts enable row level security;
alter table casemate.artefacts force row level security;
create policy artefacts_floor on casemate.artefacts as restrictive to public
  using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy artefacts_of_host on casemate.artefacts to casemate_host using (true) with check (true);
create policy artefacts_read_by_keeper on casemate.artefacts for select to casemate_keeper using (true);
create policy artefacts_seen_by_owner on casemate.artefacts for select to casemate_migrate using ((select casemate.suspended()));
create policy artefacts_erased_by_owner on casemate.artefacts for delete to casemate_migrate
  using ((select casemate.suspended()));
grant select, insert (digest, content), delete on casemate.artefacts to casemate_host;
grant select on casemate.artefacts to casemate_keeper;

-- Jobs that ended before a time, so many at most, with their journals. For the rest of the transaction nobody but the owner can
-- take rows of the journal away, and it takes those of ended runs only.
create policy journal_forgotten_by_owner on casemate.journal for delete to casemate_migrate
  using (exists (select from casemate.runs r where r.id = run_id and r.finished_at is not null));
create policy journal_found_by_owner on casemate.journal for select to casemate_migrate
  using (exists (select from casemate.runs r where r.id = run_id and r.finished_at is not null));
create function casemate.forget(p_before timestamptz, p_most bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  gone bigint;
begin
  with old as (
    select r.job_id from casemate.runs r
    where r.finished_at < p_before and r.state in ('done', 'failed', 'cancelled', 'dead')
      and not exists (select from casemate.runs n where n.job_id = r.job_id and (n.finished_at is null or n.finished_at >= p_before))
    group by r.job_id limit p_most
  ), runs as (
    select r.id from casemate.runs r join old o on o.job_id = r.job_id
  ), journals as (
    delete from casemate.journal j using runs r where j.run_id = r.id
  )
  select count(*) into gone from old;
  delete from casemate.runs r where not exists (select from casemate.journal j where j.run_id = r.id)
    and r.finished_at < p_before and r.state in ('done', 'failed', 'cancelled', 'dead');
  return gone;
end $$;
grant execute on function casemate.forget(timestamptz, bigint) to casemate_host;

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
