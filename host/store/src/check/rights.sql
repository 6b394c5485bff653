-- Who may do what with which table, from the catalog. A right to columns is written as such; the last column says which
-- rows row-level security leaves.
select r.rolname::text, format('%I.%I', n.nspname, c.relname), m.verbs,
  case
    when c.relkind = 'v' then 'those that its tables show'
    when {floor} and c.relrowsecurity and (c.relforcerowsecurity or c.relowner <> r.oid) then 'of the open claim'
    else 'all'
  end
from pg_roles r
cross join pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select array_agg(v.verb || case when has_table_privilege(r.oid, c.oid, v.verb) then '' else ' of columns' end order by v.place)
    as verbs
  from (values ('SELECT', 1, true), ('INSERT', 2, true), ('UPDATE', 3, true), ('DELETE', 4, false), ('TRUNCATE', 5, false),
    ('REFERENCES', 6, true), ('TRIGGER', 7, false)) v (verb, place, by_column)
  where has_table_privilege(r.oid, c.oid, v.verb)
    or v.by_column and has_any_column_privilege(r.oid, c.oid, v.verb)
) m
where r.rolname ~ '^casemate_' and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'casemate_closed', 'casemate_crypto')
  and m.verbs is not null
order by 1, 2
