-- The same checks as before, each function one query: plpgsql prepares an expression anew in each transaction, and twenty
-- of them took longer than what they compute.

-- A refused token leaves no claim open, an earlier one neither.
create or replace function app.open(p_token text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  opened boolean;
begin
  -- What is cast before the tag is known may raise; nothing follows from it but false. The host writes the tenant first;
  -- twice the same key would be read differently by different readers, and an escape could hide that it is the same.
  select set_config('request.jwt.claims', o.claims, true) is not null
      and set_config('app.seal', o.seal, true) is not null
    into opened
  from (
    select t.claims,
      concat_ws('.', t.part[1], t.part[3], t.part[4], encode(sha256(s.outer_block || sha256(s.inner_block || convert_to(
        concat_ws('.', 'casemate-seal-v1', t.part[3], t.part[4], pg_backend_pid(),
          extract(epoch from transaction_timestamp()), extract(epoch from pg_postmaster_start_time()), t.claims),
        'UTF8'))), 'hex')) as seal
    from (
      select p.part, convert_from(decode(rpad(translate(p.part[2], '-_', '+/'), (length(p.part[2]) + 3) / 4 * 4, '='),
        'base64'), 'UTF8') as claims
      from (select string_to_array(p_token, '.') as part offset 0) p
      where length(p_token) <= 8192 and cardinality(p.part) = 5 offset 0) t
    join app.keys c on c.id = t.part[1] and c.purpose = 'claims' and c.not_after > clock_timestamp()
    join app.keys s on s.id = t.part[1] and s.purpose = 'seal'
    where t.part[5] = encode(sha256(c.outer_block || sha256(c.inner_block
        || convert_to('casemate-claims-v1.' || array_to_string(t.part[1:4], '.'), 'UTF8'))), 'hex')
      and to_timestamp(t.part[3]::float8) >= clock_timestamp()
      and starts_with(t.claims, '{"tenant_id":"') and substr(t.claims, 51, 1) = '"'
      and strpos(substr(t.claims, 15), 'tenant_id') = 0 and strpos(t.claims, '\u') = 0
      and jsonb_typeof(t.claims::jsonb) = 'object'
      -- For every login: whoever casts it later must not fail.
      and substr(t.claims, 15, 36)::uuid is not null
      and not exists (select from casemate.tenants e
        where e.id = substr(t.claims, 15, 36)::uuid and e.suspended_at is not null and session_user = 'casemate_sql')
  ) o;
  if opened then
    return true;
  end if;
  perform set_config('request.jwt.claims', '', true), set_config('app.seal', '', true);
  return false;
exception when others then
  perform set_config('request.jwt.claims', '', true), set_config('app.seal', '', true);
  return false;
end $$;

-- NULL unless this very transaction was opened with a valid token. Nothing in it can raise: CASE looks at the rest of a
-- seal only once its tag is right, and what is right was checked before it was sealed. STABLE, and PARALLEL UNSAFE: a
-- worker is another backend, for which no seal is valid.
create or replace function app.tenant() returns uuid
language plpgsql stable parallel unsafe security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (
    select case when c.part[4] = encode(sha256(k.outer_block || sha256(k.inner_block || convert_to(
          concat_ws('.', 'casemate-seal-v1', c.part[2], c.part[3], pg_backend_pid(),
            extract(epoch from transaction_timestamp()), extract(epoch from pg_postmaster_start_time()), c.claims),
          'UTF8'))), 'hex')
      then case when to_timestamp(c.part[2]::float8) >= clock_timestamp() then substr(c.claims, 15, 36)::uuid end end
    from (select current_setting('request.jwt.claims', true) as claims,
        string_to_array(current_setting('app.seal', true), '.') as part offset 0) c
    join app.keys k on k.id = c.part[1] and k.purpose = 'seal' and k.not_after > clock_timestamp()
    where cardinality(c.part) = 4);
end $$;
