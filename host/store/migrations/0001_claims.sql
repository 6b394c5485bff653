-- The signed claim. A setting can be set by any SQL, so a setting alone proves nothing: `app.open` accepts only what
-- the host's key signed, and seals it to this backend, transaction and server; `app.tenant()` believes only the seal.
-- All functions run as their owner, who alone can read the keys.

alter default privileges revoke execute on functions from public;
grant usage on schema app to casemate_host, casemate_sql, casemate_agent;

-- One set per start of each host. `claims` and `journal` are shared with that host, `seal` never leaves the database.
create table app.keys (
  id text not null check (id ~ '^[0-9a-f]{16}$'),
  purpose text not null check (purpose in ('claims', 'journal', 'seal')),
  host text not null check (length(host) between 1 and 64),
  key bytea not null check (octet_length(key) = 32),
  not_after timestamptz not null default 'infinity',
  primary key (id, purpose)
);
alter table app.keys enable row level security;
alter table app.keys force row level security;
create policy keys_of_owner on app.keys to casemate_migrate using (true) with check (true);

-- The last keys of the same host stay valid for the transactions that a killed host left behind; other hosts' stay.
create function app.rotate(p_host text, p_id text, p_claims bytea, p_journal bytea) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from app.keys where not_after < clock_timestamp();
  update app.keys set not_after = clock_timestamp() + interval '5 minutes'
    where host = p_host and not_after > clock_timestamp() + interval '5 minutes';
  insert into app.keys (id, purpose, host, key) values
    (p_id, 'claims', p_host, p_claims),
    (p_id, 'journal', p_host, p_journal),
    (p_id, 'seal', p_host, casemate_crypto.gen_random_bytes(32));
$$;

-- The next two run inside the functions below and as their owner; nobody else may call them. plpgsql, because it keeps
-- its plans for the session, where a function in SQL is planned at each call.

-- NULL for a key that is unknown or has run out, and NULL equals no tag.
create function app.tag(p_id text, p_purpose text, p_message bytea) returns bytea
language plpgsql stable as $$
declare
  found_key bytea;
begin
  select k.key into found_key from app.keys k
  where k.id = p_id and k.purpose = p_purpose and k.not_after > clock_timestamp();
  return casemate_crypto.hmac(p_message, found_key, 'sha256');
end $$;

-- What a seal covers. Another backend, transaction or start of the server gives another message.
create function app.seal_message(p_claims text, p_expiry text, p_nonce text) returns bytea
language plpgsql stable as $$
begin
  return convert_to(concat_ws('.', 'casemate-seal-v1', p_expiry, p_nonce, pg_backend_pid(),
    extract(epoch from transaction_timestamp()), extract(epoch from pg_postmaster_start_time()), p_claims), 'UTF8');
end $$;

-- key id . base64url(claims) . expiry . nonce . hex(tag over all before it). Closes an earlier claim first, so that a
-- refused token never leaves one open. The answer is for the host; agents may not call this.
create function app.open(p_token text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  part text[];
  claims text;
begin
  perform set_config('request.jwt.claims', '', true), set_config('app.seal', '', true);
  if p_token is null or length(p_token) > 8192
    or p_token !~ '^[0-9a-f]{16}\.[A-Za-z0-9_-]+\.[0-9]{1,11}\.[0-9a-f]{32}\.[0-9a-f]{64}$' then
    return false;
  end if;
  part := string_to_array(p_token, '.');
  if decode(part[5], 'hex') is distinct from app.tag(part[1], 'claims',
      convert_to('casemate-claims-v1.' || array_to_string(part[1:4], '.'), 'UTF8'))
    or to_timestamp(part[3]::float8) < clock_timestamp() then
    return false;
  end if;
  claims := translate(part[2], '-_', '+/');
  claims := convert_from(decode(rpad(claims, (length(claims) + 3) / 4 * 4, '='), 'base64'), 'UTF8');
  -- Twice the same key would be read differently by different readers; one reading of the tenant is left.
  if (select count(*) from json_object_keys(claims::json) k where k = 'tenant_id') <> 1
    or (claims::jsonb ->> 'tenant_id')::uuid is null then
    return false;
  end if;
  perform set_config('request.jwt.claims', claims, true),
    set_config('app.seal', concat_ws('.', part[1], part[3], part[4],
      encode(app.tag(part[1], 'seal', app.seal_message(claims, part[3], part[4])), 'hex')), true);
  return true;
exception when others then
  -- Signed, but not JSON or not a tenant: no claim is better than an error that says why.
  return false;
end $$;
grant execute on function app.open(text) to casemate_host, casemate_sql;

-- NULL unless this very transaction was opened with a valid token. Nothing in it can raise, because what it casts was
-- checked before it was sealed; so it needs no subtransaction, which a parallel plan of Postgres 15 would refuse.
-- PARALLEL UNSAFE all the same: a worker is another backend, for which no seal is valid.
create function app.tenant() returns uuid
language plpgsql stable parallel unsafe security definer set search_path = pg_catalog, pg_temp as $$
declare
  claims text := current_setting('request.jwt.claims', true);
  seal text := current_setting('app.seal', true);
  part text[];
begin
  if claims is null or seal is null or seal !~ '^[0-9a-f]{16}\.[0-9]{1,11}\.[0-9a-f]{32}\.[0-9a-f]{64}$' then
    return null;
  end if;
  part := string_to_array(seal, '.');
  if part[4] is distinct from encode(app.tag(part[1], 'seal', app.seal_message(claims, part[2], part[3])), 'hex')
    or to_timestamp(part[2]::float8) < clock_timestamp() then
    return null;
  end if;
  return (claims::jsonb ->> 'tenant_id')::uuid;
end $$;
grant execute on function app.tenant() to casemate_host, casemate_sql, casemate_agent;
