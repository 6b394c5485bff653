-- Claims: HMAC-SHA-256 out of the built-in sha256 over keys that are padded once, a suspended tenant's claim is not
-- opened for agents' SQL, and nothing in the host's own tables is unique, or referred to, across tenants.

-- The key with each byte XORed, filled up to SHA-256's block of 64 bytes (RFC 2104).
create function app.padded(p_key bytea, p_pad integer) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  block bytea := decode(repeat(lpad(to_hex(p_pad), 2, '0'), 64), 'hex');
begin
  for n in 0 .. octet_length(p_key) - 1 loop
    block := set_byte(block, n, get_byte(p_key, n) # p_pad);
  end loop;
  return block;
end $$;

alter table app.keys
  add column inner_block bytea not null generated always as (app.padded(key, 54)) stored,
  add column outer_block bytea not null generated always as (app.padded(key, 92)) stored;

-- NULL for a key that is unknown or has run out, and NULL equals no tag.
create or replace function app.tag(p_id text, p_purpose text, p_message bytea) returns bytea
language plpgsql stable as $$
declare
  outer_block bytea;
  inner_block bytea;
begin
  select k.outer_block, k.inner_block into outer_block, inner_block from app.keys k
    where k.id = p_id and k.purpose = p_purpose and k.not_after > clock_timestamp();
  return sha256(outer_block || sha256(inner_block || p_message));
end $$;

-- The seal's key out of three random UUIDs, 366 random bits of the system's own generator.
create or replace function app.rotate(p_host text, p_id text, p_claims bytea, p_journal bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from app.keys where not_after < clock_timestamp();
  update app.keys set not_after = clock_timestamp() + interval '5 minutes'
    where host = p_host and not_after > clock_timestamp() + interval '5 minutes';
  insert into app.keys (id, purpose, host, key) values
    (p_id, 'claims', p_host, p_claims),
    (p_id, 'journal', p_host, p_journal),
    (p_id, 'seal', p_host,
      sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
$$;

-- As before: key id . base64url(claims) . expiry . nonce . hex(tag over all before it). The keys of claim and seal, and
-- whether the tenant is suspended, in one query. What is cast before the tag is known may raise; nothing follows from it
-- but false.
create or replace function app.open(p_token text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  part text[] := string_to_array(p_token, '.');
  claims text;
  tenant uuid;
  held record;
begin
  perform set_config('request.jwt.claims', '', true), set_config('app.seal', '', true);
  if p_token is null or length(p_token) > 8192 or cardinality(part) <> 5 then
    return false;
  end if;
  claims := translate(part[2], '-_', '+/');
  claims := convert_from(decode(rpad(claims, (length(claims) + 3) / 4 * 4, '='), 'base64'), 'UTF8');
  tenant := (claims::jsonb ->> 'tenant_id')::uuid;
  -- Twice the same key would be read differently by different readers, and an escape could hide that it is the same.
  if tenant is null or position('\u' in claims) > 0
    or length(claims) - length(replace(claims, '"tenant_id"', '')) <> length('"tenant_id"') then
    return false;
  end if;
  select c.outer_block as outer_claims, c.inner_block as inner_claims, s.outer_block as outer_seal,
      s.inner_block as inner_seal,
      -- The host itself still may: what is a suspended tenant's can be exported.
      session_user = 'casemate_sql'
        and exists (select from casemate.tenants t where t.id = tenant and t.suspended_at is not null) as suspended
    into held
    from app.keys c join app.keys s on s.id = c.id and s.purpose = 'seal'
    where c.id = part[1] and c.purpose = 'claims' and c.not_after > clock_timestamp();
  if (part[5] = encode(sha256(held.outer_claims || sha256(held.inner_claims
      || convert_to('casemate-claims-v1.' || array_to_string(part[1:4], '.'), 'UTF8'))), 'hex')) is not true
    or held.suspended then
    return false;
  end if;
  if to_timestamp(part[3]::float8) < clock_timestamp() then
    return false;
  end if;
  perform set_config('request.jwt.claims', claims, true),
    set_config('app.seal', concat_ws('.', part[1], part[3], part[4],
      encode(sha256(held.outer_seal || sha256(held.inner_seal || app.seal_message(claims, part[3], part[4]))), 'hex')),
      true);
  return true;
exception when others then
  -- Not a token, or signed but not JSON or not a tenant: no claim is better than an error that says why.
  return false;
end $$;

-- NULL unless this very transaction was opened with a valid token. Nothing in it can raise: what it casts was checked
-- before it was sealed. STABLE, and PARALLEL UNSAFE: a worker is another backend, for which no seal is valid.
create or replace function app.tenant() returns uuid
language plpgsql stable parallel unsafe security definer set search_path = pg_catalog, pg_temp as $$
declare
  claims text := current_setting('request.jwt.claims', true);
  part text[] := string_to_array(current_setting('app.seal', true), '.');
begin
  if cardinality(part) is distinct from 4 then
    return null;
  end if;
  if (part[4] = encode(app.tag(part[1], 'seal', app.seal_message(claims, part[2], part[3])), 'hex')) is not true then
    return null;
  end if;
  if to_timestamp(part[2]::float8) < clock_timestamp() then
    return null;
  end if;
  return (claims::jsonb ->> 'tenant_id')::uuid;
end $$;

-- Every key of the host's tables begins with the tenant, and a row can refer to its own tenant's rows only.
alter table casemate.ready drop constraint ready_pkey;
alter table casemate.runs drop constraint runs_tenant_id_id_key, drop constraint runs_pkey,
  add primary key (tenant_id, id);

-- What nobody can be held to any more. The owner sees no rows through the floor, so for these two statements there is
-- none; nobody else sees the tables before the transaction is over.
alter table casemate.runs no force row level security;
delete from casemate.ready r where not exists (select from casemate.runs u where u.tenant_id = r.tenant_id and u.id = r.run_id);
alter table casemate.ready add primary key (tenant_id, run_id),
  add foreign key (tenant_id, run_id) references casemate.runs (tenant_id, id) on delete cascade;
alter table casemate.runs force row level security;

alter table casemate.journal drop constraint journal_pkey, add primary key (tenant_id, run_id, seq, epoch, kind);
drop index casemate.journal_one_outcome;
create unique index journal_one_outcome on casemate.journal (tenant_id, run_id, seq) where kind = 2;

create or replace function casemate.keep_ready() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.state in ('ready', 'running', 'waiting') then
    insert into casemate.ready as r (run_id, tenant_id, state, due)
    values (new.id, new.tenant_id, new.state, coalesce(new.wake_at, now()))
    on conflict (tenant_id, run_id) do update set state = excluded.state, due = excluded.due;
  else
    delete from casemate.ready where tenant_id = new.tenant_id and run_id = new.id;
  end if;
  return null;
end $$;

-- Rights of agents' roles to whole tables: each role gets what its policy grants, by column, when a run begins.
do $$
declare held record;
begin
  for held in
    select distinct c.oid::regclass as name, r.rolname
    from pg_class c cross join aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee
    where r.rolname ~ '^casemate_agent_[0-9a-f]{16}$' and c.relkind in ('r', 'p', 'v') and c.relowner = to_regrole('casemate_migrate')
  loop
    execute format('revoke all on %s from %I', held.name, held.rolname);
  end loop;
end $$;
